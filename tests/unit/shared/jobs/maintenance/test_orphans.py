"""The search for orphans: objects whose job is gone, found page by page in bounded time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.documents import CommitResult, Delete, Put
from shared.jobs.maintenance import orphans
from shared.jobs.maintenance.cleanup import CLEANUP_S
from shared.jobs.maintenance.orphans import (
    MAX_ORPHANS_OF_ANY_SHARE,
    ORPHAN_SEARCH_INTERVAL_S,
    PAGE_SIZE,
    job_prefixes,
    remove_orphans,
)
from shared.pipeline import DECKS_PREFIX, FUNCTIONS, QUARANTINE_PREFIX, Bucket
from shared.privacy.data_requests import job_folders
from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import JOB
from tests.unit.shared.jobs.simulation_steps import finish_workers, make_simulation, run_cleanup


def make_simulation_with_objects(jobs: int, orphans: int) -> Simulation:
    """Returns a simulation with `jobs` jobs that have objects, and `orphans` folders without a
    job."""
    simulation = make_simulation(recipe="frames")
    for n in range(jobs):
        name = f"{n:020d}"
        simulation.add_job(name, "frames")
        simulation.prefixes.add(name)
    simulation.prefixes |= {f"orphan{n:014d}" for n in range(orphans)}
    return simulation


def search(simulation: Simulation) -> effects.Flow[int]:
    """Returns the flow of one search, with the time of a cleanup."""
    time_limit = simulation.now + timedelta(seconds=CLEANUP_S)
    return remove_orphans(time_limit, simulation.clock_and_ids)


def search_orphans(simulation: Simulation) -> None:
    """Searches every prefix once."""
    for _ in job_prefixes():
        run_cleanup(simulation)


def count_orphans(simulation: Simulation) -> int:
    return sum(name.startswith("orphan") for name in simulation.prefixes)


def test_only_objects_without_a_job_are_removed() -> None:
    simulation = make_simulation_with_objects(jobs=100, orphans=7)
    # The cache of an owner, named by a hash, and a folder that does not name a job.
    simulation.prefixes |= {"a" * 32, "something-else"}
    search_orphans(simulation)
    assert count_orphans(simulation) == 0
    assert len(simulation.prefixes) == 102


def test_job_prefixes_are_all_folders_of_jobs() -> None:
    prefixes = {
        (folder.bucket, folder.prefix.removesuffix(f"{JOB}/")) for folder in job_folders(JOB)
    }
    of_jobs = {
        written for row in FUNCTIONS.values() if not row.task_collection for written in row.writes
    }
    of_tasks = {
        written for row in FUNCTIONS.values() if row.task_collection for written in row.writes
    } - of_jobs
    quarantined = {prefix for prefix in prefixes if prefix[1].startswith(QUARANTINE_PREFIX)}

    assert set(job_prefixes()) == prefixes - of_tasks - quarantined
    # The API writes edited decks, which belong to a job as well.
    assert (Bucket.WORK, DECKS_PREFIX) in job_prefixes()


def test_nothing_is_removed_when_many_jobs_are_missing() -> None:
    simulation = make_simulation_with_objects(jobs=100, orphans=MAX_ORPHANS_OF_ANY_SHARE + 1)
    for n in range(50):
        assert simulation.store.commit([Delete(f"jobs/{n:020d}")]) is CommitResult.OK
    flow = search(simulation)
    [event] = simulation.run(_collect_log_events(flow))
    assert len(simulation.prefixes) == 111, "some objects were removed"
    assert event.name == "orphans.too_many"
    assert event.fields["orphans"] == 61
    assert event.fields["severity"] == "ERROR"


def _collect_log_events(flow: effects.Flow[Any]) -> effects.Flow[list[effects.LogEvent]]:
    """Runs a flow and returns its log events."""
    events: list[effects.LogEvent] = []
    value: Any = None
    try:
        while True:
            effect = flow.send(value)
            if isinstance(effect, effects.LogEvent):
                events.append(effect)
            value = yield effect
    except StopIteration:
        return events


def test_objects_of_a_tombstone_are_no_orphans() -> None:
    simulation = make_simulation_with_objects(jobs=100, orphans=0)
    simulation.prefixes.add(JOB)
    simulation.run_command("delete")
    finish_workers(simulation)
    simulation.prefixes.add(JOB)
    search_orphans(simulation)
    assert JOB in simulation.prefixes, "the second purge removes them"


def test_orphans_are_searched_once_a_day_by_one_sweeper() -> None:
    simulation = make_simulation_with_objects(jobs=100, orphans=0)
    search_orphans(simulation)
    simulation.prefixes.add(f"orphan{1:014d}")
    for _ in range(3):
        simulation.advance_time(ORPHAN_SEARCH_INTERVAL_S / 4)
        search_orphans(simulation)
    assert count_orphans(simulation) == 1
    simulation.advance_time(ORPHAN_SEARCH_INTERVAL_S / 4 + 1)
    simulation.run_command("cleanup")
    simulation.run_command("cleanup")
    listed = 0
    while simulation.workers:
        listed += isinstance(simulation.workers[0].effect, effects.ListPrefixes)
        simulation.step(0)
    assert count_orphans(simulation) == 0
    assert listed <= 2, "both sweepers searched the same prefix"


def test_long_search_continues_with_the_same_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = make_simulation_with_objects(jobs=100, orphans=9)

    def slow(job_id: str) -> effects.Flow[None]:
        simulation.now += timedelta(seconds=CLEANUP_S / 3)
        return real(job_id)

    real = orphans._remove
    monkeypatch.setattr(orphans, "_remove", slow)
    run_cleanup(simulation)
    assert 0 < count_orphans(simulation) < 9
    for _ in range(4):
        run_cleanup(simulation)
    assert count_orphans(simulation) == 0


def test_job_created_during_the_search_is_kept() -> None:
    simulation = make_simulation_with_objects(jobs=100, orphans=1)
    flow = search(simulation)
    late = f"orphan{0:014d}"
    reads = 0

    def add_job_at_first_read() -> effects.Flow[int]:
        nonlocal reads
        value: Any = None
        while True:
            try:
                effect = flow.send(value)
            except StopIteration as end:
                return int(end.value)
            value = yield effect
            if isinstance(effect, effects.Read) and f"jobs/{late}" in effect.paths:
                reads += 1
                if reads == 1:
                    simulation.add_job(late, "frames")

    assert simulation.run(add_job_at_first_read()) == 0
    assert reads == 2
    assert count_orphans(simulation) == 1


def test_search_looks_at_the_clock_between_pages() -> None:
    """Each read of documents takes a second, so a call has time for some of 20,000 folders."""
    simulation = make_simulation_with_objects(jobs=0, orphans=0)
    simulation.prefixes |= {f"{n:020d}" for n in range(20_000)}
    flow: Any = search(simulation)
    value, reads = None, 0
    while True:
        try:
            effect = flow.send(value)
        except StopIteration:
            break
        if isinstance(effect, effects.Read) and len(effect.paths) > 1:
            reads += 1
            simulation.now += timedelta(seconds=1)
        value = simulation._perform(effect, None, "done")

    assert reads < 2 * CLEANUP_S, f"{reads} batches of documents were read in one call"


def test_search_of_many_folders_is_continued_where_it_stopped() -> None:
    """Each page takes all the time of a call."""
    simulation = make_simulation_with_objects(jobs=2 * PAGE_SIZE + 10, orphans=5)
    pages: list[tuple[str, ...]] = []
    for _ in range(3 + 4):
        flow: Any = search(simulation)
        value: Any = None
        while True:
            try:
                effect = flow.send(value)
            except StopIteration:
                break
            value = simulation._perform(effect, None, "done")
            if isinstance(effect, effects.ListPrefixes):
                assert (effect.bucket, effect.prefix) == job_prefixes()[0]
                pages.append(value)
                simulation.now += timedelta(seconds=CLEANUP_S)

    assert [len(page) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 15, 4, 3, 2, 1]
    assert len(set().union(*pages)) == 2 * PAGE_SIZE + 15
    assert count_orphans(simulation) == 0


def test_prefix_that_left_the_table_is_passed_over() -> None:
    simulation = make_simulation_with_objects(jobs=1, orphans=0)
    for name, following in (("a-bucket/none/", 0), ("outputs/none/", 1), ("z-bucket/none/", 0)):
        fields = {"place": name, "after": "x", "next_at": simulation.now}
        simulation.store.commit([Put(orphans.ORPHAN_SEARCH_PATH, fields)])
        flow = search(simulation)
        value: Any = None
        while not isinstance(effect := flow.send(value), effects.ListPrefixes):
            value = simulation._perform(effect, None, "done")
        place = (effect.bucket, effect.prefix)
        assert place == job_prefixes()[following]
        assert effect.after == ""


def test_interrupted_search_is_continued_at_its_place() -> None:
    """A sweeper that is stopped during a search must not skip the prefix for a day."""
    simulation = make_simulation_with_objects(jobs=100, orphans=5)
    simulation.run_command("cleanup")
    while not isinstance(simulation.workers[0].effect, effects.ListPrefixes):
        simulation.step(0)
    place = simulation.workers[0].effect
    simulation.crash_worker(0)

    simulation.advance_time(3600)
    simulation.run_command("cleanup")
    while not isinstance(simulation.workers[0].effect, effects.ListPrefixes):
        simulation.step(0)

    assert simulation.workers[0].effect == place, "the interrupted place was skipped"
    run_cleanup(simulation)
    assert count_orphans(simulation) == 0
