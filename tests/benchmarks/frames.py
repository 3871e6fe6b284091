"""CPU time of frame extraction compared with a naive program and with decoding alone.

Each method runs in its own process. CPU time (user and system) is measured from the opened file to
the ZIP, so that a busy machine does not change the ratios much. The naive program reads every frame
with OpenCV, writes the selected ones, and deflates them into a ZIP. "ours" includes the sandbox
processes; the warm process that they are forked from is started before, as modules are imported
before. "bare" is the same work without sandbox processes.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import av
import cv2
import imageio_ffmpeg  # type: ignore[import-untyped]

from functions.frame_extraction.extract import (
    extract_in_sandbox,
    extract_window,
    parse_extraction_result,
)
from functions.upload_trigger.probe import probe, probe_video_in_sandbox
from shared.media.containers.range_file import RangeFile
from shared.media.sandbox.child import Limits, SandboxIO
from shared.media.sandbox.run import SandboxResult, Source, run_in_sandbox
from shared.pipeline import FUNCTIONS
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.pack_directory import central_directory
from shared.recipes.frames.windows import Window, plan_windows
from shared.recipes.media_info import MediaInfo

INTERVALS = ("0.2", "1", "10")
# Bounds for the first clip, by interval: CPU naive ÷ ours, CPU ours ÷ decoding alone, bytes read ÷
# size of the file.
MIN_GAIN = {"1": 2.8, "10": 15.0}
MAX_RATIO_TO_DECODING = {"1": 0.5}
MAX_READ_SHARE = {"10": 0.15}
MAX_MEMORY_MB = 250
MAX_GROWTH = 1.1
"""Peak memory for an hour of video ÷ for a minute."""
MIN_PARALLEL_SHARE = 0.8
"""Speedup of two concurrent windows ÷ speedup of two processes that only compute."""
ROUNDS = 4
LIMITS = Limits.for_function(FUNCTIONS["frame_extraction"])

_X264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-pix_fmt", "yuv420p"]
_VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]
_DROP_SOME = ["-vf", "select='mod(n,7)*mod(n,11)'", "-fps_mode", "vfr"]
CLIPS: dict[str, tuple[str, list[str]]] = {
    "h264 2 s GOP": ("mp4", [*_X264, "-g", "60", "-keyint_min", "60", "-sc_threshold", "0"]),
    "h264 10 s GOP": ("mp4", [*_X264, "-g", "300", "-keyint_min", "300", "-sc_threshold", "0"]),
    "h264 VFR": ("mp4", [*_X264, "-g", "60", *_DROP_SOME]),
    "webm vp9": ("webm", [*_VP9, "-g", "60", "-b:v", "4M"]),
}


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
        probed = run_in_sandbox(probe_video_in_sandbox, source=source, limits=LIMITS)
        media_info = MediaInfo.from_dict(json.loads(probed.value))
        options = FrameOptions.parse({"every": every})
        results, parts = [probed], []
        for window in plan_windows(media_info, options):
            with tempfile.TemporaryFile() as pack:
                results.append(_extract_window(source, window, options, media_info, pack))
                parts.append(parse_extraction_result(results[-1].value).index)
                _append(pack, archive)
        archive.write(central_directory(parts))
    return MethodResult(
        sum(len(part.entries) for part in parts),
        sum(result.fetched_bytes for result in results),
        sum(result.usage.cpu_s for result in results),
        max(result.usage.peak_mb for result in results),
    )


def _extract_window(
    source: Source, window: Window, options: FrameOptions, media_info: MediaInfo, pack: IO[bytes]
) -> SandboxResult:
    arguments = (window, options, media_info, False)
    return run_in_sandbox(extract_in_sandbox, *arguments, source=source, limits=LIMITS, sink=pack)


def _append(pack: IO[bytes], archive: IO[bytes]) -> None:
    pack.seek(0)
    while block := pack.read(1 << 20):
        archive.write(block)


def do_nothing(_sandbox_io: SandboxIO) -> bytes:
    """A sandbox function without work."""
    return b""


METHODS: dict[str, Callable[[Path, str, Path], MethodResult]] = {
    "naive": naive,
    "decode": decode_only,
    "bare": bare,
    "ours": ours,
}


def run_here(method: str, path: Path, every: str) -> Cost:
    """The cost of a method in this process and its children."""
    if method == "ours":
        run_in_sandbox(do_nothing, source=Source(lambda _at, _n: b"", 0), limits=LIMITS)
    with tempfile.TemporaryDirectory() as folder:
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        result = METHODS[method](path, every, Path(folder) / "frames.zip")
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime + result.cpu_s
    peak_mb = max(after.ru_maxrss / 1024, result.peak_mb)
    return Cost(cpu_s, time.perf_counter() - started, peak_mb, result.read_bytes, result.frames)


def run(method: str, path: Path, every: str) -> Cost:
    """Run a method in its own process, so that memory and threads belong to it alone."""
    command = [sys.executable, "-m", "tests.benchmarks.frames", method, str(path), every]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(**json.loads(result.stdout))


def make_clip(folder: Path, name: str, seconds: int) -> Path:
    """Encode a clip of CLIPS in 1080p, unless it exists."""
    suffix, options = CLIPS[name]
    path = folder / f"{name.replace(' ', '-')}-{seconds}.{suffix}"
    if not path.exists():
        source = f"testsrc2=size=1920x1080:rate=30:duration={seconds},noise=alls=6:allf=t"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source]
        subprocess.run([*command, *options, str(path)], check=True)
    return path


def long_clip(folder: Path, minutes: int) -> Path:
    """A minute of 1080p H.264, repeated by copying its packets."""
    minute, path = folder / "minute.mp4", folder / f"{minutes}-minutes.mp4"
    program = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
    if not minute.exists():
        source = "testsrc2=size=1920x1080:rate=30:duration=60"
        encode = [*_X264, "-crf", "30", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0"]
        subprocess.run([*program, "-f", "lavfi", "-i", source, *encode, str(minute)], check=True)
    if not path.exists():
        loop = ["-stream_loop", str(minutes - 1), "-i", str(minute), "-c", "copy", str(path)]
        subprocess.run([*program, *loop], check=True)
    return path


def table(folder: Path, seconds: int) -> list[str]:
    """Lines of the table. A line that misses a bound ends with MISSED."""
    lines = [
        f"{'clip':<15}{'every':>6}{'frames':>8}{'naive ÷ ours':>14}{'ours ÷ decode':>15}"
        f"{'ours ÷ bare':>13}{'read':>7}{'peak MB':>9}"
    ]
    for name in CLIPS:
        path = make_clip(folder, name, seconds)
        decode = run("decode", path, "1")
        for every in INTERVALS:
            naive_cost, cost, bare_cost = (
                run(method, path, every) for method in ("naive", "ours", "bare")
            )
            gain, decoding_ratio = naive_cost.cpu_s / cost.cpu_s, cost.cpu_s / decode.cpu_s
            read_share = cost.read_bytes / path.stat().st_size
            missed = name == "h264 2 s GOP" and (
                gain < MIN_GAIN.get(every, 0)
                or decoding_ratio > MAX_RATIO_TO_DECODING.get(every, 9)
                or read_share > MAX_READ_SHARE.get(every, 9)
            )
            missed = missed or cost.peak_mb > MAX_MEMORY_MB
            lines.append(
                f"{name:<15}{every:>6}{cost.frames:>8}{gain:>13.1f}×{decoding_ratio:>15.2f}"
                f"{cost.cpu_s / bare_cost.cpu_s:>13.2f}{read_share:>7.0%}"
                f"{cost.peak_mb:>9.0f}{'  MISSED' if missed else ''}"
            )
    return lines


def memory_over_an_hour(folder: Path) -> list[str]:
    """Peak memory for a minute and for an hour of the same video."""
    short, long = (run("ours", long_clip(folder, minutes), "10") for minutes in (1, 60))
    growth = long.peak_mb / short.peak_mb
    missed = growth > MAX_GROWTH or long.peak_mb > MAX_MEMORY_MB
    return [
        f"memory: {short.peak_mb:.0f} MB for a minute ({short.frames} frames), "
        f"{long.peak_mb:.0f} MB for an hour ({long.frames} frames): {growth:.2f}×"
        f"{'  MISSED' if missed else ''}"
    ]


def compute(sandbox_io: SandboxIO, cpu_s: float) -> bytes:
    """A sandbox function that uses `cpu_s` seconds of CPU time."""
    while time.process_time() < cpu_s:
        digest = hashlib.sha256(bytes(1 << 16)).digest()
    sandbox_io.report_progress(len(digest))
    return b""


def two_concurrent_windows(path: Path) -> list[str]:
    """The speedup of two concurrent windows over two in sequence, and that of two processes that
    only compute. Both are measured in turn, because other load on the machine lowers both."""
    with path.open("rb") as video:
        source = Source(
            lambda offset, length: os.pread(video.fileno(), length, offset),
            path.stat().st_size,
            1 << 20,
        )
        media_info = MediaInfo.from_dict(
            json.loads(run_in_sandbox(probe_video_in_sandbox, source=source, limits=LIMITS).value)
        )
        options = FrameOptions.parse({"every": "0.2"})
        windows = plan_windows(media_info, options, max_windows=2, window_work_s=0.1)

        def extract(window: Window) -> float:
            with tempfile.TemporaryFile() as pack:
                return _extract_window(source, window, options, media_info, pack).usage.cpu_s

        def compute_for(cpu_s: float) -> float:
            return run_in_sandbox(compute, cpu_s, source=source, limits=LIMITS).usage.cpu_s

        cpu_s = [extract(window) for window in windows]
        gains, reference_gains = [], []
        # In turn, because other load on the machine changes from second to second.
        for _ in range(ROUNDS):
            gains.append(_speedup(extract, windows))
            reference_gains.append(_speedup(compute_for, cpu_s))
    gain, reference = statistics.median(gains), statistics.median(reference_gains)
    missed = gain < MIN_PARALLEL_SHARE * reference and (os.cpu_count() or 1) > 1
    return [
        f"two concurrent windows on {os.cpu_count()} cores: {gain:.2f}× faster, "
        f"{gain / reference:.2f} of the {reference:.2f}× that two computing processes gain"
        f"{'  MISSED' if missed else ''}"
    ]


def _speedup(work: Callable[[Any], float], items: Sequence[Any]) -> float:
    """Wall time of `work` over the items in sequence ÷ concurrently."""
    wall_s = []
    for workers in (1, len(items)):
        started = time.perf_counter()
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, items))
        wall_s.append(time.perf_counter() - started)
    return wall_s[0] / wall_s[1]


def sandbox_overhead(times: int = 20) -> list[str]:
    """The cost of a sandbox process without work."""
    source = Source(lambda _at, _n: b"", 0)
    run_in_sandbox(do_nothing, source=source, limits=LIMITS)
    started, before = time.perf_counter(), time.process_time()
    cpu_s = sum(
        run_in_sandbox(do_nothing, source=source, limits=LIMITS).usage.cpu_s for _ in range(times)
    )
    wall_ms = (time.perf_counter() - started) / times * 1000
    cpu_ms = (cpu_s + time.process_time() - before) / times * 1000
    return [f"a sandbox process costs {wall_ms:.0f} ms, of which CPU time {cpu_ms:.0f} ms"]


def main(seconds: int = 60) -> int:
    """Print the table. Returns 1 if a bound is missed."""
    folder = Path(tempfile.gettempdir()) / "moodreel-benchmark-clips"
    folder.mkdir(exist_ok=True)
    path = make_clip(folder, "h264 2 s GOP", seconds)
    lines = [
        *table(folder, seconds),
        *memory_over_an_hour(folder),
        *two_concurrent_windows(path),
        *sandbox_overhead(),
    ]
    print("\n".join(lines))
    return int(any("MISSED" in line for line in lines))


if __name__ == "__main__":
    print(json.dumps(run_here(sys.argv[1], Path(sys.argv[2]), sys.argv[3]).__dict__))
