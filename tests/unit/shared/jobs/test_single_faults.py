"""Single mishaps, told one by one: what each costs, and that it costs no more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.documents import CommitResult, Delete, Update
from shared.flows.envelope import Envelope
from shared.jobs import claims as claims_module
from shared.jobs import deliver
from shared.jobs.commands import deck_review
from shared.jobs.commit import join_writes
from shared.jobs.model import Status, UnitState
from shared.pipeline import FUNCTIONS
from shared.recipes.stored_object import Artifact
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import FAST_WEBHOOK, JOB, Simulation


def make_simulation(**how: Any) -> Simulation:
    """One whose server answers at once: what follows is not about calls."""
    return Simulation(webhooks=(FAST_WEBHOOK,), **how)


def finish_workers(world: Simulation) -> None:
    """Let everything that is under way come to its end."""
    while world.workers:
        world.step(0)


def deliver_all_messages(world: Simulation, max_count: int = 50) -> None:
    """Deliver everything, without a fault and without time passing."""
    for _ in range(max_count):
        world.deliver(0)
        finish_workers(world)
    assert not world.messages, f"refused again and again: {world.messages[0].envelope}"


def fail_first_part(world: Simulation) -> None:
    """The upload is refused, so the job fails."""
    world.upload_input("video")
    world.deliver(0)
    while world.workers:
        world.step(0, "failed")


def test_an_answer_lost_to_a_claim_costs_neither_a_lease_nor_an_attempt() -> None:
    world = make_simulation(recipe="frames")
    world.upload_input("video")
    world.lose_response()
    deliver_all_messages(world)
    assert world.job.status is Status.DONE
    assert {unit.attempt for unit in world.units()} == {1}


def test_an_answer_lost_to_a_failure_still_has_it_told_at_once() -> None:
    world = make_simulation(recipe="frames")
    world.upload_input("video")
    world.deliver(0)
    while not world.has_permanent_error:
        world.step(0, "failed")
    world.lose_response()
    deliver_all_messages(world)
    finish_workers(world)
    deliver_all_messages(world)
    assert world.job.status is Status.FAILED
    assert world.notifications_sent["0-failed.e0"] == 1


def test_an_answer_lost_to_a_redrive_still_has_the_work_announced() -> None:
    world = make_simulation(recipe="frames")
    fail_first_part(world)
    deliver_all_messages(world)
    world.lose_response()
    world.run_command("redrive")
    finish_workers(world)
    deliver_all_messages(world)
    invariants.check_always(world)
    assert (world.job.status, world.job.epoch) == (Status.DONE, 1)
    assert {unit.state for unit in world.units()} == {UnitState.DONE}


def wear_out(world: Simulation) -> None:
    """The upload's part falters as often as it may; its message stays."""
    world.upload_input("video")
    for _ in range(FUNCTIONS["upload_trigger"].max_attempts - 1):
        world.deliver(0)
        while world.workers:
            world.step(0, "retry")
        world.advance_time(100)


def test_a_late_judgement_of_the_failed_epoch_does_not_fail_the_redriven_job() -> None:
    world = make_simulation(recipe="frames")
    wear_out(world)
    unit = f"jobs/{JOB}/units/upload_trigger-0-video"
    worn = {"attempt": FUNCTIONS["upload_trigger"].max_attempts}
    assert world.store.commit([Update(unit, worn)]) is CommitResult.OK
    world.duplicate_message(0)
    world.deliver(0)
    world.step(0)
    late = world.workers[0]
    # The first delivery has read and judged; the second one acts on the same, and is through.
    world.deliver(0)
    while len(world.workers) > 1:
        world.step(1)
    assert world.job.status is Status.FAILED
    world.run_command("redrive")
    while len(world.workers) > 1:
        world.step(1)
    assert world.workers == [late]
    finish_workers(world)
    assert world.job.status is not Status.FAILED
    deliver_all_messages(world)
    assert (world.job.status, world.job.epoch) == (Status.DONE, 1)


def test_a_refusal_from_an_older_epoch_only_frees_the_unit() -> None:
    world = make_simulation(recipe="still")
    world.upload_input("picture")
    world.upload_input("sound")
    world.deliver(0)
    slow = world.workers[0]
    assert isinstance(slow.effect, effects.Read)
    world.step(0)
    # It has judged, and is about to claim, when the other part fails the job, which is redriven.
    world.deliver(0)
    while len(world.workers) > 1:
        world.step(1, "failed")
    world.run_command("redrive")
    while len(world.workers) > 1:
        world.step(1)
    while world.workers:
        world.step(0, "failed")
    assert not world.job.is_terminal
    world.advance_time(FUNCTIONS["upload_trigger"].backoff(1))
    deliver_all_messages(world)
    assert (world.job.status, world.job.epoch) == (Status.DONE, 1)


def run_sweeper(world: Simulation) -> None:
    world.run_command("sweep")
    finish_workers(world)


def stop_silently(world: Simulation) -> None:
    """The upload's only message is lost."""
    world.upload_input("video")
    world.messages.clear()


def test_jobs_that_cannot_be_read_do_not_keep_the_sweeper_from_the_others() -> None:
    world = make_simulation(recipe="frames", page_size=2)
    for n in range(3):
        strange = f"{n}" * 20
        world.add_job(strange, "frames")
        gone = Update(f"jobs/{strange}", {"recipe": "a-recipe-that-is-no-more"})
        assert world.store.commit([gone]) is CommitResult.OK
    world.advance_time(1)
    stop_silently(world)
    world.advance_time(100)
    run_sweeper(world)
    deliver_all_messages(world)
    assert world.job.status is Status.DONE


def test_jobs_that_wait_for_people_do_not_keep_the_sweeper_from_the_others() -> None:
    world = make_simulation(recipe="frames", page_size=2)
    for n in range(7):
        world.add_job(f"{n}" * 20, "frames")
    world.advance_time(86_400)
    stop_silently(world)
    run_sweeper(world)
    deliver_all_messages(world)
    assert world.job.status is Status.DONE
    reads = world.store.read_count
    for _ in range(10):
        world.advance_time(60)
        run_sweeper(world)
    assert world.store.read_count - reads < 7, "who waits since yesterday is looked at every minute"


def test_a_job_in_work_for_long_does_not_keep_the_sweeper_from_the_others() -> None:
    world = make_simulation(recipe="frames", page_size=1)
    busy = "b" * 20
    world.add_job(busy, "frames")
    claims = deliver.deliver(Envelope(busy, "upload_trigger", "video"), world.clock_and_ids)
    effect = next(claims)
    while not isinstance(effect, effects.RunUnit):
        effect = claims.send(world._perform(effect, None, "done"))
    world.advance_time(1)
    stop_silently(world)
    world.advance_time(100)
    assert world.run(deliver.renew(effect.claim, world.clock_and_ids))
    run_sweeper(world)
    deliver_all_messages(world)
    assert world.job.status is Status.DONE


def test_a_queue_of_an_hour_is_not_made_longer_by_the_sweeper() -> None:
    world = make_simulation(recipe="frames", part_count=31)
    world.upload_input("video")
    while world.stage("frame_extraction")["total"] is None:
        world.deliver(0)
        finish_workers(world)
    world.advance_time(91)
    run_sweeper(world)
    assert len(world.messages) == 2 * 31, "the first look comes after two leases, as ever"
    for _ in range(60):
        world.advance_time(60)
        run_sweeper(world)
    assert len(world.messages) <= 12 * 31
    deliver_all_messages(world, max_count=1000)
    assert world.job.status is Status.DONE


def test_what_an_expired_job_leaves_behind_is_removed() -> None:
    world = make_simulation(recipe="frames", page_size=1)
    expired = "e" * 20
    world.add_job(expired, "frames")
    assert world.store.commit([Delete(f"jobs/{expired}")]) is CommitResult.OK
    world.advance_time(1)
    stop_silently(world)
    world.advance_time(100)
    run_sweeper(world)
    assert not [path for path in world.store.documents if expired in path]
    deliver_all_messages(world)
    assert world.job.status is Status.DONE


def test_an_upload_that_took_seven_hours_is_not_given_up_at_its_first_dead_letter() -> None:
    world = make_simulation(recipe="frames")
    world.advance_time(7 * 3600)
    world.upload_input("video")
    world.deliver(0, to_dead_letter=True)
    finish_workers(world)
    deliver_all_messages(world)
    assert world.job.status is Status.DONE


def test_what_nobody_works_on_for_hours_is_given_up_by_dead_letter() -> None:
    world = make_simulation(recipe="frames")
    world.upload_input("video")
    while world.job.status is Status.AWAITING_UPLOAD:
        world.deliver(0)
        finish_workers(world)
    world.advance_time(7 * 3600)
    world.deliver(0, to_dead_letter=True)
    finish_workers(world)
    assert world.job.status is Status.FAILED


def reach_review(world: Simulation) -> None:
    """The deck is written and drawn, and waits."""
    for one in world.job.inputs:
        world.upload_input(one.name)
    deliver_all_messages(world)
    assert world.job.status is Status.AWAITING_REVIEW


def test_an_edit_in_the_middle_of_a_film_leaves_only_the_edited_film() -> None:
    world = make_simulation(recipe="presentation", needs_review=True, part_count=1)
    reach_review(world)
    world.run_command("release")
    finish_workers(world)
    while world.messages[0].envelope.stage != "stitching":
        world.deliver(0)
        finish_workers(world)
    world.deliver(0)
    while not isinstance(world.workers[0].effect, effects.RunUnit):
        world.step(0)
    world.run_command("edit and release")
    while len(world.workers) > 1:
        world.step(1)
    deliver_all_messages(world)
    assert (world.job.status, world.job.revision) == (Status.DONE, 1)
    films = [one.name for one in world.job.artifacts if one.name.startswith("stitching/")]
    assert films == ["stitching/1/join"]
    assert world.notifications_sent["1-done.e0"] == 1


def test_an_answer_lost_to_an_edit_does_not_edit_twice() -> None:
    world = make_simulation(recipe="presentation", needs_review=True)
    reach_review(world)
    world.lose_response()
    world.run_command("edit")
    finish_workers(world)
    deliver_all_messages(world)
    assert (world.job.status, world.job.revision) == (Status.AWAITING_REVIEW, 1)
    world.lose_response()
    world.run_command("release")
    finish_workers(world)
    deliver_all_messages(world)
    assert world.job.status is Status.DONE


def edit(world: Simulation, base: int, spec: dict[str, Any], **options: Any) -> int:
    """A person's edit, carried out to its end; → the revision that it made."""
    kept: dict[str, Any] = {"options": options, "retention_days": 30}
    made = world.run(
        deck_review.open_revision(JOB, world.clock_and_ids, base_revision=base, spec=spec, **kept)
    )
    return int(made)


def test_what_an_edited_film_has_no_more_is_not_handed_out_with_it() -> None:
    world = make_simulation(recipe="presentation")
    old = [Artifact(one, "x", "outputs", one, 1, 1) for one in ("film.mp4", "subtitles.vtt", "z")]
    job = replace(world.job, artifacts=tuple(old))
    new = Artifact("film.mp4", "x", "outputs", "film.2", 2, 1)
    result = claims_module.UnitDone((new,), replaced_names=("film.mp4", "subtitles.vtt"))
    writes = join_writes(job, "stitching", result, world.now, worked_ms=0)
    moved = writes[-1]
    assert isinstance(moved, Update)
    assert [one["object"] for one in moved.fields["artifacts"]] == ["z", "film.2"]


def test_the_history_keeps_every_film_that_was_made_of_a_deck() -> None:
    world = make_simulation(recipe="presentation")
    for one in world.job.inputs:
        world.upload_input(one.name)
    deliver_all_messages(world)
    edit(world, 0, {"deck": "edited", "review": False})
    deliver_all_messages(world)
    assert (world.job.status, world.job.revision) == (Status.DONE, 1)
    events = [doc.data for doc in world.store.list_documents(f"jobs/{JOB}/events")]
    told = [(one["what"], one.get("revision")) for one in events]
    for what in ("done", "notified"):
        assert (told.count((what, None)), told.count((what, 1))) == (1, 1)
    assert sum(one.get("stage") == "stitching" for one in events) == 2


def test_the_same_deck_with_other_options_is_another_edit() -> None:
    world = make_simulation(recipe="presentation", needs_review=True)
    reach_review(world)
    same = {"deck": "edited", "review": True}
    assert edit(world, 0, same, speed=1.2) == 1
    assert edit(world, 0, same, speed=1.2) == 1
    with pytest.raises(deck_review.DeckChanged):
        edit(world, 0, same, speed=1.5)
    assert world.job.options == {"speed": 1.2}


def test_after_an_edit_that_failed_the_deck_of_before_can_be_edited() -> None:
    world = make_simulation(recipe="presentation", needs_review=True)
    reach_review(world)
    bad = {"deck": "rewritten", "review": True}
    assert edit(world, 0, bad) == 1
    world.next_outcome = "failed"
    deliver_all_messages(world)
    assert (world.job.status, world.job.revision) == (Status.FAILED, 1)
    # Whoever reads the deck now reads that of revision 0: no other was drawn.
    assert edit(world, 0, bad) == 2
    deliver_all_messages(world)
    assert (world.job.status, world.job.epoch) == (Status.AWAITING_REVIEW, 1)
    with pytest.raises(deck_review.DeckChanged):
        edit(world, 1, bad | {"instruction": "another"})


def test_a_job_that_was_edited_as_often_as_may_be_is_deleted_in_one_batch() -> None:
    again = sum(row.per_revision for row in FUNCTIONS.values())
    # The job, its stages of before, and all stages of every revision: Firestore takes 500 writes.
    assert 1 + len(FUNCTIONS) + again * deck_review.MAX_REVISIONS <= 500


def test_a_failure_beside_the_review_is_redriven_into_the_review() -> None:
    world = make_simulation(recipe="recap", needs_review=True, part_count=1)
    for one in world.job.inputs:
        world.upload_input(one.name)
    held = None
    while world.job.status is not Status.AWAITING_REVIEW:
        if world.messages[0].envelope.stage == "frame_extraction" and (
            world.messages[0].envelope.part == "join"
        ):
            # The frames' own join is late; nothing behind the scores waits for it.
            held = world.messages.pop(0)
            continue
        world.deliver(0)
        finish_workers(world)
    assert held is not None
    world.messages.append(held)
    world.deliver(len(world.messages) - 1)
    while world.workers:
        world.step(0, "failed")
    seen = [world.job.status]
    world.run_command("redrive")
    finish_workers(world)
    seen.append(world.job.status)
    assert seen == [Status.FAILED, Status.AWAITING_REVIEW]
    deliver_all_messages(world)
    world.run_command("release")
    finish_workers(world)
    deliver_all_messages(world)
    assert (world.job.status, world.job.epoch) == (Status.DONE, 1)
