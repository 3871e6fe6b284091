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
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from shared.media.sandbox.child import SandboxIO
from shared.media.sandbox.run import run_in_sandbox
from shared.media.sandbox.source import Source
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.windows import Window, plan_windows
from shared.recipes.media_info import MediaInfo
from tests.benchmarks.frames.clips import CLIPS, long_clip, make_clip
from tests.benchmarks.frames.methods import LIMITS, NOTHING, PROBE, extract_window_in_sandbox, run
from tests.fixtures.media.sandbox_work import to_work

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
            json.loads(run_in_sandbox(PROBE, source=source, limits=LIMITS).value)
        )
        options = FrameOptions.parse({"every": "0.2"})
        windows = plan_windows(media_info, options, max_windows=2, window_work_s=0.1)

        def extract(window: Window) -> float:
            with tempfile.TemporaryFile() as pack:
                return extract_window_in_sandbox(
                    source, window, options, media_info, pack
                ).usage.cpu_s

        def compute_for(cpu_s: float) -> float:
            return run_in_sandbox(to_work(compute), cpu_s, source=source, limits=LIMITS).usage.cpu_s

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
    run_in_sandbox(NOTHING, source=source, limits=LIMITS)
    started, before = time.perf_counter(), time.process_time()
    cpu_s = sum(
        run_in_sandbox(NOTHING, source=source, limits=LIMITS).usage.cpu_s for _ in range(times)
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
