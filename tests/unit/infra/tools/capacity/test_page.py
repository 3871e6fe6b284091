"""infra/CAPACITY.md: current by digest, and its advice holds when it is simulated."""

from __future__ import annotations

import re

import pytest

from infra.tools import render
from infra.tools.capacity import page
from infra.tools.capacity.answer import find_answer
from infra.tools.capacity.bounds import find_bounds
from infra.tools.capacity.limits import LIMITS, LimitKind, list_limits, read_max_instances
from infra.tools.capacity.page_tables import TARGET_S, render_raises, round_up
from infra.tools.capacity.scenario import Scenario
from infra.tools.capacity.simulate import simulate


def test_page_is_current_and_lists_every_size() -> None:
    text = render.CAPACITY.read_text()
    assert page.is_current(text)
    for size in page.SIZES:
        assert f"## {size:,} uploads within" in text
    for limit in LIMITS.values():
        if limit.kind is not LimitKind.INSTANCES:
            assert f"| `{limit.name}` |" in text


def test_page_is_not_current_after_an_edit_or_another_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = render.CAPACITY.read_text()
    assert not page.is_current(text.replace("# Capacity", "# Capacities", 1))
    assert not page.is_current("")
    monkeypatch.setitem(LIMITS, "extra", list_limits()[0])
    assert not page.is_current(text)


def test_check_does_not_simulate_a_page_that_is_not_current(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page, "is_current", lambda _: False)

    def fail() -> str:
        raise AssertionError("simulated")

    monkeypatch.setattr(page, "render_page", fail)
    assert render.render_capacity(check=True) == ""
    with pytest.raises(AssertionError, match="simulated"):
        render.render_capacity(check=False)


def test_deploy_has_the_table_of_the_page() -> None:
    assert page.extract_raises(render.CAPACITY.read_text()) in render.DEPLOY.read_text()
    with pytest.raises(ValueError, match="no table"):
        page.extract_raises("# Capacity")


def test_a_burst_with_the_limits_raised_as_advised_is_done_in_about_the_target_time() -> None:
    scenario = Scenario(3_000, 60)
    before = simulate(scenario)
    assert before.end_s > 2 * TARGET_S
    needed = {
        bound.limit.name: max(bound.value, round_up(bound.value_for(TARGET_S)))
        for bound in find_bounds(scenario)
    }
    after = simulate(Scenario(3_000, 60, values=needed))
    assert after.end_s < 1.5 * TARGET_S


def test_raises_name_only_limits_that_are_too_low() -> None:
    answers = [find_answer(Scenario(size, 60), 0) for size in (10, 5_000)]
    rows = render_raises(answers).splitlines()[2:]
    assert any(row.startswith("| `max_instances` | 20 instances ") for row in rows)
    assert any(row.startswith("| Cloud Run, vCPU per region |") for row in rows)
    assert not any("Pub/Sub" in row for row in rows)
    for row in rows:
        small, large = (cell.strip() for cell in row.split("|")[4:6])
        assert small == "enough"
        assert re.fullmatch(r"[\d,.]+", large)


def test_values_are_rounded_up_to_two_digits() -> None:
    assert [round_up(value) for value in (0, 0.123, 7, 99.5, 100, 101, 35_040)] == [
        0, 0.13, 7, 100, 100, 110, 36_000,
    ]  # fmt: skip


def test_every_limit_has_a_source_and_simulated_ones_say_how_to_raise_them() -> None:
    assert read_max_instances() == LIMITS["instances:stitching"].value
    for limit in LIMITS.values():
        assert limit.source.startswith(("https://", "infra/", "shared/"))
        assert limit.how_to_raise or limit.kind is LimitKind.STATIC
        assert limit.verified or limit.note
