"""CPU time of recording 1080p at 30 fps, compared with cv2.VideoCapture and VideoWriter.

One camera plays the same stream to both, each in its own process. The result is the CPU time (user
and system, children included, without imports) per picture, during ten seconds of the stream. It is
per picture because on a busy machine the slower method does not handle all of them.
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

from tests.fakes.cameras.camera import running_camera
from tests.fakes.cameras.encoded_frames import encode_h264, encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera

SECONDS, FPS = 10, 30
MIN_GAIN = 20.0
"""CPU time of cv2 ÷ ours."""
ROOT = Path(__file__).parents[2]


class _FakeBucket:
    """Accepts objects. Copies the data once, as the socket to a bucket would."""

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
    """Read and store the stream as the recorder does. Returns the number of pictures."""
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

    class FakeJobStore:
        def commit(self, _writes: Any) -> CommitResult:
            return CommitResult.OK

    settings = Settings("p", {}, "u", local=True, camera_networks=("127.0.0.0/8",))
    source = parse_source(url, allow_private=True)
    bucket: Any = _FakeBucket()
    store: Any = FakeJobStore()
    request = ActiveRequest("r", datetime.now(UTC), 0, 600, 1 << 40)
    recording = ActiveRecording(request, "o", bucket, store, SegmentLimits(60, 64 << 20))
    reader, buffer = ReaderThread(lambda: open_camera(source, settings)), PreRollBuffer()
    count, deadline = 0, 0.0
    while not deadline or time.monotonic() < deadline:
        event = reader.next_event(0.5)
        if isinstance(event, StreamOpened):
            recording.set_tracks(event.tracks)
            recording.start_connection(ConnectionKey(1, "t", 1), buffer, 0)
        elif isinstance(event, Packet):
            deadline = deadline or time.monotonic() + SECONDS
            buffer.add(event)
            recording.add(event)
            count += 1
    recording.close_segment()
    reader.close()
    return count


def cv2_recorder(url: str) -> int:
    """Read and encode with cv2, as small Flask recorders do. Returns the number of pictures."""
    import cv2

    cv2.setNumThreads(1)
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    camera, writer, count, deadline = cv2.VideoCapture(url), None, 0, 0.0
    code = cv2.VideoWriter.fourcc(*"mp4v")
    with TemporaryDirectory() as folder:
        while not deadline or time.monotonic() < deadline:
            has_frame, frame = camera.read()
            if not has_frame:
                break
            deadline = deadline or time.monotonic() + SECONDS
            if writer is None:
                size = (frame.shape[1], frame.shape[0])
                writer = cv2.VideoWriter(f"{folder}/clip.mp4", code, FPS, size)
            writer.write(frame)
            count += 1
        if writer is not None:
            writer.release()
    return count


METHODS: dict[str, Callable[[str], int]] = {"ours": ours, "cv2": cv2_recorder}


def _cpu_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _measure(method: str, url: str) -> dict[str, float]:
    """Run a method in its own process."""
    command = [sys.executable, "-m", "tests.benchmarks.recorder", method, url]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    measurement: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return measurement


def main() -> int:
    """Print the table. Returns 1 if a ratio is missed."""
    size = {"width": 1920, "height": 1080, "noise": 24}
    cameras: dict[str, Callable[[], Any]] = {
        "MJPEG over HTTP": lambda: HttpCamera(encode_mjpeg(4, FPS, **size), loops=True),
        "H.264 over RTSP": lambda: RtspCamera(encode_h264(4, FPS, **size), loops=True),
    }
    missed = False
    headings = ("cv2 CPU s", "ours CPU s", "pictures", "ratio per pict.")
    print("{:18} {:>10} {:>11} {:>12} {:>16}".format("1080p30, 10 s", *headings))
    for name, create_camera in cameras.items():
        with running_camera(create_camera()) as camera:
            results = {method: _measure(method, camera.url) for method in METHODS}
        cost = {method: row["cpu_s"] / max(1, row["pictures"]) for method, row in results.items()}
        ratio = cost["cv2"] / cost["ours"]
        missed = missed or ratio < MIN_GAIN
        pictures = "/".join(str(int(results[method]["pictures"])) for method in ("cv2", "ours"))
        print(
            f"{name:18} {results['cv2']['cpu_s']:10.2f} {results['ours']['cpu_s']:11.3f} "
            f"{pictures:>12} {ratio:15.1f}×"
        )
    print(f"bound: at least {MIN_GAIN:.0f}×")
    return int(missed)


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        # Imports are not measured.
        import functions.recorder.camera.open_camera
        import functions.recorder.capture.active_recording  # noqa: F401
    else:
        import cv2  # noqa: F401
    before = _cpu_s()
    pictures = METHODS[sys.argv[1]](sys.argv[2])
    print(json.dumps({"cpu_s": _cpu_s() - before, "pictures": pictures}))
