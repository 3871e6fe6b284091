"""Waiting is not failing: a backlog fails no job and multiplies no messages."""

from __future__ import annotations

from shared.flows.documents import CommitResult, Update
from shared.flows.envelope import JOIN, Envelope
from shared.jobs.model import Status
from shared.jobs.stage import UnitState
from shared.pipeline import FUNCTIONS
from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import JOB
from tests.unit.shared.jobs.simulation_steps import (
    deliver_all_messages,
    finish_workers,
    make_simulation,
    run_sweeper,
)


def test_unit_that_was_never_claimed_does_not_fail_for_having_waited() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.upload_input("video")
    for _ in range(3):
        simulation.deliver(0)
        finish_workers(simulation)
    for _ in range(10):
        simulation.advance_time(3600)
        simulation.deliver(0, to_dead_letter=True)
        finish_workers(simulation)
    assert not simulation.job.is_terminal
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def run_to_first_part(simulation: Simulation) -> str:
    """Runs until the first parts of frame_extraction are announced. Returns the path of the first
    unit. Only their messages are queued."""
    path = f"jobs/{JOB}/units/frame_extraction-0-0"
    simulation.upload_input("video")
    for _ in range(20):
        if path in simulation.store.documents:
            break
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.messages[:] = [
        message for message in simulation.messages if message.envelope.stage == "frame_extraction"
    ]
    return path


def test_dead_letter_acknowledges_a_copy_that_is_older_than_the_last_announcement() -> None:
    simulation = make_simulation(recipe="frames", part_count=1)
    run_to_first_part(simulation)
    [old] = [message for message in simulation.messages if message.envelope.part == "0"]
    simulation.messages[:] = [old]
    simulation.advance_time(200)
    run_sweeper(simulation)
    assert [message.envelope.part for message in simulation.messages] == ["0", "0"]
    simulation.deliver(0, to_dead_letter=True)
    finish_workers(simulation)
    [new] = simulation.messages
    assert new is not old
    simulation.advance_time(1)
    simulation.deliver(0, to_dead_letter=True)
    finish_workers(simulation)
    [newest] = simulation.messages
    assert newest is not new, "the last copy is published again, not lost"


def test_sweeper_announces_a_waiting_unit_less_and_less_often() -> None:
    simulation = make_simulation(recipe="frames", part_count=1)
    unit = run_to_first_part(simulation)
    simulation.messages.clear()
    before = simulation.published_count
    for _ in range(6 * 60):
        simulation.advance_time(60)
        run_sweeper(simulation)
    assert 6 <= simulation.published_count - before <= 14
    assert simulation.store.documents[unit][0]["attempt"] == 0


def test_delivery_of_a_leased_unit_is_rejected_at_once() -> None:
    simulation = make_simulation(recipe="frames", part_count=1)
    run_to_first_part(simulation)
    simulation.deliver(0)
    for _ in range(3):
        simulation.step(0)
    assert any(unit.state is UnitState.LEASED for unit in simulation.units())
    simulation.publish(Envelope(JOB, "frame_extraction", "0", epoch=0))
    simulation.deliver(len(simulation.messages))
    now, busy = simulation.now, simulation.workers[-1]
    assert busy.message is not None
    simulation.step(len(simulation.workers) - 1)
    assert busy not in simulation.workers
    assert busy.message in simulation.messages, "a rejected message stays"
    assert simulation.now == now


def test_repeated_join_announces_as_many_parts_as_may_be_in_flight() -> None:
    simulation = make_simulation(recipe="frames", part_count=8, parts_in_flight=2)
    run_to_first_part(simulation)
    parts = [message.envelope.part for message in simulation.messages]
    assert sorted(parts) == ["0", "1"]
    for _ in range(20):
        before = simulation.published_count
        simulation.publish(Envelope(JOB, "upload_trigger", JOIN, epoch=0))
        simulation.deliver(len(simulation.messages) - 1)
        finish_workers(simulation)
        assert simulation.published_count - before <= 2
    # Each of these copies finds a part that is DONE and announces at most one other unit.
    deliver_all_messages(simulation, max_count=500)
    assert simulation.job.status is Status.DONE


def test_unit_whose_attempts_are_used_still_fails_its_job() -> None:
    simulation = make_simulation(recipe="frames", part_count=1)
    path = run_to_first_part(simulation)
    used = Update(path, {"attempt": FUNCTIONS["frame_extraction"].max_attempts})
    assert simulation.store.commit([used]) is CommitResult.OK
    simulation.deliver(0, to_dead_letter=True)
    finish_workers(simulation)
    assert simulation.job.status is Status.FAILED
