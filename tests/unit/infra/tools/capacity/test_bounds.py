"""The limit that binds first: named by its need, and confirmed by the simulation."""

from __future__ import annotations

import pytest

from infra.tools.capacity.answer import find_answer
from infra.tools.capacity.bounds import find_bounds
from infra.tools.capacity.scenario import Scenario
from infra.tools.capacity.simulate import simulate
from infra.tools.capacity.work import Step, find_work, list_steps
from shared.pipeline import FUNCTIONS, RECIPES

_WIDE = {"region-cpu": 1e6, "region-memory": 1e6, "running-jobs": 1e6}


@pytest.mark.parametrize(
    ("recipe", "values", "expected"),
    [
        ("frames", {"region-cpu": 1.0}, "region-cpu"),
        ("still", {"region-memory": 4.0}, "region-memory"),
        ("presentation", {"speech-requests": 10.0}, "speech-requests"),
        ("presentation", {"gemini-requests": 1.0}, "gemini-requests"),
        ("frames", {"firestore-writes": 1.0}, "firestore-writes"),
        ("frames", {"firestore-index": 0.5}, "firestore-index"),
        ("frames", {"gcs-writes": 0.1}, "gcs-writes"),
        ("frames", {"gcs-reads": 0.1}, "gcs-reads"),
        ("emotions", {"pubsub-publish": 1e-4}, "pubsub-publish"),
        ("emotions", {"pubsub-push": 1e-4}, "pubsub-push"),
        ("emotions", {"instances:emotion_scoring": 1.0}, "instances:emotion_scoring"),
        ("recap", {"instances:stitching": 1.0}, "instances:stitching"),
        ("recap", {"running-jobs": 1.0}, "running-jobs"),
    ],
)
def test_limit_that_was_made_low_binds_first_and_raising_it_helps_most(
    recipe: str, values: dict[str, float], expected: str
) -> None:
    scenario = Scenario(60, 10, (recipe,), 3, {**_WIDE, **values})
    answer = find_answer(scenario)
    assert answer.binding is not None
    assert answer.binding.limit.name == expected
    first, *others = answer.raised
    assert first.limit == expected
    assert first.alone.p50_s < 0.75 * answer.latency.p50_s
    for row in others:
        assert row.alone.last_s > first.alone.last_s


def test_limits_that_are_raised_together_help_more_than_the_second_alone() -> None:
    answer = find_answer(Scenario(1_000, 60))
    first, second, _ = answer.raised
    assert (first.limit, second.limit) == ("region-cpu", "region-memory")
    assert first.together == first.alone
    assert second.alone.last_s > 0.9 * answer.latency.last_s
    assert second.together.last_s < 0.7 * answer.latency.last_s


def test_no_limit_binds_when_uploads_arrive_slowly() -> None:
    answer = find_answer(Scenario(10, 36_000, ("frames",)))
    assert answer.binding is None
    assert answer.to_dict()["first_limit"] is None
    assert answer.latency.p50_s < 60


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_largest_need_is_the_time_that_the_burst_takes(recipe: str) -> None:
    scenario = Scenario(3_000, 60, (recipe,))
    needed_s = find_bounds(scenario)[0].needed_s
    end_s = simulate(scenario).end_s
    assert needed_s * 0.95 < end_s < needed_s * 1.25 + 60


def test_needs_of_a_single_step_are_its_work_over_the_capacity() -> None:
    step = Step("upload_trigger", 3, 2.0, 1.0, (("gcs-writes", 5.0),), (("gcs-writes", 2.0),))
    scenario = Scenario(
        1_000, 60, ("frames",), 100, {"instances:upload_trigger": 5, "region-cpu": 4},
        work={"frames": (step, Step("notification", 1, 1.0, 0.0, (), ()))}, parts_in_flight=2,
    )  # fmt: skip
    needs = {bound.limit.name: bound.needed_s for bound in find_bounds(scenario)}
    assert needs["instances:upload_trigger"] == pytest.approx(1_000 * 7 / (5 * 4))
    vcpu_s = 1_000 * (7 / 4 * 1 + 1 / 8 * 1)
    assert needs["region-cpu"] == pytest.approx(vcpu_s / 4)
    assert needs["gcs-writes"] == pytest.approx(1_000 * 17 / 1_000)
    # Ten jobs per owner, two at a time: two rounds of parts and the join.
    assert needs["running-jobs"] == pytest.approx(10 / 2 * (2 * 2.0 + 1.0))


def test_a_rate_that_grows_needs_less_time_than_a_constant_one() -> None:
    step = Step("frame_extraction", 1, 1.0, 0.0, (("firestore-writes", 1.0),), ())
    work = {"frames": (step, Step("notification", 1, 1.0, 0.0, (), ()))}
    scenario = Scenario(500_000, 60, ("frames",), work=work)
    bound = next(b for b in find_bounds(scenario) if b.limit.name == "firestore-writes")
    # 500 a second for 300 s, then 750 for 300 s, then 1,125.
    assert bound.needed_s == pytest.approx(600 + (500_000 - 150_000 - 225_000) / 1_125)
    assert bound.value_for(bound.needed_s) == pytest.approx(500)


@pytest.mark.parametrize("recipe", RECIPES)
def test_steps_have_the_measured_seconds_and_deliveries(recipe: str) -> None:
    work = find_work(recipe)
    steps = list_steps(recipe)
    assert tuple(step.function for step in steps) == RECIPES[recipe].stages
    for step in steps:
        assert step.seconds == pytest.approx(work[step.function].seconds)
        assert step.units == work[step.function].delivery_count
        assert step.parts >= 1
        assert step.part_s > 0
        assert step.seconds < FUNCTIONS[step.function].timeout_s
