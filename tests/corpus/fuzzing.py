"""Fuzzing with a limit of inputs and seconds. Outcomes are counted, failing inputs are kept.

python -m tests.corpus.fuzzing [--inputs N] [--seconds S] [--seed N] [--kept FOLDER]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from functions.frame_extraction.extraction_result import TimestampsOutOfOrder
from functions.upload_trigger.sandboxed_probe import LIMITS
from tests.corpus.mutation import mutate, seed_files
from tests.corpus.outcome import process_file

SLOWEST_S = 20 * LIMITS.cpu_s
"""Wall time after which an input counts as hanging. Generous, because the machine may be busy."""


@dataclass
class FuzzReport:
    """`codes` counts the outcomes. `crashes` are inputs that killed a decoder's process. `failures`
    are inputs that hung or ended with an unexpected error."""

    inputs: int = 0
    wall_s: float = 0
    slowest_s: float = 0
    most_cpu_s: float = 0
    most_mb: float = 0
    codes: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        outcomes = ", ".join(f"{code} {count}" for code, count in self.codes.most_common())
        return (
            f"{self.inputs} inputs in {self.wall_s:.0f} s: {outcomes}\n"
            f"slowest {self.slowest_s:.1f} s, most CPU {self.most_cpu_s:.1f} s, "
            f"most memory {self.most_mb:.0f} MB in one process\n"
            f"crashed decoders: {len(self.crashes)}; hung or unexpected errors: "
            f"{len(self.failures)}"
            + "".join(f"\n  {line}" for line in (*self.crashes, *self.failures))
        )


def fuzz(inputs: int, seconds: float, seed: int, kept_folder: Path, workers: int = 2) -> FuzzReport:
    """Mutate and process files. Inputs that crash, hang or fail are kept in `kept_folder`."""
    files, report, begin = seed_files(), FuzzReport(), time.monotonic()

    def run_input(number: int) -> None:
        if time.monotonic() - begin > seconds:
            return
        name, data = make_input(files, seed, number)
        _run_and_record(report, f"{seed}-{number}-{name}", data, kept_folder)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run_input, range(inputs)))
    report.wall_s = time.monotonic() - begin
    return report


def make_input(files: Mapping[str, bytes], seed: int, number: int) -> tuple[str, bytes]:
    """The name of the seed file of an input, and the input."""
    rng = random.Random(f"{seed} {number}")
    name, other = rng.choice(sorted(files)), rng.choice(sorted(files))
    return name, mutate(files[name], files[other], rng)


def _run_and_record(report: FuzzReport, name: str, data: bytes, kept_folder: Path) -> None:
    begin = time.monotonic()
    try:
        outcome = process_file(data, "0.2")
        code = outcome.code or "done"
        report.most_cpu_s = max(report.most_cpu_s, outcome.cpu_s)
        report.most_mb = max(report.most_mb, outcome.peak_mb)
        message = outcome.message
    except (Exception, TimestampsOutOfOrder) as error:
        code, message = "unexpected-error", f"{type(error).__name__}: {error}"
    elapsed_s = time.monotonic() - begin
    report.inputs += 1
    report.codes[code] += 1
    report.slowest_s = max(report.slowest_s, elapsed_s)
    if code == "decoder-crashed":
        report.crashes.append(f"{name}: {message}")
    elif code in ("unexpected-error", "processing-failed") or elapsed_s > SLOWEST_S:
        report.failures.append(f"{name} after {elapsed_s:.1f} s: {message[-1500:]}")
    else:
        return
    kept_folder.mkdir(parents=True, exist_ok=True)
    (kept_folder / name).write_bytes(data)


def main() -> int:
    """Print the report. Returns 1 if an input hung or ended with an unexpected error."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.fuzzing")
    parser.add_argument("--inputs", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "moodreel-fuzz")
    options = parser.parse_args()
    report = fuzz(options.inputs, options.seconds, options.seed, options.kept)
    print(report)
    return int(bool(report.failures))


if __name__ == "__main__":
    sys.exit(main())
