"""The progress that a handler reports, in steps, and how it is stored."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest

from shared.entrypoints.stage import UnitContext
from shared.flows.documents import shard_path, unit_path
from shared.flows.effects import RunUnit
from shared.flows.envelope import JOIN, Envelope
from shared.jobs.stage import UnitClaim
from shared.jobs.units import deliver, lease
from shared.runtime.leases import UnitLease
from tests.fakes.simulation.simulation import Simulation
from tests.unit.shared.jobs.simulation_steps import finish_workers, make_simulation


def make_context() -> UnitContext:
    none = cast(Any, None)
    claim = UnitClaim(Envelope("j" * 20, "stitching", JOIN), "t", 1, none, none)
    return UnitContext(UnitLease(claim, time.monotonic() + 3600), none, none)


def test_steps_divide_the_progress() -> None:
    context = make_context()
    seen: list[float] = []
    with context.progress_step(0.5):
        for done in (0, 0.5):
            context.report_progress(done)
            seen.append(context.progress)
        with context.progress_step(0.75):
            context.report_progress(0.5)
            seen.append(context.progress)
    seen.append(context.progress)
    with context.progress_step(1):
        context.report_progress(0.5)
        seen.append(context.progress)
    seen.append(context.progress)
    assert seen == [0, 0.25, 0.3125, 0.5, 0.75, 1]


def test_progress_never_goes_back() -> None:
    context = make_context()
    for fraction in (0.4, 0.2, -1, 7):
        context.report_progress(fraction)
    assert context.progress == 1
    with context.progress_step(0.3):
        context.report_progress(0)
    assert context.progress == 1


def test_step_that_fails_is_not_complete() -> None:
    context = make_context()

    def fail() -> None:
        with context.progress_step(0.5):
            context.report_progress(0.5)
            raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        fail()
    assert context.progress == 0.25
    context.report_progress(0.5)
    assert context.progress == 0.5


def claim_join(simulation: Simulation, join: Envelope) -> UnitClaim:
    """Claims the join, whose worker then does nothing."""
    flow = deliver.deliver(join, simulation.clock_and_ids)
    effect = next(flow)
    while not isinstance(effect, RunUnit):
        effect = flow.send(simulation._perform(effect, None, "done"))
    return cast(UnitClaim, effect.claim)


def test_renewals_store_the_progress_of_a_join_and_later_attempts_only_more() -> None:
    simulation = make_simulation(recipe="frames", part_count=2)
    simulation.upload_input("video")
    joins: list[Envelope] = []
    for _ in range(20):
        joins = [
            message.envelope for message in simulation.messages
            if (message.envelope.stage, message.envelope.part) == ("frame_extraction", JOIN)
        ]  # fmt: skip
        if joins:
            break
        simulation.deliver(0)
        finish_workers(simulation)
    (join,) = joins
    shard = shard_path(join.job_id, join.stage, 0, 0)
    unit = unit_path(join.job_id, join.stage, 0, JOIN)

    def renewed(claim: UnitClaim, progress: float) -> tuple[float, float]:
        assert simulation.run(lease.renew(claim, simulation.clock_and_ids, progress))
        docs = [simulation.store.documents[path][0] for path in (shard, unit)]
        return docs[0]["join_progress"], docs[1].get("progress", 0)

    first = claim_join(simulation, join)
    assert renewed(first, 0) == (0, 0)
    assert renewed(first, 0.6) == (0.6, 0.6)
    # Its worker crashes.
    simulation.advance_time(100)
    second = claim_join(simulation, join)
    assert renewed(second, 0.2) == (0.6, 0.6)
    assert renewed(second, 0.7) == (0.7, 0.7)
