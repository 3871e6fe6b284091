"""How many messages a job without faults publishes."""

from __future__ import annotations

from collections import Counter

import pytest

from shared.flows.envelope import JOIN, Envelope
from shared.jobs.model import Status
from shared.pipeline import FUNCTIONS
from tests.fakes.simulation.simulation import Simulation
from tests.unit.shared.jobs.simulation_steps import finish_workers, make_simulation

PARTS_IN_FLIGHT = 8
MAX_COPIES_OF_A_PART = 4
MAX_COPIES_OF_A_JOIN = PARTS_IN_FLIGHT + 2
"""Each part in flight is repeated once, and may announce the join. Also for a notification, which
each copy of the last join announces."""


def count_messages(simulation: Simulation) -> Counter[tuple[str, str]]:
    """Runs a job to its end, the oldest message first, and returns the messages of each unit."""
    counts: Counter[tuple[str, str]] = Counter()
    publish = simulation.publish

    def count(envelope: Envelope) -> None:
        counts[envelope.stage, envelope.part] += 1
        publish(envelope)

    simulation.publish = count  # type: ignore[method-assign]
    for job_input in simulation.job.inputs:
        simulation.upload_input(job_input.name)
    while simulation.messages:
        assert counts.total() < 2000, f"messages multiply: {counts.most_common(3)}"
        simulation.deliver(0)
        finish_workers(simulation)
    assert simulation.job.status is Status.DONE
    return counts


@pytest.mark.parametrize("recipe", ["presentation", "recap", "emotions"])
def test_copies_do_not_multiply_from_stage_to_stage(recipe: str) -> None:
    """Each repeated part announced the join, and each repeated join every part of the next stage:
    one duplicate of an upload's message became hundreds of the last stage's."""
    simulation = make_simulation(
        recipe=recipe, part_count=PARTS_IN_FLIGHT, parts_in_flight=PARTS_IN_FLIGHT
    )
    counts = count_messages(simulation)
    for (stage, part), count in counts.items():
        is_last = part == JOIN or FUNCTIONS[stage].reports_outcome
        assert count <= (MAX_COPIES_OF_A_JOIN if is_last else MAX_COPIES_OF_A_PART), (stage, part)
