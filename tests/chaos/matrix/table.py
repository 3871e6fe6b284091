"""The page with the results: rows of cells, and what each fault is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shared.pipeline import PIPELINE_STAGES
from tests.chaos.matrix.result import CellResult
from tests.fakes.load.fault_plan import CRASH_POINTS, DESCRIPTIONS, Delivery, Dependency

HEAD = "| cells | lost | doubled | stuck | extra units | extra messages |"
RULE = " ---: | ---: | ---: | ---: | ---: | ---: |"


@dataclass(frozen=True)
class Run:
    """A part of the matrix that was run.

    Attributes:
        title: Where: in the simulation or over the local suite.
        results: The results of its cells.
        facts: Commit, seed and duration.
    """

    title: str
    results: list[CellResult]
    facts: str


def render_page(runs: Iterable[Run]) -> str:
    """Returns the page."""
    lines = [*_introduction(), *(line for run in runs for line in _render_run(run))]
    return "\n".join(lines).rstrip() + "\n"


def _introduction() -> list[str]:
    faults = [f"| {fault} | {DESCRIPTIONS[fault]} |" for fault in (*Delivery, *Dependency)]
    return [
        "# Fault matrix",
        "",
        "Rendered by `python -m tests.chaos.matrix --render`. Each cell runs a job in which the",
        "first worker of a stage ends at a crash point, the stage's messages are delivered in one",
        "of four ways, and a service fails. A job of another owner runs beside it. Afterwards",
        "nothing may be",
        "",
        "- **lost**: a job failed, or its result or the announcement of its outcome is missing;",
        "- **doubled**: a unit was recorded or counted twice, a result exists twice, or work was",
        "  repeated or announced more often than the cell's faults explain;",
        "- **stuck**: a job has not ended, a message is not acknowledged, or the other owner's job",
        "  took more than twice as long as without faults.",
        "",
        "Extra units and messages are the means per cell beyond a job without faults: work that",
        "was started again, and messages that the pipeline published, without the copies that the",
        "fault itself adds. A delay can also save messages, so a mean may be below zero.",
        "",
        "| fault | what happens |",
        "| --- | --- |",
        *faults,
        "",
    ]


def _render_run(run: Run) -> list[str]:
    total = _counts(run.results)
    return [
        f"## {run.title}",
        "",
        run.facts,
        "",
        f"| stage and crash point {HEAD}",
        f"| --- |{RULE}",
        *_rows(
            run.results,
            [f"`{stage}` {point}" for stage in PIPELINE_STAGES for point in CRASH_POINTS],
            lambda result: f"`{result.cell.stage}` {result.cell.point}",
        ),
        f"| **all** | {total} |",
        "",
        f"| fault {HEAD}",
        f"| --- |{RULE}",
        *_rows(run.results, list(Delivery), lambda result: result.cell.delivery),
        *_rows(run.results, list(Dependency), lambda result: result.cell.dependency),
        "",
    ]


def _rows(
    results: list[CellResult], names: list[str], name_of: Callable[[CellResult], str]
) -> list[str]:
    rows = {name: [result for result in results if name_of(result) == name] for name in names}
    return [f"| {name} | {_counts(row)} |" for name, row in rows.items() if row]


def _counts(results: list[CellResult]) -> str:
    """Returns the cells of a row. A cell counts once in each column."""
    counts = [
        sum(bool(getattr(result, kind)) for result in results)
        for kind in ("lost", "doubled", "stuck")
    ]
    runs = sum(result.extra_runs for result in results) / max(1, len(results))
    counted = [result.extra_messages for result in results if result.extra_messages is not None]
    messages = f"{sum(counted) / len(counted):.1f}" if counted else "–"
    numbers = [f"{len(results):,}", *(f"{count}" for count in counts)]
    return " | ".join([*numbers, f"{runs:.1f}", messages])
