"""Single faults in the simulation: lost responses, late workers, stopped jobs, edits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.documents import CommitResult, Delete, Update, all_documents, job_path
from shared.flows.envelope import Envelope
from shared.jobs import deliver
from shared.jobs.commands import deck_review
from shared.jobs.commit import join_writes
from shared.jobs.model import Status, UnitState
from shared.jobs.outcomes import UnitDone
from shared.pipeline import FUNCTIONS
from shared.recipes.stored_object import Artifact
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import FAST_WEBHOOK, JOB, Simulation


def make_simulation(**fields: Any) -> Simulation:
    """Returns a simulation with one webhook that accepts every call."""
    return Simulation(webhooks=(FAST_WEBHOOK,), **fields)


def finish_workers(simulation: Simulation) -> None:
    """Runs all workers to their end."""
    while simulation.workers:
        simulation.step(0)


def deliver_all_messages(simulation: Simulation, max_count: int = 50) -> None:
    """Delivers all messages without faults and without advancing the clock."""
    for _ in range(max_count):
        simulation.deliver(0)
        finish_workers(simulation)
    assert not simulation.messages, f"still refused: {simulation.messages[0].envelope}"


def fail_first_part(simulation: Simulation) -> None:
    """Fails the job in the part of its upload."""
    simulation.upload_input("video")
    simulation.deliver(0)
    while simulation.workers:
        simulation.step(0, "failed")


def test_lost_response_to_a_claim_costs_no_attempt() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.upload_input("video")
    simulation.lose_response()
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE
    assert {unit.attempt for unit in simulation.units()} == {1}


def test_lost_response_to_a_failure_still_announces_it() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.upload_input("video")
    simulation.deliver(0)
    while not simulation.has_permanent_error:
        simulation.step(0, "failed")
    simulation.lose_response()
    deliver_all_messages(simulation)
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.FAILED
    assert simulation.notifications_sent["0-failed.e0"] == 1


def test_lost_response_to_a_redrive_still_announces_the_units() -> None:
    simulation = make_simulation(recipe="frames")
    fail_first_part(simulation)
    deliver_all_messages(simulation)
    simulation.lose_response()
    simulation.run_command("redrive")
    finish_workers(simulation)
    deliver_all_messages(simulation)
    invariants.check_always(simulation)
    assert (simulation.job.status, simulation.job.epoch) == (Status.DONE, 1)
    assert {unit.state for unit in simulation.units()} == {UnitState.DONE}


def use_all_attempts(simulation: Simulation) -> None:
    """Retries the part of the upload in all but its last attempt; its message stays."""
    simulation.upload_input("video")
    for _ in range(FUNCTIONS["upload_trigger"].max_attempts - 1):
        simulation.deliver(0)
        while simulation.workers:
            simulation.step(0, "retry")
        simulation.advance_time(100)


def test_late_decision_of_an_older_epoch_does_not_fail_the_job() -> None:
    simulation = make_simulation(recipe="frames")
    use_all_attempts(simulation)
    unit = f"jobs/{JOB}/units/upload_trigger-0-video"
    exhausted = {"attempt": FUNCTIONS["upload_trigger"].max_attempts}
    assert simulation.store.commit([Update(unit, exhausted)]) is CommitResult.OK
    simulation.duplicate_message(0)
    simulation.deliver(0)
    simulation.step(0)
    late = simulation.workers[0]
    # The first delivery has read and decided; the second one decides the same and finishes first.
    simulation.deliver(0)
    while len(simulation.workers) > 1:
        simulation.step(1)
    assert simulation.job.status is Status.FAILED
    simulation.run_command("redrive")
    while len(simulation.workers) > 1:
        simulation.step(1)
    assert simulation.workers == [late]
    finish_workers(simulation)
    assert simulation.job.status is not Status.FAILED
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.epoch) == (Status.DONE, 1)


def test_failure_from_an_older_epoch_only_releases_the_unit() -> None:
    simulation = make_simulation(recipe="still")
    simulation.upload_input("picture")
    simulation.upload_input("sound")
    simulation.deliver(0)
    slow = simulation.workers[0]
    assert isinstance(slow.effect, effects.Read)
    simulation.step(0)
    # It has decided and is about to claim when the other part fails the job, which is redriven.
    simulation.deliver(0)
    while len(simulation.workers) > 1:
        simulation.step(1, "failed")
    simulation.run_command("redrive")
    while len(simulation.workers) > 1:
        simulation.step(1)
    while simulation.workers:
        simulation.step(0, "failed")
    assert not simulation.job.is_terminal
    simulation.advance_time(FUNCTIONS["upload_trigger"].backoff(1))
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.epoch) == (Status.DONE, 1)


def run_sweeper(simulation: Simulation) -> None:
    simulation.run_command("sweep")
    finish_workers(simulation)


def stop_silently(simulation: Simulation) -> None:
    """Loses the only message of the upload."""
    simulation.upload_input("video")
    simulation.messages.clear()


def test_unreadable_jobs_do_not_block_the_sweeper() -> None:
    simulation = make_simulation(recipe="frames", page_size=2)
    for n in range(3):
        job_id = f"{n}" * 20
        simulation.add_job(job_id, "frames")
        unknown = Update(f"jobs/{job_id}", {"recipe": "an-unknown-recipe"})
        assert simulation.store.commit([unknown]) is CommitResult.OK
    simulation.advance_time(1)
    stop_silently(simulation)
    simulation.advance_time(100)
    run_sweeper(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_jobs_that_wait_for_users_do_not_block_the_sweeper() -> None:
    simulation = make_simulation(recipe="frames", page_size=2)
    for n in range(7):
        simulation.add_job(f"{n}" * 20, "frames")
    simulation.advance_time(86_400)
    stop_silently(simulation)
    run_sweeper(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE
    reads = simulation.store.read_count
    for _ in range(10):
        simulation.advance_time(60)
        run_sweeper(simulation)
    assert simulation.store.read_count - reads < 7, "jobs that wait are checked every minute"


def test_long_running_job_does_not_block_the_sweeper() -> None:
    simulation = make_simulation(recipe="frames", page_size=1)
    busy = "b" * 20
    simulation.add_job(busy, "frames")
    flow = deliver.deliver(Envelope(busy, "upload_trigger", "video"), simulation.clock_and_ids)
    effect = next(flow)
    while not isinstance(effect, effects.RunUnit):
        effect = flow.send(simulation._perform(effect, None, "done"))
    simulation.advance_time(1)
    stop_silently(simulation)
    simulation.advance_time(100)
    assert simulation.run(deliver.renew(effect.claim, simulation.clock_and_ids))
    run_sweeper(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_sweeper_does_not_flood_a_queue_of_an_hour() -> None:
    simulation = make_simulation(recipe="frames", part_count=31)
    simulation.upload_input("video")
    while simulation.stage("frame_extraction")["total"] is None:
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.advance_time(91)
    run_sweeper(simulation)
    assert len(simulation.messages) == 2 * 31, "the first check comes after two leases"
    for _ in range(60):
        simulation.advance_time(60)
        run_sweeper(simulation)
    assert len(simulation.messages) <= 12 * 31
    deliver_all_messages(simulation, max_count=1000)
    assert simulation.job.status is Status.DONE


def test_documents_of_a_removed_job_are_purged() -> None:
    simulation = make_simulation(recipe="frames", page_size=1)
    expired = "e" * 20
    simulation.add_job(expired, "frames")
    assert simulation.store.commit([Delete(f"jobs/{expired}")]) is CommitResult.OK
    simulation.advance_time(1)
    stop_silently(simulation)
    simulation.advance_time(100)
    run_sweeper(simulation)
    assert not [path for path in simulation.store.documents if expired in path]
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_dead_letter_keeps_a_unit_after_a_slow_upload() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.advance_time(7 * 3600)
    simulation.upload_input("video")
    simulation.deliver(0, to_dead_letter=True)
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_dead_letter_fails_a_unit_that_waited_for_hours() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.upload_input("video")
    while simulation.job.status is Status.AWAITING_UPLOAD:
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.advance_time(7 * 3600)
    simulation.deliver(0, to_dead_letter=True)
    finish_workers(simulation)
    assert simulation.job.status is Status.FAILED


def reach_review(simulation: Simulation) -> None:
    """Runs the job until its deck awaits review."""
    for job_input in simulation.job.inputs:
        simulation.upload_input(job_input.name)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.AWAITING_REVIEW


def test_edit_during_stitching_leaves_only_the_edited_film() -> None:
    simulation = make_simulation(recipe="presentation", needs_review=True, part_count=1)
    reach_review(simulation)
    simulation.run_command("release")
    finish_workers(simulation)
    while simulation.messages[0].envelope.stage != "stitching":
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.deliver(0)
    while not isinstance(simulation.workers[0].effect, effects.RunUnit):
        simulation.step(0)
    simulation.run_command("edit and release")
    while len(simulation.workers) > 1:
        simulation.step(1)
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.revision) == (Status.DONE, 1)
    names = [artifact.name for artifact in simulation.job.artifacts]
    assert [name for name in names if name.startswith("stitching/")] == ["stitching/1/join"]
    assert simulation.notifications_sent["1-done.e0"] == 1


def test_lost_response_to_an_edit_does_not_edit_twice() -> None:
    simulation = make_simulation(recipe="presentation", needs_review=True)
    reach_review(simulation)
    simulation.lose_response()
    simulation.run_command("edit")
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.revision) == (Status.AWAITING_REVIEW, 1)
    simulation.lose_response()
    simulation.run_command("release")
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def edit(simulation: Simulation, base: int, spec: dict[str, Any], **options: Any) -> int:
    """Runs an edit to its end. Returns the revision that it opened."""
    revision = simulation.run(
        deck_review.open_revision(
            JOB,
            simulation.clock_and_ids,
            base_revision=base,
            spec=spec,
            options=options,
            retention_days=30,
        )
    )
    return int(revision)


def test_results_that_an_edited_film_lacks_are_removed() -> None:
    simulation = make_simulation(recipe="presentation")
    names = ("film.mp4", "subtitles.vtt", "z")
    old = tuple(Artifact(name, "x", "outputs", name, 1, 1) for name in names)
    job = replace(simulation.job, artifacts=old)
    new = Artifact("film.mp4", "x", "outputs", "film.2", 2, 1)
    result = UnitDone((new,), replaced_names=("film.mp4", "subtitles.vtt"))
    writes = join_writes(job, "stitching", result, simulation.now, worked_ms=0)
    [job_update] = [write for write in writes if write.path == job_path(JOB)]
    assert isinstance(job_update, Update)
    assert [row["object"] for row in job_update.fields["artifacts"]] == ["z", "film.2"]


def test_history_has_events_of_every_revision() -> None:
    simulation = make_simulation(recipe="presentation")
    for job_input in simulation.job.inputs:
        simulation.upload_input(job_input.name)
    deliver_all_messages(simulation)
    edit(simulation, 0, {"deck": "edited", "review": False})
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.revision) == (Status.DONE, 1)
    events = [doc.data for doc in simulation.store.run_query(all_documents(f"jobs/{JOB}/events"))]
    keys = [(event["what"], event.get("revision")) for event in events]
    for name in ("done", "notified"):
        assert (keys.count((name, None)), keys.count((name, 1))) == (1, 1)
    assert sum(event.get("stage") == "stitching" for event in events) == 2


def test_same_deck_with_other_options_is_another_edit() -> None:
    simulation = make_simulation(recipe="presentation", needs_review=True)
    reach_review(simulation)
    spec = {"deck": "edited", "review": True}
    assert edit(simulation, 0, spec, speed=1.2) == 1
    assert edit(simulation, 0, spec, speed=1.2) == 1
    with pytest.raises(deck_review.DeckChanged):
        edit(simulation, 0, spec, speed=1.5)
    assert simulation.job.options == {"speed": 1.2}


def test_previous_deck_can_be_edited_after_a_failed_edit() -> None:
    simulation = make_simulation(recipe="presentation", needs_review=True)
    reach_review(simulation)
    spec = {"deck": "rewritten", "review": True}
    assert edit(simulation, 0, spec) == 1
    simulation.next_outcome = "failed"
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.revision) == (Status.FAILED, 1)
    # The user sees the deck of revision 0, the last one that was rendered.
    assert edit(simulation, 0, spec) == 2
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.epoch) == (Status.AWAITING_REVIEW, 1)
    with pytest.raises(deck_review.DeckChanged):
        edit(simulation, 1, spec | {"instruction": "another"})


def test_job_with_all_revisions_is_deleted_in_one_batch() -> None:
    revised = sum(row.per_revision for row in FUNCTIONS.values())
    # The job, its first stages, and the stages of every revision. Firestore allows 500 writes.
    assert 1 + len(FUNCTIONS) + revised * deck_review.MAX_REVISIONS <= 500


def test_redrive_returns_to_the_review() -> None:
    simulation = make_simulation(recipe="recap", needs_review=True, part_count=1)
    for job_input in simulation.job.inputs:
        simulation.upload_input(job_input.name)
    late = None
    while simulation.job.status is not Status.AWAITING_REVIEW:
        if simulation.messages[0].envelope.stage == "frame_extraction" and (
            simulation.messages[0].envelope.part == "join"
        ):
            # The join of frame_extraction is late. No later stage waits for it.
            late = simulation.messages.pop(0)
            continue
        simulation.deliver(0)
        finish_workers(simulation)
    assert late is not None
    simulation.messages.append(late)
    simulation.deliver(len(simulation.messages) - 1)
    while simulation.workers:
        simulation.step(0, "failed")
    statuses = [simulation.job.status]
    simulation.run_command("redrive")
    finish_workers(simulation)
    statuses.append(simulation.job.status)
    assert statuses == [Status.FAILED, Status.AWAITING_REVIEW]
    deliver_all_messages(simulation)
    simulation.run_command("release")
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.epoch) == (Status.DONE, 1)
