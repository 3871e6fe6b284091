"""Costs of a hundred jobs: the memory and vCPU of the table times measured seconds."""

from __future__ import annotations

import pytest

from infra.tools import costs
from infra.tools.costs import StageWork, estimate_cost, render_table
from shared.pipeline import FUNCTIONS, RECIPES


def test_compute_cost_is_seconds_times_vcpu_and_memory() -> None:
    empty = estimate_cost({})
    cost = estimate_cost({"stitching": StageWork(0, 10, 0)})
    row = FUNCTIONS["stitching"]
    dollars = 100 * 10 * (row.vcpu * 0.000024 + row.memory_mb / 1024 * 0.0000025)
    assert cost.compute - empty.compute == pytest.approx(dollars)
    assert (cost.requests, cost.objects) == (empty.requests, 0)


def test_requests_and_objects_are_charged_individually() -> None:
    empty = estimate_cost({})
    cost = estimate_cost({"stitching": StageWork(5, 0, 7)})
    assert cost.requests - empty.requests == pytest.approx(100 * 5 * 0.4e-6)
    assert cost.objects == pytest.approx(100 * 7 * 5e-6)
    assert cost.total == pytest.approx(cost.compute + cost.requests + cost.objects)


def test_typical_jobs_have_the_stages_of_their_recipe() -> None:
    for recipe, (_, work) in costs.TYPICAL_JOBS.items():
        assert tuple(work) == RECIPES[recipe].stages


def test_total_of_each_row_is_the_sum_of_its_parts() -> None:
    rows = [line.split("|") for line in render_table().splitlines()[2:] if line.startswith("|")]
    assert len(rows) == len(costs.TYPICAL_JOBS)
    for row in rows:
        amounts = [float(cell.strip(" *$")) for cell in row[3:7]]
        assert sum(amounts[:3]) == pytest.approx(amounts[3], abs=0.007)


def test_mirror_costs_its_measured_seconds_per_face() -> None:
    with_mirror = estimate_cost({"emotion_scoring": StageWork(0, 100 * costs.MIRROR_S_PER_FACE, 0)})
    dollars = (with_mirror.compute - estimate_cost({}).compute) / costs.JOB_COUNT
    assert costs.estimate_mirror_cost(100) == pytest.approx(dollars)
    assert f"${costs.estimate_mirror_cost(10_000):.4f}" in render_table()


def test_pictures_cost_what_their_tokens_cost() -> None:
    assert costs.estimate_picture_cost(1) == pytest.approx(0.0672)
    (line,) = [row for row in render_table().splitlines() if row.startswith("Pictures by")]
    assert "$0.067 each, so at most $0.81 for a film and $81 for 100 films" in line


def test_caches_cost_their_storage_and_their_objects() -> None:
    gb, objects = sum(costs.CACHED_MB.values()) / 1000, costs.CACHED_OBJECTS * 5e-6
    assert costs.cache_days() == 30
    assert costs.estimate_cache_cost() == pytest.approx(gb * 0.02 * 30 * 12 / 365 + objects)
    (line,) = [row for row in render_table().splitlines() if row.startswith("The caches keep")]
    assert "for 30 days, which costs $0.04 for 100 different films" in line


def test_speech_costs_what_its_characters_cost() -> None:
    assert costs.estimate_speech_cost("Neural2", 1_000_000) == pytest.approx(16)
    assert costs.estimate_speech_cost("Standard", 250_000) == pytest.approx(1)
    (line,) = [row for row in render_table().splitlines() if row.startswith("Text-to-Speech")]
    assert "$3.84 with Neural2" in line
    assert "Neural2 speaks where" in line
