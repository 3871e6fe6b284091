"""Cleanup in the simulation: missing uploads, expired jobs, objects without a job, counters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.documents import CommitResult, Delete, Increment, Update
from shared.jobs.maintenance import cleanup
from shared.jobs.maintenance.cleanup import (
    CLEANUP_S,
    MAX_ORPHANS_OF_ANY_SHARE,
    ORPHAN_SEARCH_INTERVAL_S,
    UPLOAD_TIMEOUT_DAYS,
    job_prefixes,
)
from shared.jobs.maintenance.sweep import SWEEP_S
from shared.jobs.model import Status
from shared.jobs.stage import UnitState
from shared.pipeline import (
    DECKS_PREFIX,
    FUNCTIONS,
    QUARANTINE_PREFIX,
    STALLED_S,
    Bucket,
    ScheduleTrigger,
)
from shared.privacy.data_requests import job_folders
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import JOB, Simulation
from tests.unit.shared.jobs.test_single_faults import (
    deliver_all_messages,
    finish_workers,
    make_simulation,
)

DAY_S = 86_400


def run_cleanup(simulation: Simulation) -> None:
    simulation.run_command("cleanup")
    finish_workers(simulation)


def read_status(simulation: Simulation, job_id: str) -> str | None:
    (doc,) = simulation.store.read([f"jobs/{job_id}"])
    return None if doc is None else str(doc.data["status"])


# --- missing uploads ----------------------------------------------------------------------------


def test_job_without_upload_fails_and_can_be_redriven() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.advance_time(UPLOAD_TIMEOUT_DAYS * DAY_S + 1)
    run_cleanup(simulation)
    assert read_status(simulation, JOB) == Status.FAILED
    assert simulation.job.error is not None
    assert simulation.job.error["code"] == "upload-abandoned"
    deliver_all_messages(simulation)
    assert simulation.notifications_sent["0-failed.e0"] == 1
    simulation.run_command("redrive")
    finish_workers(simulation)
    assert read_status(simulation, JOB) == Status.AWAITING_UPLOAD
    run_cleanup(simulation)
    simulation.upload_input("video")
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.epoch) == (Status.DONE, 1)


def test_job_waits_a_week_for_its_upload() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.advance_time(7 * DAY_S)
    run_cleanup(simulation)
    simulation.upload_input("video")
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_job_with_an_upload_in_progress_is_not_failed() -> None:
    """One input is processed while the cleanup is about to fail the job."""
    simulation = make_simulation(recipe="still")
    simulation.advance_time(UPLOAD_TIMEOUT_DAYS * DAY_S + 1)
    simulation.upload_input("picture")
    simulation.deliver(0)
    while not isinstance(simulation.workers[0].effect, effects.RunUnit):
        simulation.step(0)
    simulation.run_command("cleanup")
    while len(simulation.workers) > 1:
        simulation.step(1)
    assert simulation.job.status is Status.AWAITING_UPLOAD
    finish_workers(simulation)


def test_lost_response_to_the_failure_still_announces_it() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.advance_time(UPLOAD_TIMEOUT_DAYS * DAY_S + 1)
    simulation.lose_response()
    run_cleanup(simulation)
    simulation.advance_time(STALLED_S + 1)
    simulation.run_command("sweep")
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert simulation.notifications_sent["0-failed.e0"] == 1


# --- expired jobs -------------------------------------------------------------------------------


def test_expired_job_is_deleted() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.upload_input("video")
    deliver_all_messages(simulation)
    simulation.advance_time(31 * DAY_S)
    run_cleanup(simulation)
    invariants.check_final_state(simulation)
    assert simulation.job.status is Status.DELETED


def test_job_is_kept_until_it_expires() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.upload_input("video")
    deliver_all_messages(simulation)
    simulation.now = simulation.job.expires_at
    run_cleanup(simulation)
    assert simulation.job.status is Status.DONE


def test_redrive_resets_the_expiry() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.upload_input("video")
    simulation.deliver(0)
    while simulation.workers:
        simulation.step(0, "failed")
    simulation.advance_time(29 * DAY_S)
    simulation.run_command("redrive")
    finish_workers(simulation)
    simulation.advance_time(2 * DAY_S)
    run_cleanup(simulation)
    assert not simulation.is_deleted


def test_tombstone_is_removed_after_eight_days_and_second_purge() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.run_command("delete")
    finish_workers(simulation)
    simulation.advance_time(9 * DAY_S)
    run_cleanup(simulation)
    assert read_status(simulation, JOB) == Status.DELETED, "the second purge has not run yet"
    for _ in range(2):
        simulation.run_command("sweep")
        finish_workers(simulation)
        run_cleanup(simulation)
    assert read_status(simulation, JOB) is None


# --- objects without a job ----------------------------------------------------------------------


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
    flow = cleanup.remove_orphans(simulation.now, simulation.clock_and_ids)
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

    real = cleanup._remove
    monkeypatch.setattr(cleanup, "_remove", slow)
    run_cleanup(simulation)
    assert 0 < count_orphans(simulation) < 9
    for _ in range(4):
        run_cleanup(simulation)
    assert count_orphans(simulation) == 0


def test_job_created_during_the_search_is_kept() -> None:
    simulation = make_simulation_with_objects(jobs=100, orphans=1)
    flow = cleanup.remove_orphans(simulation.now, simulation.clock_and_ids)
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


# --- bounds -------------------------------------------------------------------------------------


def test_unreadable_jobs_do_not_block_the_cleanup() -> None:
    simulation = make_simulation(recipe="frames", page_size=2)
    for n in range(7):
        job_id = f"{n}" * 20
        simulation.add_job(job_id, "frames")
        unknown = Update(f"jobs/{job_id}", {"recipe": "an-unknown-recipe"})
        assert simulation.store.commit([unknown]) is CommitResult.OK
        simulation.advance_time(1)
    expiry = Update(f"jobs/{JOB}", {"expires_at": simulation.now + timedelta(days=30, seconds=9)})
    assert simulation.store.commit([expiry]) is CommitResult.OK
    simulation.advance_time(31 * DAY_S)
    for _ in range(5):
        run_cleanup(simulation)
    assert simulation.is_deleted


def test_cleanup_stops_in_time_and_continues_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    simulation = make_simulation(recipe="frames")
    for n in range(9):
        simulation.add_job(f"{n}" * 20, "frames")
    simulation.advance_time(31 * DAY_S)

    def slow(job_id: str, clock: effects.ClockAndIds) -> effects.Flow[None]:
        simulation.now += timedelta(seconds=CLEANUP_S / 4)
        return real(job_id, clock)

    real = cleanup.fail_without_uploads
    monkeypatch.setattr(cleanup, "fail_without_uploads", slow)
    run_cleanup(simulation)
    failed = [n for n in range(9) if read_status(simulation, f"{n}" * 20) == Status.FAILED]
    assert 0 < len(failed) <= 5
    for _ in range(3):
        run_cleanup(simulation)
    assert all(read_status(simulation, f"{n}" * 20) != Status.AWAITING_UPLOAD for n in range(9))


def test_sweep_and_cleanup_fit_into_the_sweeper_timeout() -> None:
    for row in FUNCTIONS.values():
        if isinstance(row.trigger, ScheduleTrigger):
            assert row.soft_deadline_s > SWEEP_S + CLEANUP_S


# --- counters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [-1, 1])
def test_wrong_counter_is_corrected(by: int) -> None:
    simulation = make_simulation(recipe="frames", part_count=3)
    simulation.upload_input("video")
    while simulation.stage("frame_extraction")["total"] is None:
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.deliver(0)
    finish_workers(simulation)
    assert simulation.stage("frame_extraction")["done"] == 1
    stage = f"jobs/{JOB}/stages/frame_extraction-0"
    assert simulation.store.commit([Update(stage, {"done": Increment(by)})]) is CommitResult.OK
    if by < 0:
        # The count never becomes complete.
        for _ in range(20):
            simulation.deliver(0)
            finish_workers(simulation)
        assert simulation.job.status is Status.RUNNING
    simulation.messages.clear()
    simulation.advance_time(STALLED_S + 1)
    simulation.run_command("sweep")
    finish_workers(simulation)
    invariants.check_always(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_recount_keeps_a_part_counted_meanwhile() -> None:
    simulation = make_simulation(recipe="frames", part_count=2)
    simulation.upload_input("video")
    while simulation.stage("frame_extraction")["total"] is None:
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.deliver(0)
    slow = simulation.workers[0]
    while not isinstance(slow.effect, effects.Commit) or not any(
        getattr(write, "fields", {}).get("state") == UnitState.DONE for write in slow.effect.writes
    ):
        simulation.step(0)
    stage = f"jobs/{JOB}/stages/frame_extraction-0"
    assert simulation.store.commit([Update(stage, {"done": Increment(1)})]) is CommitResult.OK
    simulation.advance_time(STALLED_S + 1)
    simulation.run_command("sweep")
    # The recount has read the stage and is about to write when the slow part is counted.
    while not isinstance(simulation.workers[1].effect, effects.Commit):
        simulation.step(1)
    simulation.step(0)
    assert simulation.stage("frame_extraction")["done"] == 2
    finish_workers(simulation)
    simulation.advance_time(1200)
    simulation.run_command("sweep")
    finish_workers(simulation)
    invariants.check_always(simulation)
