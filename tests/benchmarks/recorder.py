"""How much CPU a recording of 1080p at 30 fps costs beside cv2's read and VideoWriter, in one run.

One camera plays the same seconds to both, each in a process of its own; what counts is the CPU time
(user and system, children included) in ten seconds of the stream for each picture, without imports:
on a busy machine the slower one does not get through all of them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.fakes.cameras import HttpCamera, RtspCamera, encode_h264, encode_mjpeg, running_camera

SECONDS, FPS = 10, 30
LEAST_GAIN = 20.0
"""CPU of cv2 ÷ ours."""
ROOT = Path(__file__).parents[2]


class _Bucket:
    """Takes what is written, as a socket to a bucket would: it is copied once."""

    @contextmanager
    def create(self, *_: Any, **__: Any) -> Any:
        yield self

    def write(self, data: bytes) -> int:
        return len(bytearray(data))

    @property
    def stored(self) -> Any:
        from shared.pipeline import Bucket
        from shared.recipes.stored_object import StoredObject

        return StoredObject(Bucket.WORK, "n", 1, 1, "t", "", "")


def ours(url: str) -> int:
    """Read and keep what a session does for one recording; → pictures."""
    from functions.recorder.camera.open_camera import open_camera
    from functions.recorder.capture.active_recording import ActiveRecording, SegmentLimits
    from functions.recorder.capture.pre_roll_buffer import PreRollBuffer
    from functions.recorder.capture.reader_thread import ReaderThread, StreamOpened
    from functions.recorder.capture.segments import ConnectionKey
    from functions.recorder.packets import Packet
    from shared.cameras.camera import ActiveRequest
    from shared.cameras.source import parse_source
    from shared.flows.documents import CommitResult
    from shared.runtime.settings import Settings

    class Ledger:
        def commit(self, _writes: Any) -> CommitResult:
            return CommitResult.OK

    settings = Settings("p", {}, "u", local=True, camera_networks=("127.0.0.0/8",))
    source = parse_source(url, allow_private=True)
    bucket: Any = _Bucket()
    store: Any = Ledger()
    want = ActiveRequest("r", datetime.now(UTC), 0, 600, 1 << 40)
    take = ActiveRecording(want, "o", bucket, store, SegmentLimits(60, 64 << 20))
    feed, backlog, count, ends = (
        ReaderThread(lambda: open_camera(source, settings)),
        PreRollBuffer(),
        0,
        0.0,
    )
    while not ends or time.monotonic() < ends:
        heard = feed.next_event(0.5)
        if isinstance(heard, StreamOpened):
            take.set_tracks(heard.tracks)
            take.start_connection(ConnectionKey(1, "t", 1), backlog, 0)
        elif isinstance(heard, Packet):
            ends = ends or time.monotonic() + SECONDS
            backlog.add(heard)
            take.add(heard)
            count += 1
    take.close_segment()
    feed.close()
    return count


def theirs(url: str) -> int:
    """What the little Flask recorders do; → pictures."""
    import cv2

    cv2.setNumThreads(1)
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    camera, writer, count, ends = cv2.VideoCapture(url), None, 0, 0.0
    code = cv2.VideoWriter.fourcc(*"mp4v")
    with TemporaryDirectory() as folder:
        while not ends or time.monotonic() < ends:
            read, frame = camera.read()
            if not read:
                break
            ends = ends or time.monotonic() + SECONDS
            if writer is None:
                size = (frame.shape[1], frame.shape[0])
                writer = cv2.VideoWriter(f"{folder}/clip.mp4", code, FPS, size)
            writer.write(frame)
            count += 1
        if writer is not None:
            writer.release()
    return count


WAYS: dict[str, Callable[[str], int]] = {"ours": ours, "cv2": theirs}


def _cpu_s() -> float:
    used = [resource.getrusage(one) for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _measured(way: str, url: str) -> dict[str, float]:
    """Run a way in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.recorder", way, url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> int:
    """Print the table; 1 when a ratio is missed."""
    size = {"width": 1920, "height": 1080, "grain": 24}
    cameras: dict[str, Callable[[], Any]] = {
        "MJPEG over HTTP": lambda: HttpCamera(encode_mjpeg(4, FPS, **size), loops=True),
        "H.264 over RTSP": lambda: RtspCamera(encode_h264(4, FPS, **size), loops=True),
    }
    missed = False
    heads = ("cv2 CPU s", "ours CPU s", "pictures", "ratio a picture")
    print("{:18} {:>10} {:>11} {:>12} {:>16}".format("1080p30, 10 s", *heads))
    for name, make in cameras.items():
        with running_camera(make()) as camera:
            found = {way: _measured(way, camera.url) for way in WAYS}
        cost = {way: one["cpu_s"] / max(1, one["pictures"]) for way, one in found.items()}
        ratio = cost["cv2"] / cost["ours"]
        missed = missed or ratio < LEAST_GAIN
        pictures = "/".join(str(int(found[way]["pictures"])) for way in ("cv2", "ours"))
        print(
            f"{name:18} {found['cv2']['cpu_s']:10.2f} {found['ours']['cpu_s']:11.3f} "
            f"{pictures:>12} {ratio:15.1f}×"
        )
    print(f"at least {LEAST_GAIN:.0f}× is wanted")
    return int(missed)


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        # Imports are not what is compared.
        import functions.recorder.camera.open_camera
        import functions.recorder.capture.active_recording  # noqa: F401
    else:
        import cv2  # noqa: F401
    before = _cpu_s()
    pictures = WAYS[sys.argv[1]](sys.argv[2])
    print(json.dumps({"cpu_s": _cpu_s() - before, "pictures": pictures}))
