"""Messages that were delivered too often."""

from __future__ import annotations

from shared.flows.documents import CommitResult, Update
from shared.jobs import queue
from shared.jobs.model import Status
from shared.pipeline import FUNCTIONS
from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import JOB
from tests.unit.shared.jobs.simulation_steps import (
    deliver_all_messages,
    finish_workers,
    make_simulation,
)


def test_dead_letter_keeps_a_unit_after_a_slow_upload() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.advance_time(7 * 3600)
    simulation.upload_input("video")
    simulation.deliver(0, to_dead_letter=True)
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def wait_in_the_queue(simulation: Simulation) -> None:
    """Starts the job. Then no message of it is delivered for seven hours."""
    simulation.upload_input("video")
    assert simulation.run(queue.advance(simulation.job, simulation.clock_and_ids))
    simulation.advance_time(7 * 3600)


def test_dead_letter_announces_a_unit_that_waited_for_hours() -> None:
    simulation = make_simulation(recipe="frames")
    wait_in_the_queue(simulation)
    published = simulation.published_count
    simulation.deliver(0, to_dead_letter=True)
    finish_workers(simulation)
    assert simulation.published_count == published + 1
    assert simulation.job.status == "running"
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_dead_letter_acknowledges_copies_that_another_one_replaced() -> None:
    simulation = make_simulation(recipe="frames")
    wait_in_the_queue(simulation)
    simulation.duplicate_message(0)
    simulation.duplicate_message(0)
    simulation.advance_time(30)
    copies, published = len(simulation.messages), simulation.published_count
    for _ in range(copies):
        simulation.deliver(0, to_dead_letter=True)
        finish_workers(simulation)
    assert simulation.published_count == published + 1
    assert len(simulation.messages) == 1
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_dead_letter_fails_a_unit_without_attempts_left() -> None:
    simulation = make_simulation(recipe="frames")
    wait_in_the_queue(simulation)
    attempts = {"attempt": FUNCTIONS["upload_trigger"].max_attempts}
    unit = f"jobs/{JOB}/units/upload_trigger-0-video"
    assert simulation.store.commit([Update(unit, attempts)]) is CommitResult.OK
    simulation.deliver(0, to_dead_letter=True)
    finish_workers(simulation)
    assert simulation.job.status is Status.FAILED
