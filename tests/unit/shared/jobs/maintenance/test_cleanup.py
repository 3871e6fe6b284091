"""Cleanup in the simulation: missing uploads, expired jobs, time limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.documents import CommitResult, Update
from shared.jobs.maintenance import cleanup, sweep
from shared.jobs.maintenance.cleanup import CLEANUP_S, UPLOAD_TIMEOUT_DAYS
from shared.jobs.maintenance.sweep import SWEEP_S
from shared.jobs.model import Status
from shared.pipeline import FUNCTIONS, STALLED_S, ScheduleTrigger
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import JOB
from tests.unit.shared.jobs.simulation_steps import (
    deliver_all_messages,
    finish_workers,
    make_simulation,
    run_cleanup,
)

DAY_S = 86_400


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


def test_job_whose_last_upload_arrives_is_not_failed() -> None:
    """The last upload is delivered while the cleanup is about to fail the job."""
    simulation = make_simulation(recipe="still")
    simulation.upload_input("picture")
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.AWAITING_UPLOAD
    simulation.advance_time(UPLOAD_TIMEOUT_DAYS * DAY_S + 1)
    simulation.upload_input("sound")
    simulation.run_command("cleanup")
    while not isinstance(simulation.workers[0].effect, effects.Commit):
        simulation.step(0)
    simulation.deliver(0)
    while len(simulation.workers) > 1:
        simulation.step(1)
    assert str(simulation.job.status) == "running"
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert str(simulation.job.status) == "done"
    assert simulation.terminal_states == ["done.e0.r0"]


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


def test_sweep_of_many_tombstones_stops_in_time() -> None:
    """Each purge takes five seconds. The sweeper also has to clean up."""
    simulation = make_simulation(recipe="frames")
    for n in range(80):
        simulation.add_job(f"{n:020d}", "frames")
        fields = {"status": Status.DELETED, "purge_again_at": simulation.now}
        simulation.store.commit([Update(f"jobs/{n:020d}", fields)])
    simulation.advance_time(60)

    def run_sweep() -> tuple[float, int]:
        """Returns the seconds and the number of purged jobs."""
        flow: Any = sweep.sweep(simulation.clock_and_ids)
        value: Any = None
        started_at, purged = simulation.now, 0
        while True:
            try:
                effect = flow.send(value)
            except StopIteration:
                return (simulation.now - started_at).total_seconds(), purged
            if isinstance(effect, effects.PurgeJob):
                simulation.now += timedelta(seconds=5)
                purged += 1
            value = simulation._perform(effect, None, "done")

    first, second = run_sweep(), run_sweep()
    assert first[0] < SWEEP_S + 10, f"the sweep took {first[0]} s"
    assert first[1] + second[1] == 80


def test_sweep_and_cleanup_fit_into_the_sweeper_timeout() -> None:
    for row in FUNCTIONS.values():
        if isinstance(row.trigger, ScheduleTrigger):
            assert row.soft_deadline_s > SWEEP_S + CLEANUP_S
