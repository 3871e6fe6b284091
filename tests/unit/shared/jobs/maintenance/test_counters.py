"""The counters of stages in the simulation: the sweeper corrects a wrong one."""

from __future__ import annotations

import pytest

from shared.flows import effects
from shared.flows.documents import CommitResult, Increment, Update, shard_path
from shared.flows.envelope import JOIN
from shared.jobs.model import Status
from shared.jobs.stage import UnitState
from shared.pipeline import STALLED_S
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import JOB
from tests.unit.shared.jobs.simulation_steps import (
    deliver_all_messages,
    finish_workers,
    make_simulation,
    run_sweeper,
)


def start_extraction(part_count: int) -> Simulation:
    """Returns a simulation in which only the first parts of frame_extraction are queued."""
    simulation = make_simulation(recipe="frames", part_count=part_count)
    simulation.upload_input("video")
    while any(message.envelope.stage == "upload_trigger" for message in simulation.messages):
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.messages = simulation.messages[:2]
    return simulation


def count_wrongly(simulation: Simulation, by: int) -> None:
    """Changes the count of the shard of the first part."""
    shard = shard_path(JOB, "frame_extraction", 0, 0)
    assert simulation.store.commit([Update(shard, {"done": Increment(by)})]) is CommitResult.OK


def sweep_without_messages(simulation: Simulation) -> None:
    simulation.messages.clear()
    simulation.advance_time(STALLED_S + 1)
    run_sweeper(simulation)


@pytest.mark.parametrize("by", [-1, 1])
def test_wrong_counter_is_corrected(by: int) -> None:
    simulation = start_extraction(3)
    simulation.deliver(0)
    finish_workers(simulation)
    assert simulation.stage_count("frame_extraction", "done") == 1
    count_wrongly(simulation, by)
    if by < 0:
        # The count never becomes complete.
        for _ in range(20):
            simulation.deliver(0)
            finish_workers(simulation)
        assert simulation.job.status is Status.RUNNING
    sweep_without_messages(simulation)
    invariants.check_always(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_part_that_a_wrong_counter_skipped_is_admitted() -> None:
    """The next part is searched from the count, so a count that is too high skips parts."""
    simulation = start_extraction(5)
    count_wrongly(simulation, 2)
    for _ in range(2):
        simulation.deliver(0)
        finish_workers(simulation)
    parts = {unit.part for unit in simulation.units() if unit.stage == "frame_extraction"}
    assert parts == {"0", "1", "4", JOIN}
    sweep_without_messages(simulation)
    invariants.check_always(simulation)
    parts = {unit.part for unit in simulation.units() if unit.stage == "frame_extraction"}
    assert parts == {"0", "1", "2", "4", JOIN}
    invariants.run_until_idle(simulation)
    invariants.check_final_state(simulation)
    assert simulation.job.status is Status.DONE
    assert simulation.stage_count("frame_extraction", "done") == 5


def test_recount_keeps_a_part_counted_meanwhile() -> None:
    simulation = start_extraction(2)
    simulation.deliver(0)
    slow = simulation.workers[0]
    while not isinstance(slow.effect, effects.Commit) or not any(
        getattr(write, "fields", {}).get("state") == UnitState.DONE for write in slow.effect.writes
    ):
        simulation.step(0)
    count_wrongly(simulation, 1)
    simulation.messages = simulation.messages[:1]
    simulation.advance_time(STALLED_S + 1)
    simulation.run_command("sweep")
    # The recount has read the shard and is about to write when the slow part is counted.
    shard = shard_path(JOB, "frame_extraction", 0, 0)
    recount = simulation.workers[1]
    while not isinstance(recount.effect, effects.Commit) or not any(
        write.path == shard for write in recount.effect.writes
    ):
        simulation.step(1)
    simulation.step(0)
    assert simulation.stage_count("frame_extraction", "done") == 2
    finish_workers(simulation)
    assert simulation.stage_count("frame_extraction", "done") == 2
    simulation.advance_time(1200)
    run_sweeper(simulation)
    invariants.check_always(simulation)
