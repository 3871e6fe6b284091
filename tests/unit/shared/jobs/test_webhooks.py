"""Servers of strangers that are told of outcomes: what they do is their own misfortune."""

from __future__ import annotations

from shared.flows import effects
from shared.flows.documents import CommitResult, Delete, Update
from shared.jobs.model import Status
from shared.jobs.webhooks import webhook_path
from shared.pipeline import FUNCTIONS
from shared.tasks.task import TaskState
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import FAST_WEBHOOK, SLOW_WEBHOOK, Simulation
from tests.unit.shared.jobs.test_single_faults import (
    deliver_all_messages,
    finish_workers,
    run_sweeper,
)


def done_world(**how: tuple[str, ...]) -> Simulation:
    """A world whose job is done, with its mail out and its calls waiting."""
    world = Simulation(recipe="frames", **how)  # type: ignore[arg-type]
    world.upload_input("video")
    while not world.notifications_sent["0-done.e0"]:
        number = next(
            i for i, mail in enumerate(world.messages) if mail.envelope.stage != "webhook"
        )
        world.deliver(number)
        finish_workers(world)
    return world


def wear_down(world: Simulation) -> None:
    """Every call is answered with 503, for days."""
    for _ in range(400):
        while world.workers:
            world.step(0, "retry")
        world.advance_time(6)
        if world.messages:
            world.deliver(0)
        else:
            run_sweeper(world)
        if not world.has_open_deliveries:
            return
    raise AssertionError("it is called for ever")


def test_a_server_that_is_down_for_good_costs_neither_the_job_nor_its_mail() -> None:
    world = done_world()

    wear_down(world)

    assert world.job.status is Status.DONE
    assert world.job.error is None
    assert world.stage("notification")["state"] == "done"
    assert world.notifications_sent == {"0-done.e0": 1}
    assert {one["state"] for one in world.deliveries().values()} == {TaskState.FAILED}
    assert set(world.webhook_calls.values()) == {FUNCTIONS["webhook"].max_attempts}


def delete_during_notification() -> Simulation:
    """A job is deleted between the look at its owner's webhooks and the writing of a call."""
    world = Simulation(recipe="frames")
    world.upload_input("video")
    while not any(isinstance(one.effect, effects.OwnedDocuments) for one in world.workers):
        if world.workers:
            world.step(0)
        else:
            world.deliver(0)
    world.run_command("delete")
    while len(world.workers) > 1:
        world.step(1)
    finish_workers(world)
    return world


def test_a_job_that_is_deleted_meanwhile_is_not_spoken_of() -> None:
    world = delete_during_notification()

    assert world.is_deleted
    assert not world.deliveries()
    invariants.run_until_idle(world)
    invariants.check_final_state(world)


def test_a_power_cut_between_the_call_and_its_record_calls_again_as_the_same_event() -> None:
    world = done_world(webhooks=(FAST_WEBHOOK,))
    world.deliver(0)
    while not isinstance(world.workers[0].effect, effects.CrashPoint) or not world.webhook_calls:
        world.step(0)
    world.crash_worker(0)
    world.advance_time(100)
    deliver_all_messages(world)

    [delivery] = world.deliveries().values()
    assert list(world.webhook_calls.values()) == [2]
    assert (delivery["state"], delivery["attempt"]) == (TaskState.DONE, 2)
    invariants.check_webhook_calls(world)


def test_a_lost_message_is_made_good_by_the_sweeper() -> None:
    world = done_world()
    world.messages.clear()

    invariants.run_until_idle(world)

    assert {one["state"] for one in world.deliveries().values()} == {TaskState.DONE}


def test_what_waits_for_hours_keeps_no_message_waiting() -> None:
    world = done_world(webhooks=(SLOW_WEBHOOK,))
    for _ in range(3):
        world.deliver(0)
        finish_workers(world)
        world.advance_time(5)
    assert not world.messages
    run_sweeper(world)
    assert not world.messages, "it is not due yet"

    world.advance_time(60)
    run_sweeper(world)
    deliver_all_messages(world)

    assert not world.has_open_deliveries


def test_a_long_queue_is_not_made_longer_every_minute() -> None:
    world = done_world()
    for _ in range(9):
        world.advance_time(60)
        run_sweeper(world)

    assert len(world.messages) == 4, "two, and one more of each after two leases"


def test_a_webhook_that_was_taken_away_is_told_of_nothing_more() -> None:
    world = Simulation(recipe="frames")
    for hook in (FAST_WEBHOOK, SLOW_WEBHOOK):
        assert world.store.commit([Delete(webhook_path(hook))]) is CommitResult.OK
    invariants.run_until_idle(world)

    assert world.job.status is Status.DONE
    assert not world.deliveries()


def test_a_webhook_that_cannot_be_read_keeps_nobody_waiting() -> None:
    world = Simulation(recipe="frames")
    odd = Update(webhook_path(SLOW_WEBHOOK), {"secrets": None})
    assert world.store.commit([odd]) is CommitResult.OK
    while not world.notifications_sent["0-done.e0"]:
        world.upload_input("video")
        world.deliver(0)
        finish_workers(world)
    deliver_all_messages(world)

    assert world.stage("notification")["state"] == "done"
    assert [one["webhook"] for one in world.deliveries().values()] == [FAST_WEBHOOK]


def test_a_webhook_hears_of_what_it_asked_for_alone() -> None:
    world = Simulation(recipe="frames", webhooks=(FAST_WEBHOOK,))
    only = Update(webhook_path(FAST_WEBHOOK), {"events": ["job.failed"]})
    assert world.store.commit([only]) is CommitResult.OK
    invariants.run_until_idle(world)

    assert not world.deliveries()
