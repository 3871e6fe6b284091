"""What is tidied away, and what is not: uploads that never came, jobs whose time is over, objects
without a job, counts that drifted."""

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
from shared.jobs.model import Status, UnitState
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


def tidy(world: Simulation) -> None:
    world.run_command("cleanup")
    finish_workers(world)


def status(world: Simulation, job_id: str) -> str | None:
    (doc,) = world.store.read([f"jobs/{job_id}"])
    return None if doc is None else str(doc.data["status"])


# --- uploads that never came --------------------------------------------------------------------


def test_a_job_whose_upload_never_came_fails_tells_it_and_can_be_redriven() -> None:
    world = make_simulation(recipe="frames")
    world.advance_time(UPLOAD_TIMEOUT_DAYS * DAY_S + 1)
    tidy(world)
    assert status(world, JOB) == Status.FAILED
    assert world.job.error is not None
    assert world.job.error["code"] == "upload-abandoned"
    deliver_all_messages(world)
    assert world.notifications_sent["0-failed.e0"] == 1
    world.run_command("redrive")
    finish_workers(world)
    assert status(world, JOB) == Status.AWAITING_UPLOAD
    tidy(world)
    world.upload_input("video")
    deliver_all_messages(world)
    assert (world.job.status, world.job.epoch) == (Status.DONE, 1)


def test_an_upload_that_takes_a_week_is_waited_for() -> None:
    world = make_simulation(recipe="frames")
    world.advance_time(7 * DAY_S)
    tidy(world)
    world.upload_input("video")
    deliver_all_messages(world)
    assert world.job.status is Status.DONE


def test_an_upload_that_arrives_at_the_last_moment_is_not_thrown_away() -> None:
    """One input is being probed while the job is about to be given up."""
    world = make_simulation(recipe="still")
    world.advance_time(UPLOAD_TIMEOUT_DAYS * DAY_S + 1)
    world.upload_input("picture")
    world.deliver(0)
    while not isinstance(world.workers[0].effect, effects.RunUnit):
        world.step(0)
    world.run_command("cleanup")
    while len(world.workers) > 1:
        world.step(1)
    assert world.job.status is Status.AWAITING_UPLOAD
    finish_workers(world)


def test_an_answer_lost_to_the_giving_up_still_has_it_told() -> None:
    world = make_simulation(recipe="frames")
    world.advance_time(UPLOAD_TIMEOUT_DAYS * DAY_S + 1)
    world.lose_response()
    tidy(world)
    world.advance_time(STALLED_S + 1)
    world.run_command("sweep")
    finish_workers(world)
    deliver_all_messages(world)
    assert world.notifications_sent["0-failed.e0"] == 1


# --- what has expired ---------------------------------------------------------------------------


def test_an_expired_job_goes_as_if_its_owner_had_deleted_it() -> None:
    world = make_simulation(recipe="frames")
    world.upload_input("video")
    deliver_all_messages(world)
    world.advance_time(31 * DAY_S)
    tidy(world)
    invariants.check_final_state(world)
    assert world.job.status is Status.DELETED


def test_a_job_lives_until_its_last_second() -> None:
    world = make_simulation(recipe="frames")
    world.upload_input("video")
    deliver_all_messages(world)
    world.now = world.job.expires_at
    tidy(world)
    assert world.job.status is Status.DONE


def test_a_redrive_gives_a_job_its_time_anew() -> None:
    world = make_simulation(recipe="frames")
    world.upload_input("video")
    world.deliver(0)
    while world.workers:
        world.step(0, "failed")
    world.advance_time(29 * DAY_S)
    world.run_command("redrive")
    finish_workers(world)
    world.advance_time(2 * DAY_S)
    tidy(world)
    assert not world.is_deleted


def test_a_tombstone_goes_after_its_eight_days_and_after_its_second_purge() -> None:
    world = make_simulation(recipe="frames")
    world.run_command("delete")
    finish_workers(world)
    world.advance_time(9 * DAY_S)
    tidy(world)
    assert status(world, JOB) == Status.DELETED, "the second purge is yet to come"
    for _ in range(2):
        world.run_command("sweep")
        finish_workers(world)
        tidy(world)
    assert status(world, JOB) is None


# --- objects without a job ----------------------------------------------------------------------


def lived_in(jobs: int, orphans: int) -> Simulation:
    """A house with so many jobs that have objects, and so many folders without a job."""
    world = make_simulation(recipe="frames")
    for n in range(jobs):
        name = f"{n:020d}"
        world.add_job(name, "frames")
        world.prefixes.add(name)
    world.prefixes |= {f"orphan{n:014d}" for n in range(orphans)}
    return world


def search(world: Simulation) -> None:
    """Look for orphans in every place once."""
    for _ in job_prefixes():
        tidy(world)


def left(world: Simulation) -> int:
    return sum(name.startswith("orphan") for name in world.prefixes)


def test_objects_whose_job_is_gone_are_removed_and_no_others() -> None:
    world = lived_in(jobs=100, orphans=7)
    # A cache of an owner's, named by a hash, outlives jobs; a folder of whoever is not ours.
    world.prefixes |= {"a" * 32, "something-else"}
    search(world)
    assert left(world) == 0
    assert len(world.prefixes) == 102


def test_orphans_are_looked_for_wherever_a_job_has_a_folder() -> None:
    of_job = {(one.bucket, one.prefix.removesuffix(f"{JOB}/")) for one in job_folders(JOB)}
    others = {
        place for row in FUNCTIONS.values() if not row.task_collection for place in row.writes
    }
    tasks = {
        place for row in FUNCTIONS.values() if row.task_collection for place in row.writes
    } - others
    put_aside = {place for place in of_job if place[1].startswith(QUARANTINE_PREFIX)}

    assert set(job_prefixes()) == of_job - tasks - put_aside
    # A deck that a person edited is a job's as well, though no stage of the chain wrote it.
    assert (Bucket.WORK, DECKS_PREFIX) in job_prefixes()


def test_a_ledger_that_lost_its_jobs_does_not_cost_their_objects() -> None:
    world = lived_in(jobs=100, orphans=MAX_ORPHANS_OF_ANY_SHARE + 1)
    for n in range(50):
        assert world.store.commit([Delete(f"jobs/{n:020d}")]) is CommitResult.OK
    said = world.run(_said(cleanup.remove_orphans(world.now, world.clock_and_ids)))
    assert len(world.prefixes) == 111, "nothing is removed, not even a part of it"
    assert [one.name for one in said] == ["orphans.too_many"]
    assert said[0].fields["orphans"] == 61
    assert said[0].fields["severity"] == "ERROR"


def _said(flow: effects.Flow[Any]) -> effects.Flow[list[effects.LogEvent]]:
    """Runs a flow and gathers what it says."""
    said: list[effects.LogEvent] = []
    value: Any = None
    try:
        while True:
            effect = flow.send(value)
            if isinstance(effect, effects.LogEvent):
                said.append(effect)
            value = yield effect
    except StopIteration:
        return said


def test_a_tombstone_still_owns_its_objects() -> None:
    world = lived_in(jobs=100, orphans=0)
    world.prefixes.add(JOB)
    world.run_command("delete")
    finish_workers(world)
    world.prefixes.add(JOB)
    search(world)
    assert JOB in world.prefixes, "the second purge takes them, or eight days"


def test_orphans_are_looked_for_once_a_day_by_one_sweeper() -> None:
    world = lived_in(jobs=100, orphans=0)
    search(world)
    world.prefixes.add(f"orphan{1:014d}")
    for _ in range(3):
        world.advance_time(ORPHAN_SEARCH_INTERVAL_S / 4)
        search(world)
    assert left(world) == 1
    world.advance_time(ORPHAN_SEARCH_INTERVAL_S / 4 + 1)
    world.run_command("cleanup")
    world.run_command("cleanup")
    listed = 0
    while world.workers:
        listed += isinstance(world.workers[0].effect, effects.ListPrefixes)
        world.step(0)
    assert left(world) == 0
    assert listed <= 2, "each place is looked at by one of them"


def test_a_search_that_takes_long_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    world = lived_in(jobs=100, orphans=9)

    def slow(job_id: str) -> effects.Flow[None]:
        world.now += timedelta(seconds=CLEANUP_S / 3)
        return real(job_id)

    real = cleanup._remove
    monkeypatch.setattr(cleanup, "_remove", slow)
    tidy(world)
    assert 0 < left(world) < 9
    for _ in range(4):
        tidy(world)
    assert left(world) == 0


def test_a_job_that_appears_while_orphans_are_listed_is_left_alone() -> None:
    world = lived_in(jobs=100, orphans=1)
    flow = cleanup.remove_orphans(world.now, world.clock_and_ids)
    late = f"orphan{0:014d}"
    reads = 0

    def watched() -> effects.Flow[int]:
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
                    world.add_job(late, "frames")

    assert world.run(watched()) == 0
    assert reads == 2
    assert left(world) == 1


# --- bounds -------------------------------------------------------------------------------------


def test_jobs_that_cannot_be_read_do_not_keep_the_others_from_being_tidied() -> None:
    world = make_simulation(recipe="frames", page_size=2)
    for n in range(7):
        strange = f"{n}" * 20
        world.add_job(strange, "frames")
        broken = Update(f"jobs/{strange}", {"recipe": "a-recipe-that-is-no-more"})
        assert world.store.commit([broken]) is CommitResult.OK
        world.advance_time(1)
    sooner = Update(f"jobs/{JOB}", {"expires_at": world.now + timedelta(days=30, seconds=9)})
    assert world.store.commit([sooner]) is CommitResult.OK
    world.advance_time(31 * DAY_S)
    for _ in range(5):
        tidy(world)
    assert world.is_deleted


def test_tidying_ends_in_its_time_and_goes_on_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = make_simulation(recipe="frames")
    for n in range(9):
        world.add_job(f"{n}" * 20, "frames")
    world.advance_time(31 * DAY_S)

    def slow(job_id: str, clock: effects.ClockAndIds) -> effects.Flow[None]:
        world.now += timedelta(seconds=CLEANUP_S / 4)
        return real(job_id, clock)

    real = cleanup.fail_without_uploads
    monkeypatch.setattr(cleanup, "fail_without_uploads", slow)
    tidy(world)
    failed = [n for n in range(9) if status(world, f"{n}" * 20) == Status.FAILED]
    assert 0 < len(failed) <= 5
    for _ in range(3):
        tidy(world)
    assert all(status(world, f"{n}" * 20) != Status.AWAITING_UPLOAD for n in range(9))


def test_the_sweep_and_the_tidying_together_fit_into_the_sweepers_time() -> None:
    for row in FUNCTIONS.values():
        if isinstance(row.trigger, ScheduleTrigger):
            assert row.soft_deadline_s > SWEEP_S + CLEANUP_S


# --- counts that drifted ------------------------------------------------------------------------


@pytest.mark.parametrize("by", [-1, 1])
def test_a_count_that_drifted_is_set_right_and_the_job_goes_on(by: int) -> None:
    world = make_simulation(recipe="frames", part_count=3)
    world.upload_input("video")
    while world.stage("frame_extraction")["total"] is None:
        world.deliver(0)
        finish_workers(world)
    world.deliver(0)
    finish_workers(world)
    assert world.stage("frame_extraction")["done"] == 1
    stage = f"jobs/{JOB}/stages/frame_extraction-0"
    assert world.store.commit([Update(stage, {"done": Increment(by)})]) is CommitResult.OK
    if by < 0:
        # Nobody would ever see the count complete.
        for _ in range(20):
            world.deliver(0)
            finish_workers(world)
        assert world.job.status is Status.RUNNING
    world.messages.clear()
    world.advance_time(STALLED_S + 1)
    world.run_command("sweep")
    finish_workers(world)
    invariants.check_always(world)
    deliver_all_messages(world)
    assert world.job.status is Status.DONE


def test_a_part_that_is_counted_during_the_recount_is_not_taken_away() -> None:
    world = make_simulation(recipe="frames", part_count=2)
    world.upload_input("video")
    while world.stage("frame_extraction")["total"] is None:
        world.deliver(0)
        finish_workers(world)
    world.deliver(0)
    slow = world.workers[0]
    while not isinstance(slow.effect, effects.Commit) or not any(
        getattr(one, "fields", {}).get("state") == UnitState.DONE for one in slow.effect.writes
    ):
        world.step(0)
    stage = f"jobs/{JOB}/stages/frame_extraction-0"
    assert world.store.commit([Update(stage, {"done": Increment(1)})]) is CommitResult.OK
    world.advance_time(STALLED_S + 1)
    world.run_command("sweep")
    # The recount has read the stage and is about to write when the slow part is counted.
    while not isinstance(world.workers[1].effect, effects.Commit):
        world.step(1)
    world.step(0)
    assert world.stage("frame_extraction")["done"] == 2
    finish_workers(world)
    world.advance_time(1200)
    world.run_command("sweep")
    finish_workers(world)
    invariants.check_always(world)
