"""The messages of units that wait for a service: the sweeper and dead letters."""

from __future__ import annotations

from datetime import timedelta

from shared.flows.documents import CommitResult, Update
from shared.jobs.units.waiting import stage_wait
from shared.pipeline import STALLED_S
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import JOB
from tests.unit.shared.jobs.simulation_steps import finish_workers, make_simulation


def make_waiting_simulation(wait_s: int) -> Simulation:
    """Returns a simulation whose only part of frame_extraction waits for `wait_s` seconds."""
    simulation = make_simulation(recipe="frames", part_count=1)
    simulation.upload_input("video")
    while simulation.messages[0].envelope.stage != "frame_extraction":
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.next_outcome = "unavailable"
    simulation.deliver(0)
    finish_workers(simulation)
    assert stage_wait(simulation.units()) is not None
    path = f"jobs/{JOB}/units/frame_extraction-0-0"
    not_before = simulation.now + timedelta(seconds=wait_s)
    # As `wait_for_service` sets both.
    next_check_at = not_before + timedelta(seconds=STALLED_S)
    fields = {"not_before": not_before, "next_check_at": next_check_at}
    result = simulation.store.commit([Update(path, fields)])
    assert result is CommitResult.OK
    return simulation


def test_sweeper_announces_a_waiting_unit_when_it_is_due() -> None:
    simulation = make_waiting_simulation(600)
    simulation.messages.clear()
    for _ in range(5):
        simulation.advance_time(100)
        simulation.run_command("sweep")
        finish_workers(simulation)
        assert simulation.messages == []
    invariants.run_until_idle(simulation)
    invariants.check_final_state(simulation)
    assert simulation.job.status == "done"


def test_dead_letter_does_not_fail_a_waiting_unit_for_its_age() -> None:
    simulation = make_waiting_simulation(7 * 3600)
    simulation.advance_time(6 * 3600 + 100)
    simulation.deliver(0, to_dead_letter=True)
    finish_workers(simulation)
    assert simulation.job.status == "running"
