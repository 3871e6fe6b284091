"""Steps of the simulation that several test modules use."""

from __future__ import annotations

from typing import Any

from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import FAST_WEBHOOK


def make_simulation(**fields: Any) -> Simulation:
    """Returns a simulation with one webhook that accepts every call."""
    return Simulation(webhooks=(FAST_WEBHOOK,), **fields)


def finish_workers(simulation: Simulation) -> None:
    """Runs all workers to their end."""
    while simulation.workers:
        simulation.step(0)


def deliver_all_messages(simulation: Simulation, max_count: int = 50) -> None:
    """Delivers all messages without faults and without advancing the clock."""
    for _ in range(max_count):
        simulation.deliver(0)
        finish_workers(simulation)
    assert not simulation.messages, f"still refused: {simulation.messages[0].envelope}"


def run_sweeper(simulation: Simulation) -> None:
    simulation.run_command("sweep")
    finish_workers(simulation)


def run_cleanup(simulation: Simulation) -> None:
    simulation.run_command("cleanup")
    finish_workers(simulation)
