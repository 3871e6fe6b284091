"""The simulation: nothing is lost, known formulas of queues hold, more instances never slow it."""

from __future__ import annotations

import math
import random
from collections import Counter
from statistics import fmean

import pytest

from infra.tools.capacity.limits import LIMITS, LimitKind
from infra.tools.capacity.result import MAX_SAMPLES, QueueSamples
from infra.tools.capacity.scenario import Scenario
from infra.tools.capacity.simulate import ADMISSION, Simulation, simulate
from infra.tools.capacity.work import Step, list_steps
from shared.pipeline import RECIPES

pytestmark = pytest.mark.slow

_PLENTY = {"region-cpu": 1e6, "region-memory": 1e6}
_OUTCOME = Step("notification", 1, 0.0, 0.0, (), ())


def single_queue(servers: int, utilization: float, jobs: int, service_s: float = 1.0) -> Scenario:
    """A scenario in which only the slots of frame_extraction matter: one unit per job."""
    step = Step("frame_extraction", 1, service_s, 0.0, (), ())
    within_s = jobs * service_s / (servers * utilization)
    return Scenario(
        jobs,
        within_s,
        ("frames",),
        owners=jobs,
        values={**_PLENTY, "instances:frame_extraction": servers},
        work={"frames": (step, _OUTCOME)},
        cold_start_s=0,
    )


def erlang_c(servers: int, load: float) -> float:
    """The probability that a job waits in an M/M/c queue with this offered load (Erlangs)."""
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(load**n / math.factorial(n) for n in range(servers)) + last)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("owners", [1, 7, 200])
def test_every_upload_ends_with_all_its_units(recipe: str, owners: int) -> None:
    simulation = Simulation(Scenario(200, 30, (recipe,), owners))
    result = simulation.run()
    assert len(result.latencies_s) == 200
    assert result.units == 200 * sum(step.units for step in list_steps(recipe))
    assert sum(row.units for row in result.functions.values()) == result.units
    assert not any(row.queue or row.busy for row in result.functions.values())
    assert not any(simulation.running)
    assert simulation.queued_count == 0


def test_recipes_have_equal_shares_and_every_owner_has_several() -> None:
    """Also when the number of owners is a multiple of the number of recipes."""
    owners = len(RECIPES)
    simulation = Simulation(Scenario(100 * owners, 60, owners=owners))
    kinds = [simulation.steps.index(steps) for steps in simulation.steps_of]
    assert Counter(kinds) == dict.fromkeys(range(len(RECIPES)), 100)
    for owner in range(owners):
        assert len(set(kinds[owner::owners])) == len(RECIPES)


def test_queue_samples_keep_equal_intervals_in_bounded_memory() -> None:
    samples = QueueSamples(("queue",), 1.0)
    for now in range(10_000):
        samples.record(now, lambda: [now])  # noqa: B023 - called at once
    lengths = samples.column("queue")
    assert 32 <= len(lengths) <= MAX_SAMPLES
    assert lengths == [n * samples.interval_s for n in range(len(lengths))]
    assert samples.end_s == lengths[-1] > 9_000


def test_resources_of_the_region_are_all_given_back() -> None:
    simulation = Simulation(Scenario(300, 30, values={"region-cpu": 5, "region-memory": 9}))
    assert simulation.region.is_scarce
    simulation.run()
    assert simulation.region.free_vcpu == pytest.approx(5)
    assert simulation.region.free_gib == pytest.approx(9)


@pytest.mark.parametrize(("servers", "utilization"), [(1, 0.5), (1, 0.8), (4, 0.8), (20, 0.9)])
def test_mean_wait_is_that_of_an_m_m_c_queue(servers: int, utilization: float) -> None:
    source = random.Random(5)
    jobs = 100_000
    scenario = single_queue(servers, utilization, jobs)
    result = Simulation(scenario, [source.expovariate(1) for _ in range(jobs + 1)]).run()
    load = servers * utilization
    expected_s = erlang_c(servers, load) / (servers - load)
    mean_wait_s = result.functions["frame_extraction"].waited_s / jobs
    assert mean_wait_s == pytest.approx(expected_s, rel=0.1)
    assert fmean(result.latencies_s) == pytest.approx(mean_wait_s + 1, rel=0.02)


def test_mean_queue_is_arrival_rate_times_mean_wait() -> None:
    """Little's law, with the sampled queue lengths."""
    jobs = 50_000
    scenario = single_queue(2, 0.95, jobs)
    source = random.Random(6)
    result = Simulation(scenario, [source.expovariate(1) for _ in range(jobs + 1)]).run()
    waited_s = result.functions["frame_extraction"].waited_s
    assert fmean(result.queues.column("frame_extraction")) == pytest.approx(
        waited_s / result.end_s, rel=0.15
    )


@pytest.mark.parametrize("recipes", [(name,) for name in RECIPES] + [tuple(RECIPES)])
def test_more_instances_are_never_slower(recipes: tuple[str, ...]) -> None:
    """Rates are out of the way: more units that share a rate end later on average."""
    rates = dict.fromkeys((n for n in LIMITS if LIMITS[n].kind is LimitKind.RATE), 1e12)
    latencies: list[float] = []
    for instances in (1, 2, 5, 20, 80):
        names = {step.function for name in recipes for step in list_steps(name)}
        values = {f"instances:{name}": float(instances) for name in names}
        scenario = Scenario(300, 60, recipes, 300, {**_PLENTY, **rates, **values}, cold_start_s=0)
        result = Simulation(scenario, [1.0]).run()
        latencies.append(fmean(result.latencies_s))
    assert latencies == sorted(latencies, reverse=True)
    assert latencies[0] > 2 * latencies[-1]


def test_same_seed_gives_the_same_result_and_another_seed_another() -> None:
    first, again = simulate(Scenario(500, 60)), simulate(Scenario(500, 60))
    assert first.latencies_s == again.latencies_s
    assert first.queues.rows == again.queues.rows
    assert simulate(Scenario(500, 60, seed=2)).latencies_s != first.latencies_s


def test_running_jobs_per_owner_are_bounded() -> None:
    values = {**_PLENTY, "running-jobs": 2.0}
    result = simulate(Scenario(99, 1, ("emotions",), 1, values, cold_start_s=0))
    assert max(result.queues.column(ADMISSION)) > 90
    assert result.functions["frame_extraction"].started_instances == 2
    assert not result.functions["frame_extraction"].waited_s


@pytest.mark.parametrize("recipe", ["emotions", "recap"])
def test_an_owner_with_one_job_does_not_wait_for_an_owner_with_many(recipe: str) -> None:
    """Owner 0 has 100 jobs more than the others: the first jobs of the others are as fast."""
    values = {**_PLENTY, "running-jobs": 2.0, "speech-requests": 1e9}
    alone = Simulation(Scenario(2, 1, (recipe,), 2, values, cold_start_s=0), [1.0]).run()
    crowded = Simulation(Scenario(102, 1, (recipe,), 2, values, cold_start_s=0), [1.0])
    crowded.owners = [1, *[0] * 101]
    result = crowded.run()
    assert result.latencies_s[:3] == pytest.approx(alone.latencies_s[:1] * 3, rel=0.05)
    assert result.latencies_s[3] > 1.5 * alone.latencies_s[0]


def test_parts_in_flight_are_bounded() -> None:
    step = Step("stitching", 12, 1.0, 0.5, (), ())
    scenario = Scenario(
        1, 1, ("still",), values=_PLENTY, parts_in_flight=3, work={"still": (step, _OUTCOME)},
        cold_start_s=0,
    )  # fmt: skip
    result = Simulation(scenario, [1.0]).run()
    assert result.functions["stitching"].started_instances == 3
    assert result.latencies_s == pytest.approx([4.5])


def test_a_rate_limit_delays_units_and_keeps_their_instances() -> None:
    step = Step("text_to_speech", 1, 0.1, 0.0, (("speech-requests", 1.0),), ())
    scenario = Scenario(
        101, 1e-6, ("presentation",), 101, {**_PLENTY, "speech-requests": 60.0},
        work={"presentation": (step, _OUTCOME)}, cold_start_s=0,
    )  # fmt: skip
    result = Simulation(scenario, [1.0]).run()
    # One request per second: the last of 101 starts after 100 s.
    assert result.latencies_s[-1] == pytest.approx(100.1)
    assert result.functions["text_to_speech"].delayed_s == pytest.approx(
        result.rate_waits_s["speech-requests"]
    )


def test_cold_starts_are_paid_once_per_instance() -> None:
    scenario = single_queue(4, 0.5, 400)
    cold = Scenario(**{name: getattr(scenario, name) for name in (
        "uploads", "within_s", "recipes", "owners", "values", "work")})  # fmt: skip
    state = Simulation(cold, [1.0]).run().functions["frame_extraction"]
    assert state.started_instances == 4
    assert state.delayed_s == pytest.approx(4 * cold.cold_start_s)


def test_units_over_the_timeout_are_counted() -> None:
    step = Step("notification", 1, 61.0, 0.0, (), ())
    work = {"frames": (Step("frame_extraction", 1, 1.0, 0.0, (), ()), step)}
    result = Simulation(Scenario(3, 1, ("frames",), work=work), [1.0]).run()
    assert result.functions["notification"].over_timeout == 3
    assert result.functions["frame_extraction"].over_timeout == 0
