"""How much the extraction costs beside the naive way and beside decoding alone, in one run.

Each way runs in a process of its own; what counts is its CPU time (user and system) from the opened
file to the ZIP, so that a busy machine does not change the ratios much. The naive way is what one
writes first: OpenCV reads every frame, writes the wanted ones, and a ZIP deflates them.
"""

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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import imageio_ffmpeg  # type: ignore[import-untyped]

from functions.frame_extraction.extraction import extract_window
from functions.upload_trigger.probe import probe
from shared.domain.media import FrameOptions, plan_windows
from shared.domain.pack import central_directory
from shared.media.ranged import RangeFile

INTERVALS = ("0.2", "1", "10")
# What is asked of the extraction on the first clip (CPU naive ÷ ours, ours ÷ decoding alone).
LEAST_GAIN = {"1": 2.8, "10": 15.0}
MOST_OF_DECODING = {"1": 0.5}
MOST_BYTES_READ = {"10": 0.15}
MOST_MEMORY_MB = 250

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


def naive(path: Path, every: str, out: Path) -> tuple[int, int]:
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
    return written, path.stat().st_size


def decode_only(path: Path, _every: str, _out: Path) -> tuple[int, int]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return sum(1 for _ in container.decode(stream)), path.stat().st_size


def ours(path: Path, every: str, out: Path) -> tuple[int, int]:
    size = path.stat().st_size
    with path.open("rb") as plain, out.open("wb") as joined:
        file = RangeFile(lambda at, n: os.pread(plain.fileno(), n, at), size)
        passport = probe(file, size)
        options = FrameOptions.parse({"every": every})
        parts = []
        for window in plan_windows(passport, options):
            with tempfile.TemporaryFile() as pack:
                parts.append(extract_window(file, pack, window, options, passport).index)
                pack.seek(0)
                while block := pack.read(1 << 20):
                    joined.write(block)
        joined.write(central_directory(parts))
    return sum(len(part.entries) for part in parts), file.fetched_bytes


WAYS: dict[str, Callable[[Path, str, Path], tuple[int, int]]] = {
    "naive": naive,
    "decode": decode_only,
    "ours": ours,
}


def run_here(way: str, path: Path, every: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        frames, read = WAYS[way](path, every, Path(folder) / "frames.zip")
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu_s, time.perf_counter() - started, after.ru_maxrss / 1024, read, frames)


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


def table(folder: Path, seconds: int) -> list[str]:
    """Lines of the table; a line that misses what is asked ends with the word MISSED."""
    lines = [
        f"{'clip':<15}{'every':>6}{'frames':>8}{'naive ÷ ours':>14}{'ours ÷ decode':>15}"
        f"{'read':>7}{'peak MB':>9}"
    ]
    for name in CLIPS:
        path = make_clip(folder, name, seconds)
        decode = run("decode", path, "1")
        for every in INTERVALS:
            plain, mine = run("naive", path, every), run("ours", path, every)
            gain, part = plain.cpu_s / mine.cpu_s, mine.cpu_s / decode.cpu_s
            read = mine.read_bytes / path.stat().st_size
            missed = name == "h264 2 s GOP" and (
                gain < LEAST_GAIN.get(every, 0)
                or part > MOST_OF_DECODING.get(every, 9)
                or read > MOST_BYTES_READ.get(every, 9)
            )
            missed = missed or mine.peak_mb > MOST_MEMORY_MB
            lines.append(
                f"{name:<15}{every:>6}{mine.frames:>8}{gain:>13.1f}×{part:>15.2f}{read:>7.0%}"
                f"{mine.peak_mb:>9.0f}{'  MISSED' if missed else ''}"
            )
    return lines


def two_windows_at_once(path: Path) -> float:
    """How many times faster two windows in two processes are than one after the other."""
    started = time.perf_counter()
    for _ in range(2):
        run("ours", path, "0.2")
    alone = time.perf_counter() - started
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: run("ours", path, "0.2"), range(2)))
    return alone / (time.perf_counter() - started)


def main(seconds: int = 60) -> int:
    folder = Path(tempfile.gettempdir()) / "moodreel-benchmark-clips"
    folder.mkdir(exist_ok=True)
    lines = table(folder, seconds)
    print("\n".join(lines))
    path = make_clip(folder, "h264 2 s GOP", seconds)
    print(f"two windows at once on {os.cpu_count()} cores: {two_windows_at_once(path):.2f}× faster")
    return int(any("MISSED" in line for line in lines))


if __name__ == "__main__":
    print(json.dumps(run_here(sys.argv[1], Path(sys.argv[2]), sys.argv[3]).__dict__))
