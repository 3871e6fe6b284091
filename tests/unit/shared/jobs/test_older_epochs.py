"""Decisions, claims and failures of an epoch that a redrive has ended."""

from __future__ import annotations

from shared.flows import effects
from shared.flows.documents import CommitResult, Update
from shared.jobs import queue
from shared.jobs.model import Status
from shared.pipeline import FUNCTIONS
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import JOB
from tests.unit.shared.jobs.simulation_steps import (
    deliver_all_messages,
    finish_workers,
    make_simulation,
)


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


def start_still(simulation: Simulation) -> None:
    """Starts a job with two uploads. The message of each is queued."""
    simulation.upload_input("picture")
    simulation.upload_input("sound")
    assert simulation.run(queue.advance(simulation.job, simulation.clock_and_ids))


def deliver_upload(simulation: Simulation, part: str, epoch: int | None = None) -> None:
    """Delivers a message of the upload `part`; without an epoch the event of its object."""
    waiting = [message.envelope for message in simulation.messages if not message.in_flight]
    keys = [(envelope.part, envelope.epoch) for envelope in waiting]
    simulation.deliver(keys.index((part, epoch)))


def step_until(simulation: Simulation, effect: type[effects.Effect]) -> None:
    """Runs the first worker until it is about to perform `effect`."""
    while not isinstance(simulation.workers[0].effect, effect):
        simulation.step(0)


def fail_and_redrive(simulation: Simulation) -> None:
    """Fails the job in the picture while the first worker stands still, and redrives it."""
    deliver_upload(simulation, "picture")
    while len(simulation.workers) > 1:
        simulation.step(1, "failed")
    assert simulation.job.status is Status.FAILED
    simulation.run_command("redrive")
    while len(simulation.workers) > 1:
        simulation.step(1)
    assert (simulation.job.status, simulation.job.epoch) == (Status.RUNNING, 1)


def test_claim_that_was_decided_in_an_older_epoch_is_decided_again() -> None:
    simulation = make_simulation(recipe="still")
    start_still(simulation)
    # The object's event has no epoch. It has decided and is about to claim.
    deliver_upload(simulation, "sound")
    slow = simulation.workers[0]
    assert slow.message is not None
    assert slow.message.envelope.epoch is None
    step_until(simulation, effects.Commit)
    fail_and_redrive(simulation)
    step_until(simulation, effects.RunUnit)
    assert isinstance(slow.effect, effects.RunUnit)
    assert (slow.effect.claim.job.epoch, slow.effect.claim.attempt) == (1, 1)
    while simulation.workers:
        simulation.step(0, "failed")
    # It has failed in the new epoch, once.
    assert simulation.terminal_states == ["failed.e0.r0", "failed.e1.r0"]
    invariants.check_always(simulation)


def test_failure_from_an_older_epoch_changes_nothing() -> None:
    simulation = make_simulation(recipe="still")
    start_still(simulation)
    deliver_upload(simulation, "sound")
    step_until(simulation, effects.RunUnit)
    fail_and_redrive(simulation)
    path = f"jobs/{JOB}/units/upload_trigger-0-sound"
    before = simulation.store.documents[path]
    while simulation.workers:
        simulation.step(0, "failed")
    assert simulation.store.documents[path] == before
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.epoch) == (Status.DONE, 1)
    assert simulation.terminal_states == ["failed.e0.r0", "done.e1.r0"]


def test_failure_from_an_older_epoch_leaves_the_next_claim_alone() -> None:
    simulation = make_simulation(recipe="still")
    start_still(simulation)
    deliver_upload(simulation, "sound")
    step_until(simulation, effects.RunUnit)
    fail_and_redrive(simulation)
    deliver_upload(simulation, "sound", 1)
    while not isinstance(simulation.workers[1].effect, effects.RunUnit):
        simulation.step(1)
    late = simulation.workers[0]
    while late in simulation.workers:
        simulation.step(0, "failed")
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.epoch) == (Status.DONE, 1)
    attempts = {unit.attempt for unit in simulation.units() if unit.part == "sound"}
    assert attempts == {1}
