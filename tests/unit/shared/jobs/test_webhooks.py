"""Webhook deliveries in the simulation: they never affect the job, its email or other webhooks."""

from __future__ import annotations

from shared.flows import effects
from shared.flows.documents import CommitResult, Delete, Update, owned_documents
from shared.jobs.model import Status
from shared.jobs.webhooks.webhook import WEBHOOKS, webhook_path
from shared.pipeline import FUNCTIONS
from shared.tasks.task import TaskState
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import FAST_WEBHOOK, OWNER, SLOW_WEBHOOK
from tests.unit.shared.jobs.simulation_steps import (
    deliver_all_messages,
    finish_workers,
    run_sweeper,
)


def simulate_done_job(**fields: tuple[str, ...]) -> Simulation:
    """Returns a simulation whose job is done, with its email sent and the deliveries of its outcome
    open."""
    simulation = Simulation(recipe="frames", **fields)  # type: ignore[arg-type]
    simulation.upload_input("video")
    while indexes := [
        i for i, message in enumerate(simulation.messages) if message.envelope.stage != "webhook"
    ]:
        simulation.deliver(indexes[0])
        finish_workers(simulation)
    assert simulation.notifications_sent == {"0-done.e0": 1}
    return simulation


def refuse_all_calls(simulation: Simulation) -> None:
    """Answers every call with 503, for days."""
    for _ in range(400):
        while simulation.workers:
            simulation.step(0, "retry")
        simulation.advance_time(6)
        if simulation.messages:
            simulation.deliver(0)
        else:
            run_sweeper(simulation)
        if not simulation.has_open_deliveries:
            return
    raise AssertionError("the deliveries never end")


def test_unavailable_webhook_does_not_affect_job_or_email() -> None:
    simulation = simulate_done_job()

    refuse_all_calls(simulation)

    assert simulation.job.status is Status.DONE
    assert simulation.job.error is None
    assert simulation.stage("notification")["state"] == "done"
    assert simulation.notifications_sent == {"0-done.e0": 1}
    assert {row["state"] for row in simulation.deliveries().values()} == {TaskState.FAILED}
    assert set(simulation.webhook_calls.values()) == {FUNCTIONS["webhook"].max_attempts}


def delete_during_notification() -> Simulation:
    """Deletes a job between the read of its owner's webhooks and the write of a delivery."""
    simulation = Simulation(recipe="frames")
    simulation.upload_input("video")
    query = effects.RunQuery(owned_documents(WEBHOOKS, OWNER))
    # The start of the job reads the webhooks too.
    while not simulation.job.is_terminal or not any(
        row.effect == query for row in simulation.workers
    ):
        if simulation.workers:
            simulation.step(0)
        else:
            simulation.deliver(0)
    simulation.run_command("delete")
    while len(simulation.workers) > 1:
        simulation.step(1)
    finish_workers(simulation)
    return simulation


def test_job_deleted_during_notification_has_no_deliveries() -> None:
    simulation = delete_during_notification()

    assert simulation.is_deleted
    assert not simulation.deliveries()
    invariants.run_until_idle(simulation)
    invariants.check_final_state(simulation)


def test_crash_after_the_call_repeats_the_same_event() -> None:
    simulation = simulate_done_job(webhooks=(FAST_WEBHOOK,))
    simulation.deliver(0)
    while (
        not isinstance(simulation.workers[0].effect, effects.CrashPoint)
        or not simulation.webhook_calls
    ):
        simulation.step(0)
    simulation.crash_worker(0)
    simulation.advance_time(100)
    deliver_all_messages(simulation)

    [delivery] = simulation.deliveries().values()
    assert list(simulation.webhook_calls.values()) == [2]
    assert (delivery["state"], delivery["attempt"]) == (TaskState.DONE, 2)
    invariants.check_webhook_calls(simulation)


def test_sweeper_replaces_a_lost_message() -> None:
    simulation = simulate_done_job()
    simulation.messages.clear()

    invariants.run_until_idle(simulation)

    assert {row["state"] for row in simulation.deliveries().values()} == {TaskState.DONE}


def test_delivery_that_is_due_later_keeps_no_message() -> None:
    simulation = simulate_done_job(webhooks=(SLOW_WEBHOOK,))
    for _ in range(3):
        simulation.deliver(0)
        finish_workers(simulation)
        simulation.advance_time(5)
    assert not simulation.messages
    run_sweeper(simulation)
    assert not simulation.messages, "the delivery is not due yet"

    simulation.advance_time(60)
    run_sweeper(simulation)
    deliver_all_messages(simulation)

    assert not simulation.has_open_deliveries


def test_sweeper_does_not_flood_a_long_queue() -> None:
    simulation = simulate_done_job()
    for _ in range(9):
        simulation.advance_time(60)
        run_sweeper(simulation)

    assert len(simulation.messages) == 4, "two messages, and one more of each after two leases"


def test_deleted_webhook_gets_no_delivery() -> None:
    simulation = Simulation(recipe="frames")
    for webhook_id in (FAST_WEBHOOK, SLOW_WEBHOOK):
        assert simulation.store.commit([Delete(webhook_path(webhook_id))]) is CommitResult.OK
    invariants.run_until_idle(simulation)

    assert simulation.job.status is Status.DONE
    assert not simulation.deliveries()


def test_unreadable_webhook_does_not_block_others() -> None:
    simulation = Simulation(recipe="frames")
    invalid = Update(webhook_path(SLOW_WEBHOOK), {"secrets": None})
    assert simulation.store.commit([invalid]) is CommitResult.OK
    while not simulation.notifications_sent["0-done.e0"]:
        simulation.upload_input("video")
        simulation.deliver(0)
        finish_workers(simulation)
    deliver_all_messages(simulation)

    assert simulation.stage("notification")["state"] == "done"
    assert {row["webhook"] for row in simulation.deliveries().values()} == {FAST_WEBHOOK}


def test_webhook_gets_only_its_events() -> None:
    simulation = Simulation(recipe="frames", webhooks=(FAST_WEBHOOK,))
    failures_only = Update(webhook_path(FAST_WEBHOOK), {"events": ["job.failed"]})
    assert simulation.store.commit([failures_only]) is CommitResult.OK
    invariants.run_until_idle(simulation)

    assert not simulation.deliveries()
