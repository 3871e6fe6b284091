"""Memory of joining a recording of four hours at 60 fps with AAC sound.

The segments repeat two seconds of H.264. The result is the peak memory of the function's process
and of the sandbox process above their memory before. Then the packets of the clip are counted.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av

from functions.recorder.capture.segments import INDEX_ROW, ConnectionKey, Segment
from functions.recorder.clip import parts
from functions.recorder.clip.clip import make_clip
from functions.recorder.packets import SOUND, VIDEO, Track
from shared.cameras.recording import Recording, RecordingRequest, RecordingState
from shared.media.sandbox.child import Limits, SandboxIO
from shared.media.sandbox.run import run_in_sandbox
from shared.media.sandbox.source import Source
from shared.pipeline import Bucket
from shared.recipes.stored_object import StoredObject
from tests.fakes.cameras.encoded_frames import encode_h264
from tests.fixtures.media.sandbox_work import to_work
from tests.fixtures.segments import aac_packets

HOURS, FPS, SEGMENT_S = 4, 60, 60
SOUND_HZ, SOUND_FRAME = 48_000, 1024
MAX_MB = 300
ROOT = Path(__file__).parents[2]
STARTED_AT = 1_700_000_000
TRACKS = (
    Track("h264", Fraction(1, 90_000), 192, 128),
    Track("aac", Fraction(1, SOUND_HZ), rate_hz=SOUND_HZ, channels=1),
)


def measure_nothing(_sandbox_io: SandboxIO) -> bytes:
    """The memory of a sandbox process without work."""
    return b""


class SyntheticSegments:
    """The segments of the recording: their objects are generated when they are read."""

    def __init__(self) -> None:
        self._frames = encode_h264(2, FPS, gop_s=2)
        self._aac = next(aac_packets(1)).data
        frames = b"".join(frame.data for frame in self._frames)
        self._video = frames * (SEGMENT_S // 2)
        # Segments begin at multiples of a frame of sound.
        self._sounds = [
            range(-(-n * SEGMENT_S * SOUND_HZ // SOUND_FRAME),
                  -(-(n + 1) * SEGMENT_S * SOUND_HZ // SOUND_FRAME))
            for n in range(HOURS * 3600 // SEGMENT_S)
        ]  # fmt: skip
        self.packet_counts = (HOURS * 3600 * FPS, self._sounds[-1].stop)

    def segments(self) -> Iterator[Segment]:
        key = ConnectionKey(1, "token", 1)
        for number, sounds in enumerate(self._sounds):
            sizes = {
                "video": len(self._video),
                "sound": len(self._aac) * len(sounds),
                "index": len(self.read(f"index-{number}")),
            }
            stored = {
                kind: StoredObject(Bucket.WORK, f"{kind}-{number}", 1, size)
                for kind, size in sizes.items()
            }
            yield Segment(key, number, stored["video"], stored["sound"], stored["index"])

    def read(self, name: str) -> bytes:
        """The content of an object."""
        kind, _, number = name.partition("-")
        if kind == "video":
            return self._video
        sounds = self._sounds[int(number)]
        if kind == "sound":
            return self._aac * len(sounds)
        rows = [
            self._picture_row(int(number) * SEGMENT_S * FPS + n) for n in range(SEGMENT_S * FPS)
        ]
        rows += [self._sound_row(n) for n in sounds]
        tracks = [
            {name: getattr(track, name) for name in track.__slots__}
            | {"time_base": str(track.time_base)}
            for track in TRACKS
        ]
        return json.dumps(tracks).encode() + b"\n" + b"".join(rows)

    def _picture_row(self, n: int) -> bytes:
        frame = self._frames[n % len(self._frames)]
        arrived_at = STARTED_AT + n / FPS
        digest = n.to_bytes(8, "big")
        pts = n * 90_000 // FPS
        return INDEX_ROW.pack(VIDEO, frame.is_keyframe, pts, arrived_at, len(frame.data), digest)

    def _sound_row(self, n: int) -> bytes:
        arrived_at = STARTED_AT + n * SOUND_FRAME / SOUND_HZ
        return INDEX_ROW.pack(SOUND, True, n * SOUND_FRAME, arrived_at, len(self._aac), bytes(8))


class _Writer:
    """A file that is written."""

    adopted = False

    def __init__(self, path: Path, stored: Callable[[], StoredObject]) -> None:
        self._file = path.open("wb")
        self._stored = stored

    def write(self, data: bytes) -> int:
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()
        self.stored_object = self._stored()


class DiskBucket:
    """The outputs bucket in a folder, and the synthetic segments as the work bucket."""

    def __init__(self, folder: Path, segments: SyntheticSegments) -> None:
        self._folder = folder
        self._segments = segments

    def path(self, name: str) -> Path:
        return self._folder / name.replace("/", "_")

    def _stored(self, name: str, spec: str, content_type: str) -> StoredObject:
        size = self.path(name).stat().st_size
        return StoredObject(Bucket.OUTPUTS, name, 1, size, content_type, "", spec)

    def range_reader(self, bucket: Bucket, name: str, _generation: int) -> Any:
        def read(offset: int, length: int) -> bytes:
            if bucket is Bucket.WORK:
                return self._segments.read(name)[offset : offset + length]
            with self.path(name).open("rb") as file:
                file.seek(offset)
                return file.read(length)

        return read

    def list_objects(self, _bucket: Bucket, _prefix: str) -> tuple[StoredObject, ...]:
        return ()

    @contextmanager
    def create(self, _bucket: Bucket, name: str, *, content_type: str, spec: str) -> Any:
        writer = _Writer(self.path(name), lambda: self._stored(name, spec, content_type))
        yield writer
        writer.close()

    def compose(
        self,
        _bucket: Bucket,
        name: str,
        pieces: list[StoredObject],
        *,
        content_type: str,
        spec: str,
    ) -> tuple[StoredObject, bool]:
        with self.path(name).open("wb") as file:
            for piece in pieces:
                with self.path(piece.name).open("rb") as source:
                    while data := source.read(1 << 20):
                        file.write(data)
                self.path(piece.name).unlink()
        return self._stored(name, spec, content_type), False


def _recording() -> Recording:
    now = datetime.fromtimestamp(STARTED_AT, UTC)
    request = RecordingRequest("t", 0, 24 * 3600, 1 << 40, now + timedelta(days=1))
    return Recording(
        "r", "o", "c", RecordingState.JOINING, request, now, now, None, "stop", None, None, {}, 1
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(folder: Path) -> dict[str, Any]:
    """Joins the recording. Returns the memory, the CPU time and a description of the clip."""
    nothing, limits = to_work(measure_nothing), Limits(600, 800)
    idle = run_in_sandbox(nothing, source=Source.from_bytes(b""), limits=limits)
    children, cpu_s = list[float](), 0.0

    def run_and_measure(*arguments: Any, **options: Any) -> Any:
        nonlocal cpu_s
        result = run_in_sandbox(*arguments, **options)
        children.append(result.usage.peak_mb)
        cpu_s += result.usage.cpu_s
        return result

    setattr(parts, "run_in_sandbox", run_and_measure)  # noqa: B010 - a module's name
    source = SyntheticSegments()
    bucket: Any = DiskBucket(folder, source)
    segments = list(source.segments())
    before_mb, began = _peak_mb(), time.process_time()
    result = make_clip(_recording(), segments, bucket, check=lambda: None)
    assert result is not None
    stored, clip = result
    measurement = {
        "process_mb": _peak_mb() - before_mb,
        "sandbox_mb": max(children) - idle.usage.peak_mb,
        "total_mb": _peak_mb() + max(children),
        "parts": len(children),
        "cpu_s": cpu_s + time.process_time() - began,
        "duration_s": clip.duration_sec,
        "clip_mb": stored.size_bytes / (1 << 20),
    }
    with av.open(str(bucket.path(stored.name)), "r") as container:
        counts = tuple(stream.frames for stream in container.streams)
        assert counts == source.packet_counts, counts
        for stream in container.streams:
            assert stream.duration is not None
            assert stream.time_base is not None
            assert abs(stream.duration * stream.time_base - HOURS * 3600) < 1
    return measurement


def main() -> int:
    """Prints the table. Returns 1 if the bound is missed."""
    command = [sys.executable, "-m", "tests.benchmarks.joining"]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    row = json.loads(output.splitlines()[-1])
    growth_mb = row["process_mb"] + row["sandbox_mb"]
    print(f"{HOURS} h at {FPS} fps with AAC: {row['parts']} parts, {row['clip_mb']:.0f} MB")
    print(f"process +{row['process_mb']:.0f} MB, sandbox +{row['sandbox_mb']:.0f} MB, ", end="")
    print(f"together with their code {row['total_mb']:.0f} MB; CPU {row['cpu_s']:.0f} s")
    print(f"+{growth_mb:.0f} MB; bound: less than +{MAX_MB} MB")
    return int(growth_mb >= MAX_MB)


if __name__ == "__main__":
    with TemporaryDirectory() as temporary_folder:
        print(json.dumps(measure(Path(temporary_folder))))
