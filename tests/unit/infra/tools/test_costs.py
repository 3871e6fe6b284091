"""What a hundred jobs cost: the table's memory and vCPU times measured seconds, nothing else."""

from __future__ import annotations

import pytest

from infra.tools import costs
from infra.tools.costs import StageWork, estimate_cost, render_table
from shared.pipeline import FUNCTIONS, RECIPES


def test_a_second_costs_what_its_memory_and_processor_cost() -> None:
    nothing = estimate_cost({})
    one = estimate_cost({"stitching": StageWork(0, 10, 0)})
    row = FUNCTIONS["stitching"]
    dollars = 100 * 10 * (row.vcpu * 0.000024 + row.memory_mb / 1024 * 0.0000025)
    assert one.compute - nothing.compute == pytest.approx(dollars)
    assert (one.requests, one.objects) == (nothing.requests, 0)


def test_requests_and_objects_are_counted_one_by_one() -> None:
    nothing = estimate_cost({})
    some = estimate_cost({"stitching": StageWork(5, 0, 7)})
    assert some.requests - nothing.requests == pytest.approx(100 * 5 * 0.4e-6)
    assert some.objects == pytest.approx(100 * 7 * 5e-6)
    assert some.total == pytest.approx(some.compute + some.requests + some.objects)


def test_the_work_that_is_priced_is_the_recipes_own() -> None:
    for recipe, (_, work) in costs.TYPICAL_JOBS.items():
        assert tuple(work) == RECIPES[recipe].stages


def test_every_row_of_the_table_adds_up() -> None:
    rows = [line.split("|") for line in render_table().splitlines()[2:] if line.startswith("|")]
    assert len(rows) == len(costs.TYPICAL_JOBS)
    for row in rows:
        parts = [float(cell.strip(" *$")) for cell in row[3:7]]
        assert sum(parts[:3]) == pytest.approx(parts[3], abs=0.007)


def test_the_mirror_image_of_a_face_costs_its_measured_seconds() -> None:
    with_mirror = estimate_cost({"emotion_scoring": StageWork(0, 100 * costs.MIRROR_S_PER_FACE, 0)})
    dollars = (with_mirror.compute - estimate_cost({}).compute) / costs.JOB_COUNT
    assert costs.estimate_mirror_cost(100) == pytest.approx(dollars)
    assert f"${costs.estimate_mirror_cost(10_000):.4f}" in render_table()
