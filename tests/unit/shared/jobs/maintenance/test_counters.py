"""The counters of stages in the simulation: the sweeper corrects a wrong one."""

from __future__ import annotations

import pytest

from shared.flows import effects
from shared.flows.documents import CommitResult, Increment, Update
from shared.jobs.model import Status
from shared.jobs.stage import UnitState
from shared.pipeline import STALLED_S
from tests.fakes.simulation import invariants
from tests.fakes.simulation.state import JOB
from tests.unit.shared.jobs.simulation_steps import (
    deliver_all_messages,
    finish_workers,
    make_simulation,
)


@pytest.mark.parametrize("by", [-1, 1])
def test_wrong_counter_is_corrected(by: int) -> None:
    simulation = make_simulation(recipe="frames", part_count=3)
    simulation.upload_input("video")
    while simulation.stage("frame_extraction")["total"] is None:
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.deliver(0)
    finish_workers(simulation)
    assert simulation.stage("frame_extraction")["done"] == 1
    stage = f"jobs/{JOB}/stages/frame_extraction-0"
    assert simulation.store.commit([Update(stage, {"done": Increment(by)})]) is CommitResult.OK
    if by < 0:
        # The count never becomes complete.
        for _ in range(20):
            simulation.deliver(0)
            finish_workers(simulation)
        assert simulation.job.status is Status.RUNNING
    simulation.messages.clear()
    simulation.advance_time(STALLED_S + 1)
    simulation.run_command("sweep")
    finish_workers(simulation)
    invariants.check_always(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_recount_keeps_a_part_counted_meanwhile() -> None:
    simulation = make_simulation(recipe="frames", part_count=2)
    simulation.upload_input("video")
    while simulation.stage("frame_extraction")["total"] is None:
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.deliver(0)
    slow = simulation.workers[0]
    while not isinstance(slow.effect, effects.Commit) or not any(
        getattr(write, "fields", {}).get("state") == UnitState.DONE for write in slow.effect.writes
    ):
        simulation.step(0)
    stage = f"jobs/{JOB}/stages/frame_extraction-0"
    assert simulation.store.commit([Update(stage, {"done": Increment(1)})]) is CommitResult.OK
    simulation.advance_time(STALLED_S + 1)
    simulation.run_command("sweep")
    # The recount has read the stage and is about to write when the slow part is counted.
    while not isinstance(simulation.workers[1].effect, effects.Commit):
        simulation.step(1)
    simulation.step(0)
    assert simulation.stage("frame_extraction")["done"] == 2
    finish_workers(simulation)
    simulation.advance_time(1200)
    simulation.run_command("sweep")
    finish_workers(simulation)
    invariants.check_always(simulation)
