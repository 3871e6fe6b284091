"""A sample of the fault matrix in the simulation, and that the matrix can fail."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.flows.decision import Decision
from shared.jobs import announcements, rules
from shared.pipeline import RECIPES
from tests.chaos.matrix.__main__ import main
from tests.chaos.matrix.cells import Cell, all_cells, sample_cells
from tests.chaos.matrix.result import CellResult
from tests.chaos.matrix.simulated import Configure, run_cell
from tests.chaos.matrix.table import Run, render_page
from tests.fakes.load.fault_plan import CRASH_POINTS, DESCRIPTIONS, Delivery, Dependency
from tests.fakes.load.faults import FaultSimulation

pytestmark = pytest.mark.slow

Patch = pytest.MonkeyPatch
original_decide = rules.decide


def repeats_announce_nothing(patch: Patch) -> None:
    def decide(*args: Any) -> Decision:
        decision = original_decide(*args)
        return Decision.DROP if decision is Decision.REPEAT else decision

    patch.setattr(rules, "decide", decide)


def done_is_not_final(patch: Patch) -> None:
    patch.setattr(rules, "is_done", lambda _unit: False)


def leases_are_ignored(patch: Patch) -> None:
    patch.setattr(rules, "is_leased", lambda _unit, _now: False)


def successors_are_not_announced(patch: Patch) -> None:
    original = announcements.messages_after_part

    def messages_after_part(snapshot: Any, stage: str, part: str, **how: bool) -> list[Any]:
        messages = original(snapshot, stage, part, **how)
        successor = snapshot.units[stage, part].successor
        return [message for message in messages if message.part != successor]

    patch.setattr(announcements, "messages_after_part", messages_after_part)


def without_sweeper(simulation: FaultSimulation) -> None:
    simulation.load = replace(simulation.load, sweeper_enabled=False)


def run_cells(cells: list[Cell], configure: Configure | None = None) -> list[CellResult]:
    return [run_cell(cell, 1, configure) for cell in cells]


def problem_kinds(results: list[CellResult]) -> set[str]:
    return {
        kind for result in results for kind in ("lost", "doubled", "stuck") if getattr(result, kind)
    }


def test_cells_cover_every_stage_of_every_recipe() -> None:
    stages = {(cell.recipe, cell.stage) for cell in all_cells()}
    assert {("captions", "speech_recognition"), ("emotions", "speech_recognition")} <= stages
    assert stages >= {(row.name, stage) for row in RECIPES.values() for stage in row.stages}
    assert len(all_cells()) == len(set(all_cells())) == len(stages) * 4 * 4 * 10
    assert set(DESCRIPTIONS) == {*Delivery, *Dependency}


@pytest.mark.parametrize("configure", [None, without_sweeper])
def test_sample_of_the_matrix_has_no_problem(configure: Configure | None) -> None:
    cells = sample_cells(all_cells(), 0.02, seed=3)
    assert {cell.row for cell in cells} == {cell.row for cell in all_cells()}
    results = run_cells(cells, configure)
    assert {str(result.cell): result.problems for result in results if result.problems} == {}
    missed = {str(result.cell): result.not_injected for result in results if result.not_injected}
    assert missed == {}


@pytest.mark.parametrize("dependency", list(Dependency))
def test_faults_of_a_cell_are_injected(dependency: Dependency) -> None:
    for point, delivery in itertools.product(CRASH_POINTS, (Delivery.ONCE, Delivery.LATE)):
        result = run_cell(Cell("still", "stitching", point, delivery, dependency), 1)
        assert (result.problems, result.not_injected) == ([], [])


@pytest.mark.parametrize(
    ("remove_rule", "configure", "kind"),
    [
        (repeats_announce_nothing, without_sweeper, "stuck"),
        (successors_are_not_announced, without_sweeper, "stuck"),
        (leases_are_ignored, None, "doubled"),
        (done_is_not_final, None, "doubled"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_matrix_shows_that_a_rule_is_missing(
    remove_rule: Callable[[Patch], None],
    configure: Configure | None,
    kind: str,
    monkeypatch: Patch,
) -> None:
    cells = [
        Cell("presentation", "slide_generation", point, Delivery.DUPLICATED, Dependency.NONE)
        for point in CRASH_POINTS
    ]
    assert problem_kinds(run_cells(cells, configure)) == set()
    remove_rule(monkeypatch)
    assert kind in problem_kinds(run_cells(cells, configure))


def test_page_counts_the_cells_with_a_problem() -> None:
    cell = Cell("still", "stitching", "after_work", Delivery.ONCE, Dependency.LEASE_LOST)
    results = [CellResult(cell, lost=["x", "y"], extra_runs=1), CellResult(cell, extra_messages=3)]
    page = render_page([Run("In the simulation", results, "Seed 1.")])
    assert "| `stitching` after_work | 2 | 1 | 0 | 0 | 0.5 | 1.5 |" in page
    assert "| lease lost | 2 | 1 | 0 | 0 | 0.5 | 1.5 |" in page


def test_command_fails_when_a_cell_has_a_problem(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = Cell("still", "stitching", "after_work", Delivery.ONCE, Dependency.NONE)
    for problems, code in (([], 0), (["a result is missing"], 1)):
        run = Run("In the simulation", [CellResult(cell, lost=problems)], "")
        monkeypatch.setattr("tests.chaos.matrix.__main__.simulate", lambda *_, run=run: run)
        assert main([]) == code
    assert "lost: a result is missing" in capsys.readouterr().err
