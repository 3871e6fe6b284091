"""`python -m tests.chaos.matrix` runs the fault matrix.

Exits with 1 when something is lost, doubled or stuck.

All cells run in the simulation. `--suite` also runs a sample of each row over a local suite.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from tests.chaos.matrix.cells import all_cells, sample_cells
from tests.chaos.matrix.simulated import run_cell
from tests.chaos.matrix.table import Run, render_page

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "infra" / "FAULTS.md"
SUITE_SHARE = 0.1
PROCESSES = 2
CELLS_PER_TASK = 20


def main(arguments: list[str] | None = None) -> int:
    """Runs the cells, prints the page or writes it, and returns the exit code."""
    options = _parser().parse_args(arguments)
    commit = describe_commit()
    runs = [simulate(options.sample, options.seed, options.processes, commit)]
    if options.suite:
        # Imported here: a simulation needs no suite.
        from tests.chaos.matrix.suite.run import run_suite_cells

        runs.append(run_suite_cells(options.suite, options.seed, commit))
    page = render_page(runs)
    if options.render:
        PAGE.write_text(page)
    else:
        print(page)
    failed = [result for run in runs for result in run.results if result.problems]
    for result in failed:
        print(f"{result.cell}: {'; '.join(result.problems)}", file=sys.stderr)
    return 1 if failed else 0


def simulate(share: float, seed: int, processes: int, commit: str) -> Run:
    """Runs a share of the cells in the simulation."""
    started_s, cells = time.monotonic(), sample_cells(all_cells(), share, seed)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        results = pool.map(partial(run_cell, seed=seed), cells, CELLS_PER_TASK)
    elapsed_s = time.monotonic() - started_s
    jobs = f"{len(results):,} cells with {2 * len(results):,} jobs"
    missed = sum(bool(result.not_injected) for result in results)
    facts = f"{jobs}, seed {seed}, commit {commit}, {elapsed_s:.0f} s with {processes} processes."
    facts += f" In {missed:,} cells the run did not reach one of the faults." if missed else ""
    return Run("In the simulation", results, facts)


def describe_commit() -> str:
    """Returns the commit that is checked out, and whether files differ from it."""
    command = ["git", "describe", "--always", "--dirty=, with changes", "--exclude=*"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.matrix", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=_share, default=1.0, help="share of the simulated cells")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument(
        "--suite",
        type=_share,
        nargs="?",
        const=SUITE_SHARE,
        help=f"also run this share of each row over a local suite (default {SUITE_SHARE})",
    )
    parser.add_argument("--render", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    return parser


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError("a share is above 0 and at most 1")
    return share


if __name__ == "__main__":
    sys.exit(main())
