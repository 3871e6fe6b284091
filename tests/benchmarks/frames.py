"""How much the extraction costs beside the naive way and beside decoding alone, in one run.

Each way runs in a process of its own; what counts is its CPU time (user and system) from the opened
file to the ZIP, so that a busy machine does not change the ratios much. The naive way is what one
writes first: OpenCV reads every frame, writes the wanted ones, and a ZIP deflates them. Ours counts
the processes in which it decodes; the warm one that they are forked from is started before, as
modules are imported before. "bare" is the same work without them.
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
# What is asked of the extraction on the first clip (CPU naive ÷ ours, ours ÷ decoding alone).
LEAST_GAIN = {"1": 2.8, "10": 15.0}
MOST_OF_DECODING = {"1": 0.5}
MOST_BYTES_READ = {"10": 0.15}
MOST_MEMORY_MB = 250
MOST_GROWTH = 1.1
"""Of memory, from a minute to an hour."""
LEAST_AT_ONCE = 0.8
"""How much faster two windows at once are than one after the other, as a share of what the machine
gains with two processes that only compute, at the same time."""
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
    """CPU and wall in seconds, peak memory in MB, bytes read from the file."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    read_bytes: int
    frames: int


@dataclass(frozen=True)
class Made:
    """Frames and bytes read; CPU in seconds and memory in MB of processes that were started."""

    frames: int
    read_bytes: int
    cpu_s: float = 0.0
    peak_mb: float = 0.0


def naive(path: Path, every: str, out: Path) -> Made:
    capture = cv2.VideoCapture(str(path))
    step = max(1, round(capture.get(cv2.CAP_PROP_FPS) * float(Fraction(every))))
    number = written = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        while True:
            there, image = capture.read()
            if not there:
                break
            if number % step == 0:
                name = out.with_name(f"frame_{number}.jpg")
                cv2.imwrite(str(name), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
                archive.write(name, name.name)
                name.unlink()
                written += 1
            number += 1
    return Made(written, path.stat().st_size)


def decode_only(path: Path, _every: str, _out: Path) -> Made:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return Made(sum(1 for _ in container.decode(stream)), path.stat().st_size)


def bare(path: Path, every: str, out: Path) -> Made:
    """Ours in one process."""
    size = path.stat().st_size
    with path.open("rb") as plain, out.open("wb") as joined:
        file = RangeFile(lambda at, n: os.pread(plain.fileno(), n, at), size)
        media_info = probe(file, size)
        options = FrameOptions.parse({"every": every})
        parts = []
        for window in plan_windows(media_info, options):
            with tempfile.TemporaryFile() as pack:
                parts.append(extract_window(file, pack, window, options, media_info).index)
                _append(pack, joined)
        joined.write(central_directory(parts))
    return Made(sum(len(part.entries) for part in parts), file.fetched_bytes)


def ours(path: Path, every: str, out: Path) -> Made:
    """As the functions do it: the look and every window in a process of its own."""
    with path.open("rb") as plain, out.open("wb") as joined:
        source = Source(
            lambda at, n: os.pread(plain.fileno(), n, at), path.stat().st_size, 256 << 10
        )
        look = run_in_sandbox(probe_video_in_sandbox, source=source, limits=LIMITS)
        media_info = MediaInfo.from_dict(json.loads(look.value))
        options = FrameOptions.parse({"every": every})
        done, parts = [look], []
        for window in plan_windows(media_info, options):
            with tempfile.TemporaryFile() as pack:
                done.append(_window(source, window, options, media_info, pack))
                parts.append(parse_extraction_result(done[-1].value).index)
                _append(pack, joined)
        joined.write(central_directory(parts))
    return Made(
        sum(len(part.entries) for part in parts),
        sum(one.fetched_bytes for one in done),
        sum(one.usage.cpu_s for one in done),
        max(one.usage.peak_mb for one in done),
    )


def _window(
    source: Source, window: Window, options: FrameOptions, media_info: MediaInfo, pack: IO[bytes]
) -> SandboxResult:
    given = (window, options, media_info, False)
    return run_in_sandbox(extract_in_sandbox, *given, source=source, limits=LIMITS, sink=pack)


def _append(pack: IO[bytes], joined: IO[bytes]) -> None:
    pack.seek(0)
    while block := pack.read(1 << 20):
        joined.write(block)


def nothing(_inside: SandboxIO) -> bytes:
    return b""


WAYS: dict[str, Callable[[Path, str, Path], Made]] = {
    "naive": naive,
    "decode": decode_only,
    "bare": bare,
    "ours": ours,
}


def run_here(way: str, path: Path, every: str) -> Cost:
    """A way's cost in this process and those that it starts."""
    if way == "ours":
        run_in_sandbox(nothing, source=Source(lambda _at, _n: b"", 0), limits=LIMITS)
    with tempfile.TemporaryDirectory() as folder:
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        made = WAYS[way](path, every, Path(folder) / "frames.zip")
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime + made.cpu_s
    peak_mb = max(after.ru_maxrss / 1024, made.peak_mb)
    return Cost(cpu_s, time.perf_counter() - started, peak_mb, made.read_bytes, made.frames)


def run(way: str, path: Path, every: str) -> Cost:
    """In a process of its own, so that memory and threads are this way's alone."""
    command = [sys.executable, "-m", "tests.benchmarks.frames", way, str(path), every]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(**json.loads(told.stdout))


def make_clip(folder: Path, name: str, seconds: int) -> Path:
    suffix, options = CLIPS[name]
    path = folder / f"{name.replace(' ', '-')}-{seconds}.{suffix}"
    if not path.exists():
        source = f"testsrc2=size=1920x1080:rate=30:duration={seconds},noise=alls=6:allf=t"
        make = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source]
        subprocess.run([*make, *options, str(path)], check=True)
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
        again = ["-stream_loop", str(minutes - 1), "-i", str(minute), "-c", "copy", str(path)]
        subprocess.run([*program, *again], check=True)
    return path


def table(folder: Path, seconds: int) -> list[str]:
    """Lines of the table; a line that misses what is asked ends with the word MISSED."""
    lines = [
        f"{'clip':<15}{'every':>6}{'frames':>8}{'naive ÷ ours':>14}{'ours ÷ decode':>15}"
        f"{'ours ÷ bare':>13}{'read':>7}{'peak MB':>9}"
    ]
    for name in CLIPS:
        path = make_clip(folder, name, seconds)
        decode = run("decode", path, "1")
        for every in INTERVALS:
            plain, mine, alone = (run(way, path, every) for way in ("naive", "ours", "bare"))
            gain, part = plain.cpu_s / mine.cpu_s, mine.cpu_s / decode.cpu_s
            read = mine.read_bytes / path.stat().st_size
            missed = name == "h264 2 s GOP" and (
                gain < LEAST_GAIN.get(every, 0)
                or part > MOST_OF_DECODING.get(every, 9)
                or read > MOST_BYTES_READ.get(every, 9)
            )
            missed = missed or mine.peak_mb > MOST_MEMORY_MB
            lines.append(
                f"{name:<15}{every:>6}{mine.frames:>8}{gain:>13.1f}×{part:>15.2f}"
                f"{mine.cpu_s / alone.cpu_s:>13.2f}{read:>7.0%}"
                f"{mine.peak_mb:>9.0f}{'  MISSED' if missed else ''}"
            )
    return lines


def memory_over_an_hour(folder: Path) -> list[str]:
    """Peak memory for a minute and for an hour of the same."""
    short, long = (run("ours", long_clip(folder, minutes), "10") for minutes in (1, 60))
    growth = long.peak_mb / short.peak_mb
    missed = growth > MOST_GROWTH or long.peak_mb > MOST_MEMORY_MB
    return [
        f"memory: {short.peak_mb:.0f} MB for a minute ({short.frames} frames), "
        f"{long.peak_mb:.0f} MB for an hour ({long.frames} frames): {growth:.2f}×"
        f"{'  MISSED' if missed else ''}"
    ]


def compute(sandbox_io: SandboxIO, cpu_s: float) -> bytes:
    """Confined work that uses so much CPU time and shares nothing."""
    while time.process_time() < cpu_s:
        hash_of_file = hashlib.sha256(bytes(1 << 16)).digest()
    sandbox_io.report_progress(len(hash_of_file))
    return b""


def two_windows_at_once(path: Path) -> list[str]:
    """How many times faster two windows are at once than one after the other, beside what two
    processes gain at that time that compute alone: other work on the machine lowers both."""
    with path.open("rb") as plain:
        source = Source(lambda at, n: os.pread(plain.fileno(), n, at), path.stat().st_size, 1 << 20)
        media_info = MediaInfo.from_dict(
            json.loads(run_in_sandbox(probe_video_in_sandbox, source=source, limits=LIMITS).value)
        )
        options = FrameOptions.parse({"every": "0.2"})
        windows = plan_windows(media_info, options, max_windows=2, window_work_s=0.1)

        def extract(window: Window) -> float:
            with tempfile.TemporaryFile() as pack:
                return _window(source, window, options, media_info, pack).usage.cpu_s

        def compute_for(cpu_s: float) -> float:
            return run_in_sandbox(compute, cpu_s, source=source, limits=LIMITS).usage.cpu_s

        cpu_s = [extract(window) for window in windows]
        gains, possible = [], []
        # In turn, since what else the machine does changes from second to second.
        for _ in range(ROUNDS):
            gains.append(_gain(extract, windows))
            possible.append(_gain(compute_for, cpu_s))
    faster, limit = statistics.median(gains), statistics.median(possible)
    missed = faster < LEAST_AT_ONCE * limit and (os.cpu_count() or 1) > 1
    return [
        f"two windows at once on {os.cpu_count()} cores: {faster:.2f}× faster, "
        f"{faster / limit:.2f} of the {limit:.2f}× that two computing processes gain"
        f"{'  MISSED' if missed else ''}"
    ]


def _gain(work: Callable[[Any], float], over: Sequence[Any]) -> float:
    """Wall time of `work` one after the other ÷ at once."""
    taken = []
    for workers in (1, len(over)):
        started = time.perf_counter()
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, over))
        taken.append(time.perf_counter() - started)
    return taken[0] / taken[1]


def price_of_a_process(times: int = 20) -> list[str]:
    """What a process of its own costs a part, beside its work."""
    source = Source(lambda _at, _n: b"", 0)
    run_in_sandbox(nothing, source=source, limits=LIMITS)
    started, before = time.perf_counter(), time.process_time()
    cpu_s = sum(
        run_in_sandbox(nothing, source=source, limits=LIMITS).usage.cpu_s for _ in range(times)
    )
    wall_ms = (time.perf_counter() - started) / times * 1000
    cpu_ms = (cpu_s + time.process_time() - before) / times * 1000
    return [f"a process of its own costs a part {wall_ms:.0f} ms, {cpu_ms:.0f} ms of them CPU"]


def main(seconds: int = 60) -> int:
    folder = Path(tempfile.gettempdir()) / "moodreel-benchmark-clips"
    folder.mkdir(exist_ok=True)
    path = make_clip(folder, "h264 2 s GOP", seconds)
    lines = [
        *table(folder, seconds),
        *memory_over_an_hour(folder),
        *two_windows_at_once(path),
        *price_of_a_process(),
    ]
    print("\n".join(lines))
    return int(any("MISSED" in line for line in lines))


if __name__ == "__main__":
    print(json.dumps(run_here(sys.argv[1], Path(sys.argv[2]), sys.argv[3]).__dict__))
