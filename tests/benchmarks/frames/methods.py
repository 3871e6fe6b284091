"""The methods that are compared: a naive program, decoding alone, and the functions."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO

import av
import cv2

from functions.frame_extraction.extract import extract_in_sandbox, extract_window
from functions.frame_extraction.extraction_result import parse_extraction_result
from functions.upload_trigger.probes.video import probe, probe_video_in_sandbox
from shared.media.containers.range_file import RangeFile
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import run_in_sandbox
from shared.media.sandbox.server import SandboxResult
from shared.media.sandbox.source import Source
from shared.pipeline import FUNCTIONS
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.pack_directory import central_directory
from shared.recipes.frames.windows import Window, plan_windows
from shared.recipes.media_info import MediaInfo
from tests.benchmarks.frames.idle import do_nothing
from tests.fixtures.media.sandbox_work import to_work

LIMITS = Limits.for_function(FUNCTIONS["frame_extraction"])


@dataclass(frozen=True)
class Cost:
    """CPU and wall time in seconds, peak memory in MB, bytes read from the file."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    read_bytes: int
    frames: int


@dataclass(frozen=True)
class MethodResult:
    """Frames and bytes read; CPU time in seconds and memory in MB of the child processes."""

    frames: int
    read_bytes: int
    cpu_s: float = 0.0
    peak_mb: float = 0.0


def naive(path: Path, every: str, out: Path) -> MethodResult:
    """Extract frames with cv2 and zipfile."""
    capture = cv2.VideoCapture(str(path))
    step = max(1, round(capture.get(cv2.CAP_PROP_FPS) * float(Fraction(every))))
    number = written = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        while True:
            has_frame, image = capture.read()
            if not has_frame:
                break
            if number % step == 0:
                name = out.with_name(f"frame_{number}.jpg")
                cv2.imwrite(str(name), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
                archive.write(name, name.name)
                name.unlink()
                written += 1
            number += 1
    return MethodResult(written, path.stat().st_size)


def decode_only(path: Path, _every: str, _out: Path) -> MethodResult:
    """Decode every frame with one thread."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return MethodResult(sum(1 for _ in container.decode(stream)), path.stat().st_size)


def bare(path: Path, every: str, out: Path) -> MethodResult:
    """The extraction of the functions, in this process."""
    size = path.stat().st_size
    with path.open("rb") as video, out.open("wb") as archive:
        file = RangeFile(lambda offset, length: os.pread(video.fileno(), length, offset), size)
        media_info = probe(file, size)
        options = FrameOptions.parse({"every": every})
        parts = []
        for window in plan_windows(media_info, options):
            with tempfile.TemporaryFile() as pack:
                parts.append(extract_window(file, pack, window, options, media_info).index)
                _append(pack, archive)
        archive.write(central_directory(parts))
    return MethodResult(sum(len(part.entries) for part in parts), file.fetched_bytes)


def ours(path: Path, every: str, out: Path) -> MethodResult:
    """The extraction of the functions: the probe and every window in their own processes."""
    with path.open("rb") as video, out.open("wb") as archive:
        source = Source(
            lambda offset, length: os.pread(video.fileno(), length, offset),
            path.stat().st_size,
            256 << 10,
        )
        probed = run_in_sandbox(PROBE, source=source, limits=LIMITS)
        media_info = MediaInfo.from_dict(json.loads(probed.value))
        options = FrameOptions.parse({"every": every})
        results, parts = [probed], []
        for window in plan_windows(media_info, options):
            with tempfile.TemporaryFile() as pack:
                results.append(extract_window_in_sandbox(source, window, options, media_info, pack))
                parts.append(parse_extraction_result(results[-1].value).index)
                _append(pack, archive)
        archive.write(central_directory(parts))
    return MethodResult(
        sum(len(part.entries) for part in parts),
        sum(result.fetched_bytes for result in results),
        sum(result.usage.cpu_s for result in results),
        max(result.usage.peak_mb for result in results),
    )


def extract_window_in_sandbox(
    source: Source, window: Window, options: FrameOptions, media_info: MediaInfo, pack: IO[bytes]
) -> SandboxResult:
    """Extracts a window in its own process."""
    arguments = (window, options, media_info, False)
    return run_in_sandbox(EXTRACT, *arguments, source=source, limits=LIMITS, sink=pack)


def _append(pack: IO[bytes], archive: IO[bytes]) -> None:
    pack.seek(0)
    while block := pack.read(1 << 20):
        archive.write(block)


PROBE, EXTRACT = to_work(probe_video_in_sandbox), to_work(extract_in_sandbox)
NOTHING = to_work(do_nothing)
METHODS: dict[str, Callable[[Path, str, Path], MethodResult]] = {
    "naive": naive,
    "decode": decode_only,
    "bare": bare,
    "ours": ours,
}


def run_here(method: str, path: Path, every: str) -> Cost:
    """The cost of a method in this process and its children."""
    if method == "ours":
        run_in_sandbox(NOTHING, source=Source.from_bytes(b""), limits=LIMITS)
    with tempfile.TemporaryDirectory() as folder:
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        result = METHODS[method](path, every, Path(folder) / "frames.zip")
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime + result.cpu_s
    peak_mb = max(after.ru_maxrss / 1024, result.peak_mb)
    return Cost(cpu_s, time.perf_counter() - started, peak_mb, result.read_bytes, result.frames)


def run(method: str, path: Path, every: str) -> Cost:
    """Run a method in its own process, so that memory and threads belong to it alone."""
    command = [sys.executable, "-m", "tests.benchmarks.frames.methods", method, str(path), every]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(**json.loads(result.stdout))


if __name__ == "__main__":
    print(json.dumps(run_here(sys.argv[1], Path(sys.argv[2]), sys.argv[3]).__dict__))
