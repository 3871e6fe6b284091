"""Single faults in the simulation: lost responses."""

from __future__ import annotations

from shared.jobs.model import Status
from shared.jobs.stage import UnitState
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import Simulation
from tests.unit.shared.jobs.simulation_steps import (
    deliver_all_messages,
    finish_workers,
    make_simulation,
)


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
