"""Bounded fuzzing: so many inputs, so many seconds; what is found is counted and kept.

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

from functions.frame_extraction.targets import TimestampsOutOfOrder
from functions.upload_trigger.sandboxed_probe import LIMITS
from tests.corpus.mutation import mutate, seed_files
from tests.corpus.outcome import process_file

SLOWEST_S = 20 * LIMITS.cpu_s
"""Wall time of one input, on a machine that does other things as well: beyond it, it hangs."""


@dataclass
class FuzzReport:
    """`codes`: how many inputs ended how. `crashes`: those that killed a decoder's process.
    `wrong`: those that hung or came out with a fault that has no name."""

    inputs: int = 0
    wall_s: float = 0
    slowest_s: float = 0
    most_cpu_s: float = 0
    most_mb: float = 0
    codes: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        ends = ", ".join(f"{code} {count}" for code, count in self.codes.most_common())
        return (
            f"{self.inputs} inputs in {self.wall_s:.0f} s: {ends}\n"
            f"slowest {self.slowest_s:.1f} s, most CPU {self.most_cpu_s:.1f} s, "
            f"most memory {self.most_mb:.0f} MB in one process\n"
            f"decoders that crashed: {len(self.crashes)}; hung or without a name: "
            f"{len(self.failures)}"
            + "".join(f"\n  {one}" for one in (*self.crashes, *self.failures))
        )


def fuzz(inputs: int, seconds: float, seed: int, kept_folder: Path, workers: int = 2) -> FuzzReport:
    """Bend and run; inputs that crash or hang are kept in a folder under what they did."""
    files, found, begin = seed_files(), FuzzReport(), time.monotonic()

    def one(number: int) -> None:
        if time.monotonic() - begin > seconds:
            return
        name, data = make_input(files, seed, number)
        _note(found, f"{seed}-{number}-{name}", data, kept_folder)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, range(inputs)))
    found.wall_s = time.monotonic() - begin
    return found


def make_input(files: Mapping[str, bytes], seed: int, number: int) -> tuple[str, bytes]:
    """The name of the base of an input, and the input."""
    dice = random.Random(f"{seed} {number}")
    name, other = dice.choice(sorted(files)), dice.choice(sorted(files))
    return name, mutate(files[name], files[other], dice)


def _note(found: FuzzReport, name: str, data: bytes, kept: Path) -> None:
    begin, code, why = time.monotonic(), "", ""
    try:
        outcome = process_file(data, "0.2")
        code = outcome.code or "done"
        found.most_cpu_s = max(found.most_cpu_s, outcome.cpu_s)
        found.most_mb = max(found.most_mb, outcome.peak_mb)
        why = outcome.message
    except (Exception, TimestampsOutOfOrder) as fault:
        code, why = "without a name", f"{type(fault).__name__}: {fault}"
    took_s = time.monotonic() - begin
    found.inputs += 1
    found.codes[code] += 1
    found.slowest_s = max(found.slowest_s, took_s)
    if code == "decoder-crashed":
        found.crashes.append(f"{name}: {why}")
    elif code == "without a name" or took_s > SLOWEST_S:
        found.failures.append(f"{name} after {took_s:.1f} s: {why[-1500:]}")
    else:
        return
    kept.mkdir(parents=True, exist_ok=True)
    (kept / name).write_bytes(data)


def main() -> int:
    """Exit status 1 when an input hung or came out with a fault that has no name."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.fuzzing")
    parser.add_argument("--inputs", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "moodreel-fuzz")
    given = parser.parse_args()
    found = fuzz(given.inputs, given.seconds, given.seed, given.kept)
    print(found)
    return int(bool(found.failures))


if __name__ == "__main__":
    sys.exit(main())
