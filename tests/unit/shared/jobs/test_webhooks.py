"""Servers of strangers that are told of outcomes: what they do is their own misfortune."""

from __future__ import annotations

from shared.flows import effects
from shared.flows.documents import Committed, Delete, Update
from shared.jobs.model import Status
from shared.jobs.webhooks import hook_path
from shared.pipeline import STAGES
from shared.tasks.task import ErrandState
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import PROMPT_HOOK, SLOW_HOOK, World
from tests.unit.shared.jobs.test_single_faults import deliver_all, run_out, sweep


def done_world(**how: tuple[str, ...]) -> World:
    """A world whose job is done, with its mail out and its calls waiting."""
    world = World(recipe="frames", **how)  # type: ignore[arg-type]
    world.upload("video")
    while not world.sent["0-done.e0"]:
        number = next(i for i, mail in enumerate(world.topic) if mail.envelope.stage != "webhook")
        world.deliver(number)
        run_out(world)
    return world


def wear_down(world: World) -> None:
    """Every call is answered with 503, for days."""
    for _ in range(400):
        while world.workers:
            world.step(0, "faltered")
        world.pass_time(6)
        if world.topic:
            world.deliver(0)
        else:
            sweep(world)
        if not world.calling:
            return
    raise AssertionError("it is called for ever")


def test_a_server_that_is_down_for_good_costs_neither_the_job_nor_its_mail() -> None:
    world = done_world()

    wear_down(world)

    assert world.job.status is Status.DONE
    assert world.job.error is None
    assert world.stage("notification")["state"] == "done"
    assert world.sent == {"0-done.e0": 1}
    assert {one["state"] for one in world.deliveries().values()} == {ErrandState.FAILED}
    assert set(world.calls.values()) == {STAGES["webhook"].attempts}


def deleted_while_its_outcome_is_told() -> World:
    """A job is deleted between the look at its owner's webhooks and the writing of a call."""
    world = World(recipe="frames")
    world.upload("video")
    while not any(isinstance(one.effect, effects.Owned) for one in world.workers):
        if world.workers:
            world.step(0)
        else:
            world.deliver(0)
    world.call("delete")
    while len(world.workers) > 1:
        world.step(1)
    run_out(world)
    return world


def test_a_job_that_is_deleted_meanwhile_is_not_spoken_of() -> None:
    world = deleted_while_its_outcome_is_told()

    assert world.deleted
    assert not world.deliveries()
    invariants.settle(world)
    invariants.at_rest(world)


def test_a_power_cut_between_the_call_and_its_record_calls_again_as_the_same_event() -> None:
    world = done_world(servers=(PROMPT_HOOK,))
    world.deliver(0)
    while not isinstance(world.workers[0].effect, effects.Reached) or not world.calls:
        world.step(0)
    world.crash(0)
    world.pass_time(100)
    deliver_all(world)

    [delivery] = world.deliveries().values()
    assert list(world.calls.values()) == [2]
    assert (delivery["state"], delivery["attempt"]) == (ErrandState.DONE, 2)
    invariants.every_call_is_made(world)


def test_a_lost_message_is_made_good_by_the_sweeper() -> None:
    world = done_world()
    world.topic.clear()

    invariants.settle(world)

    assert {one["state"] for one in world.deliveries().values()} == {ErrandState.DONE}


def test_what_waits_for_hours_keeps_no_message_waiting() -> None:
    world = done_world(servers=(SLOW_HOOK,))
    for _ in range(3):
        world.deliver(0)
        run_out(world)
        world.pass_time(5)
    assert not world.topic
    sweep(world)
    assert not world.topic, "it is not due yet"

    world.pass_time(60)
    sweep(world)
    deliver_all(world)

    assert not world.calling


def test_a_long_queue_is_not_made_longer_every_minute() -> None:
    world = done_world()
    for _ in range(9):
        world.pass_time(60)
        sweep(world)

    assert len(world.topic) == 4, "two, and one more of each after two leases"


def test_a_webhook_that_was_taken_away_is_told_of_nothing_more() -> None:
    world = World(recipe="frames")
    for hook in (PROMPT_HOOK, SLOW_HOOK):
        assert world.ledger.commit([Delete(hook_path(hook))]) is Committed.OK
    invariants.settle(world)

    assert world.job.status is Status.DONE
    assert not world.deliveries()


def test_a_webhook_that_cannot_be_read_keeps_nobody_waiting() -> None:
    world = World(recipe="frames")
    odd = Update(hook_path(SLOW_HOOK), {"secrets": None})
    assert world.ledger.commit([odd]) is Committed.OK
    while not world.sent["0-done.e0"]:
        world.upload("video")
        world.deliver(0)
        run_out(world)
    deliver_all(world)

    assert world.stage("notification")["state"] == "done"
    assert [one["webhook"] for one in world.deliveries().values()] == [PROMPT_HOOK]


def test_a_webhook_hears_of_what_it_asked_for_alone() -> None:
    world = World(recipe="frames", servers=(PROMPT_HOOK,))
    only = Update(hook_path(PROMPT_HOOK), {"events": ["job.failed"]})
    assert world.ledger.commit([only]) is Committed.OK
    invariants.settle(world)

    assert not world.deliveries()
