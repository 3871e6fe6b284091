"""Single mishaps, told one by one: what each costs, and that it costs no more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.documents import Committed, Delete, Update
from shared.flows.envelope import Envelope
from shared.jobs import claims as claims_module
from shared.jobs import deliver
from shared.jobs.commands import deck_review
from shared.jobs.commit import join_batch
from shared.jobs.model import Status, UnitState
from shared.pipeline import STAGES
from shared.recipes.stored_object import Artefact
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import JOB, PROMPT_HOOK, World


def a_world(**how: Any) -> World:
    """One whose server answers at once: what follows is not about calls."""
    return World(servers=(PROMPT_HOOK,), **how)


def run_out(world: World) -> None:
    """Let everything that is under way come to its end."""
    while world.workers:
        world.step(0)


def deliver_all(world: World, most: int = 50) -> None:
    """Deliver everything, without a fault and without time passing."""
    for _ in range(most):
        world.deliver(0)
        run_out(world)
    assert not world.topic, f"refused again and again: {world.topic[0].envelope}"


def fail_first_part(world: World) -> None:
    """The upload is refused, so the job fails."""
    world.upload("video")
    world.deliver(0)
    while world.workers:
        world.step(0, "refused")


def test_an_answer_lost_to_a_claim_costs_neither_a_lease_nor_an_attempt() -> None:
    world = a_world(recipe="frames")
    world.upload("video")
    world.lose_answer()
    deliver_all(world)
    assert world.job.status is Status.DONE
    assert {unit.attempt for unit in world.units()} == {1}


def test_an_answer_lost_to_a_failure_still_has_it_told_at_once() -> None:
    world = a_world(recipe="frames")
    world.upload("video")
    world.deliver(0)
    while not world.refused:
        world.step(0, "refused")
    world.lose_answer()
    deliver_all(world)
    run_out(world)
    deliver_all(world)
    assert world.job.status is Status.FAILED
    assert world.sent["0-failed.e0"] == 1


def test_an_answer_lost_to_a_redrive_still_has_the_work_announced() -> None:
    world = a_world(recipe="frames")
    fail_first_part(world)
    deliver_all(world)
    world.lose_answer()
    world.call("redrive")
    run_out(world)
    deliver_all(world)
    invariants.at_every_moment(world)
    assert (world.job.status, world.job.epoch) == (Status.DONE, 1)
    assert {unit.state for unit in world.units()} == {UnitState.DONE}


def wear_out(world: World) -> None:
    """The upload's part falters as often as it may; its message stays."""
    world.upload("video")
    for _ in range(STAGES["upload_trigger"].attempts - 1):
        world.deliver(0)
        while world.workers:
            world.step(0, "faltered")
        world.pass_time(100)


def test_a_late_judgement_of_the_failed_epoch_does_not_fail_the_redriven_job() -> None:
    world = a_world(recipe="frames")
    wear_out(world)
    unit = f"jobs/{JOB}/units/upload_trigger-0-video"
    worn = {"attempt": STAGES["upload_trigger"].attempts}
    assert world.ledger.commit([Update(unit, worn)]) is Committed.OK
    world.duplicate(0)
    world.deliver(0)
    world.step(0)
    late = world.workers[0]
    # The first delivery has read and judged; the second one acts on the same, and is through.
    world.deliver(0)
    while len(world.workers) > 1:
        world.step(1)
    assert world.job.status is Status.FAILED
    world.call("redrive")
    while len(world.workers) > 1:
        world.step(1)
    assert world.workers == [late]
    run_out(world)
    assert world.job.status is not Status.FAILED
    deliver_all(world)
    assert (world.job.status, world.job.epoch) == (Status.DONE, 1)


def test_a_refusal_from_an_older_epoch_only_frees_the_unit() -> None:
    world = a_world(recipe="still")
    world.upload("picture")
    world.upload("sound")
    world.deliver(0)
    slow = world.workers[0]
    assert isinstance(slow.effect, effects.Read)
    world.step(0)
    # It has judged, and is about to claim, when the other part fails the job, which is redriven.
    world.deliver(0)
    while len(world.workers) > 1:
        world.step(1, "refused")
    world.call("redrive")
    while len(world.workers) > 1:
        world.step(1)
    while world.workers:
        world.step(0, "refused")
    assert not world.job.terminal
    world.pass_time(STAGES["upload_trigger"].backoff(1))
    deliver_all(world)
    assert (world.job.status, world.job.epoch) == (Status.DONE, 1)


def sweep(world: World) -> None:
    world.call("sweep")
    run_out(world)


def stop_silently(world: World) -> None:
    """The upload's only message is lost."""
    world.upload("video")
    world.topic.clear()


def test_jobs_that_cannot_be_read_do_not_keep_the_sweeper_from_the_others() -> None:
    world = a_world(recipe="frames", page=2)
    for n in range(3):
        strange = f"{n}" * 20
        world.add(strange, "frames")
        gone = Update(f"jobs/{strange}", {"recipe": "a-recipe-that-is-no-more"})
        assert world.ledger.commit([gone]) is Committed.OK
    world.pass_time(1)
    stop_silently(world)
    world.pass_time(100)
    sweep(world)
    deliver_all(world)
    assert world.job.status is Status.DONE


def test_jobs_that_wait_for_people_do_not_keep_the_sweeper_from_the_others() -> None:
    world = a_world(recipe="frames", page=2)
    for n in range(7):
        world.add(f"{n}" * 20, "frames")
    world.pass_time(86_400)
    stop_silently(world)
    sweep(world)
    deliver_all(world)
    assert world.job.status is Status.DONE
    reads = world.ledger.reads
    for _ in range(10):
        world.pass_time(60)
        sweep(world)
    assert world.ledger.reads - reads < 7, "who waits since yesterday is looked at every minute"


def test_a_job_in_work_for_long_does_not_keep_the_sweeper_from_the_others() -> None:
    world = a_world(recipe="frames", page=1)
    busy = "b" * 20
    world.add(busy, "frames")
    claims = deliver.deliver(Envelope(busy, "upload_trigger", "video"), world.clockwork)
    effect = next(claims)
    while not isinstance(effect, effects.Work):
        effect = claims.send(world._perform(effect, None, "finished"))
    world.pass_time(1)
    stop_silently(world)
    world.pass_time(100)
    assert world.run(deliver.renew(effect.claimed, world.clockwork))
    sweep(world)
    deliver_all(world)
    assert world.job.status is Status.DONE


def test_a_queue_of_an_hour_is_not_made_longer_by_the_sweeper() -> None:
    world = a_world(recipe="frames", parts=31)
    world.upload("video")
    while world.stage("frame_extraction")["total"] is None:
        world.deliver(0)
        run_out(world)
    world.pass_time(91)
    sweep(world)
    assert len(world.topic) == 2 * 31, "the first look comes after two leases, as ever"
    for _ in range(60):
        world.pass_time(60)
        sweep(world)
    assert len(world.topic) <= 12 * 31
    deliver_all(world, most=1000)
    assert world.job.status is Status.DONE


def test_what_an_expired_job_leaves_behind_is_removed() -> None:
    world = a_world(recipe="frames", page=1)
    expired = "e" * 20
    world.add(expired, "frames")
    assert world.ledger.commit([Delete(f"jobs/{expired}")]) is Committed.OK
    world.pass_time(1)
    stop_silently(world)
    world.pass_time(100)
    sweep(world)
    assert not [path for path in world.ledger.docs if expired in path]
    deliver_all(world)
    assert world.job.status is Status.DONE


def test_an_upload_that_took_seven_hours_is_not_given_up_at_its_first_dead_letter() -> None:
    world = a_world(recipe="frames")
    world.pass_time(7 * 3600)
    world.upload("video")
    world.deliver(0, dead=True)
    run_out(world)
    deliver_all(world)
    assert world.job.status is Status.DONE


def test_what_nobody_works_on_for_hours_is_given_up_by_dead_letter() -> None:
    world = a_world(recipe="frames")
    world.upload("video")
    while world.job.status is Status.AWAITING_UPLOAD:
        world.deliver(0)
        run_out(world)
    world.pass_time(7 * 3600)
    world.deliver(0, dead=True)
    run_out(world)
    assert world.job.status is Status.FAILED


def reach_review(world: World) -> None:
    """The deck is written and drawn, and waits."""
    for one in world.job.inputs:
        world.upload(one.name)
    deliver_all(world)
    assert world.job.status is Status.AWAITING_REVIEW


def test_an_edit_in_the_middle_of_a_film_leaves_only_the_edited_film() -> None:
    world = a_world(recipe="presentation", review=True, parts=1)
    reach_review(world)
    world.call("release")
    run_out(world)
    while world.topic[0].envelope.stage != "stitching":
        world.deliver(0)
        run_out(world)
    world.deliver(0)
    while not isinstance(world.workers[0].effect, effects.Work):
        world.step(0)
    world.call("edit and release")
    while len(world.workers) > 1:
        world.step(1)
    deliver_all(world)
    assert (world.job.status, world.job.revision) == (Status.DONE, 1)
    films = [one.name for one in world.job.artefacts if one.name.startswith("stitching/")]
    assert films == ["stitching/1/join"]
    assert world.sent["1-done.e0"] == 1


def test_an_answer_lost_to_an_edit_does_not_edit_twice() -> None:
    world = a_world(recipe="presentation", review=True)
    reach_review(world)
    world.lose_answer()
    world.call("edit")
    run_out(world)
    deliver_all(world)
    assert (world.job.status, world.job.revision) == (Status.AWAITING_REVIEW, 1)
    world.lose_answer()
    world.call("release")
    run_out(world)
    deliver_all(world)
    assert world.job.status is Status.DONE


def edit(world: World, base: int, spec: dict[str, Any], **options: Any) -> int:
    """A person's edit, carried out to its end; → the revision that it made."""
    kept: dict[str, Any] = {"options": options, "kept_days": 30}
    made = world.run(deck_review.revise(JOB, world.clockwork, base=base, spec=spec, **kept))
    return int(made)


def test_what_an_edited_film_has_no_more_is_not_handed_out_with_it() -> None:
    world = a_world(recipe="presentation")
    old = [Artefact(one, "x", "outputs", one, 1, 1) for one in ("film.mp4", "subtitles.vtt", "z")]
    job = replace(world.job, artefacts=tuple(old))
    new = Artefact("film.mp4", "x", "outputs", "film.2", 2, 1)
    result = claims_module.Finished((new,), replaces=("film.mp4", "subtitles.vtt"))
    writes = join_batch(job, "stitching", result, world.now, worked_ms=0)
    moved = writes[-1]
    assert isinstance(moved, Update)
    assert [one["object"] for one in moved.fields["artefacts"]] == ["z", "film.2"]


def test_the_history_keeps_every_film_that_was_made_of_a_deck() -> None:
    world = a_world(recipe="presentation")
    for one in world.job.inputs:
        world.upload(one.name)
    deliver_all(world)
    edit(world, 0, {"deck": "edited", "review": False})
    deliver_all(world)
    assert (world.job.status, world.job.revision) == (Status.DONE, 1)
    events = [doc.data for doc in world.ledger.list_under(f"jobs/{JOB}/events")]
    told = [(one["what"], one.get("revision")) for one in events]
    for what in ("done", "told"):
        assert (told.count((what, None)), told.count((what, 1))) == (1, 1)
    assert sum(one.get("stage") == "stitching" for one in events) == 2


def test_the_same_deck_with_other_options_is_another_edit() -> None:
    world = a_world(recipe="presentation", review=True)
    reach_review(world)
    same = {"deck": "edited", "review": True}
    assert edit(world, 0, same, speed=1.2) == 1
    assert edit(world, 0, same, speed=1.2) == 1
    with pytest.raises(deck_review.DeckChanged):
        edit(world, 0, same, speed=1.5)
    assert world.job.options == {"speed": 1.2}


def test_after_an_edit_that_failed_the_deck_of_before_can_be_edited() -> None:
    world = a_world(recipe="presentation", review=True)
    reach_review(world)
    bad = {"deck": "rewritten", "review": True}
    assert edit(world, 0, bad) == 1
    world.spoiled = "refused"
    deliver_all(world)
    assert (world.job.status, world.job.revision) == (Status.FAILED, 1)
    # Whoever reads the deck now reads that of revision 0: no other was drawn.
    assert edit(world, 0, bad) == 2
    deliver_all(world)
    assert (world.job.status, world.job.epoch) == (Status.AWAITING_REVIEW, 1)
    with pytest.raises(deck_review.DeckChanged):
        edit(world, 1, bad | {"wish": "another"})


def test_a_job_that_was_edited_as_often_as_may_be_is_deleted_in_one_batch() -> None:
    again = sum(row.per_revision for row in STAGES.values())
    # The job, its stages of before, and all stages of every revision: Firestore takes 500 writes.
    assert 1 + len(STAGES) + again * deck_review.REVISIONS_MOST <= 500


def test_a_failure_beside_the_review_is_redriven_into_the_review() -> None:
    world = a_world(recipe="recap", review=True, parts=1)
    for one in world.job.inputs:
        world.upload(one.name)
    held = None
    while world.job.status is not Status.AWAITING_REVIEW:
        if world.topic[0].envelope.stage == "frame_extraction" and (
            world.topic[0].envelope.part == "join"
        ):
            # The frames' own join is late; nothing behind the scores waits for it.
            held = world.topic.pop(0)
            continue
        world.deliver(0)
        run_out(world)
    assert held is not None
    world.topic.append(held)
    world.deliver(len(world.topic) - 1)
    while world.workers:
        world.step(0, "refused")
    seen = [world.job.status]
    world.call("redrive")
    run_out(world)
    seen.append(world.job.status)
    assert seen == [Status.FAILED, Status.AWAITING_REVIEW]
    deliver_all(world)
    world.call("release")
    run_out(world)
    deliver_all(world)
    assert (world.job.status, world.job.epoch) == (Status.DONE, 1)
