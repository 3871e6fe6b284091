"""Many jobs of several owners with bounded instances: shares of owners, backlogs, hot documents."""

from __future__ import annotations

import pytest

from tests.fakes.load import schedule
from tests.fakes.load.cloud import Load
from tests.fakes.load.engine import LoadSimulation

pytestmark = pytest.mark.slow

HOUR_S = 3600
SMALL, HEAVY = "s" + "0" * 19, "h"


def add_jobs(simulation: LoadSimulation, owner: str, count: int, recipe: str = "frames") -> None:
    for number in range(count):
        simulation.add_job(f"{owner}{number:019d}", owner, recipe)


@pytest.mark.parametrize(
    ("load", "bound"),
    [
        (Load(instances=2, jobs_per_owner=1, parts_in_flight=1), 1.0),
        (Load(instances=20), 1.0),
        (Load(instances=2, jobs_per_owner=1, parts_in_flight=1, slow=0.01, duplicate=0.01), 3.0),
        (Load(instances=20, slow=0.01, duplicate=0.01), 3.0),
    ],
    ids=["2 instances", "20 instances", "2 with slow messages", "20 with slow messages"],
)
def test_small_owner_starts_soon_although_another_has_100_jobs(load: Load, bound: float) -> None:
    """The first unit of the small owner starts within `bound` work units."""
    simulation = LoadSimulation(1, load)
    add_jobs(simulation, HEAVY, 100)
    simulation.add_job(SMALL, "small", "frames", at_s=300)
    simulation.run(48 * HOUR_S)
    assert not simulation.open_jobs
    uploads_arrive_s = 302
    waited_s = simulation.first_start[SMALL] - uploads_arrive_s
    assert waited_s / load.work_s <= bound
    heavy_end_s = max(end for job, end in simulation.ended.items() if job != SMALL)
    assert simulation.ended[SMALL] < heavy_end_s / 5
    assert simulation.most_running[HEAVY] <= load.jobs_per_owner
    limit = load.jobs_per_owner * load.parts_in_flight
    assert simulation.most_working[HEAVY, "frame_extraction"] <= limit


def test_quota_of_speech_recognition_consumes_no_attempt_and_is_shared_by_owners() -> None:
    """The large owner alone would use up the quota for a quarter of an hour."""
    simulation = LoadSimulation(5, Load(work_s=5.0, recognitions_per_minute=10))
    add_jobs(simulation, HEAVY, 20, "captions")
    simulation.add_job(SMALL, SMALL[0], "captions", at_s=300)
    simulation.run(HOUR_S)
    jobs = [(job, job[0], "captions") for job in simulation.ended]
    schedule.check(simulation, jobs, has_commands=False)
    assert simulation.refused_recognitions > 20
    units = [data for path, (data, _) in simulation.store.documents.items() if "/units/" in path]
    assert {unit["attempt"] for unit in units if unit["stage"] != "notification"} == {1}
    heavy_end_s = max(end for job, end in simulation.ended.items() if job != SMALL)
    assert simulation.ended[SMALL] < 300 + (heavy_end_s - 300) / 2


def test_backlog_of_six_hours_fails_nothing_and_multiplies_no_messages() -> None:
    """Three owners with 20 jobs of 31 windows each."""
    simulation = LoadSimulation(2, Load(duplicate=0.01, part_count=31))
    for owner in "abc":
        add_jobs(simulation, owner, 20)
    # Every instance is taken by other work.
    simulation.busy["frame_extraction"] = 20
    simulation.run(6 * HOUR_S)
    assert len(simulation.open_jobs) == 60
    publishes = [
        count for key, count in simulation.publishes.items() if key[1] == "frame_extraction"
    ]
    assert max(publishes) <= 30
    simulation.busy["frame_extraction"] = 0
    simulation.run(24 * HOUR_S)
    assert not simulation.open_jobs
    jobs = [(job, job[0], "frames") for job in simulation.ended]
    schedule.check(simulation, jobs, has_commands=False)
    counts = list(simulation.publishes.values())
    assert max(counts) <= 30
    assert sum(counts) / len(counts) <= 4
    assert simulation.most_outstanding <= 10


def test_100_units_that_end_in_the_same_second_are_all_committed_once() -> None:
    """The store takes one write a second per document and refuses all others."""
    load = Load(
        instances=100, jobs_per_owner=1, parts_in_flight=100, part_count=100,
        work_s=0.0, write_interval_s=1.0,
    )  # fmt: skip
    simulation = LoadSimulation(3, load)
    simulation.add_job(SMALL, "small", "frames")
    simulation.run(HOUR_S)
    assert not simulation.open_jobs
    parts = {key: count for key, count in simulation.works.items() if "frame_extraction" in key}
    assert len(parts) == 101
    assert set(parts.values()) == {1}, "work was repeated"
    schedule.check_job(simulation, SMALL)


def test_cached_slides_of_a_deck_are_committed_once() -> None:
    load = Load(part_count=40, work_s=0.0, write_interval_s=1.0)
    simulation = LoadSimulation(4, load)
    simulation.add_job(SMALL, "small", "presentation")
    simulation.run(HOUR_S)
    assert not simulation.open_jobs
    assert set(simulation.works.values()) == {1}, "work was repeated"


@pytest.mark.parametrize("schedules", [60, pytest.param(5000, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("sweeper_enabled", [True, False], ids=["sweeper", "no sweeper"])
def test_invariants_hold_in_random_schedules(schedules: int, sweeper_enabled: bool) -> None:
    for seed in range(schedules):
        schedule.run_schedule(seed, sweeper_enabled=sweeper_enabled)
