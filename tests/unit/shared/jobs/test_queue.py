"""The queue of an owner's jobs."""

from __future__ import annotations

from shared.flows.documents import CommitResult, Update
from shared.jobs import queue
from shared.jobs.commands import cancel
from shared.jobs.model import Status
from tests.fakes.load.cloud import Load
from tests.fakes.load.engine import LoadSimulation

FIRST, SECOND, THIRD = (f"a{number:019d}" for number in range(3))


def queue_two_jobs() -> LoadSimulation:
    """Returns a simulation in which one job of an owner runs and two are queued. The head of the
    queue cannot be read."""
    load = Load(jobs_per_owner=1, part_count=2, sweeper_enabled=False)
    simulation = LoadSimulation(1, load)
    for number, job_id in enumerate((FIRST, SECOND, THIRD)):
        simulation.add_job(job_id, "a", "frames", at_s=number * 5)
    simulation.run(16)
    statuses = [status_of(simulation, job_id) for job_id in (FIRST, SECOND, THIRD)]
    assert statuses == [Status.RUNNING, Status.QUEUED, Status.QUEUED]
    unknown = Update(f"jobs/{SECOND}", {"recipe": "an-unknown-recipe"})
    assert simulation.store.commit([unknown]) is CommitResult.OK
    return simulation


def status_of(simulation: LoadSimulation, job_id: str) -> str:
    return str(simulation.store.documents[f"jobs/{job_id}"][0]["status"])


def test_job_that_cannot_be_read_does_not_block_the_queue() -> None:
    simulation = queue_two_jobs()
    simulation.run_now(cancel.cancel(FIRST, simulation.clock))
    assert status_of(simulation, THIRD) == Status.RUNNING
    assert status_of(simulation, SECOND) == Status.QUEUED


def test_queue_of_jobs_that_cannot_be_read_is_left() -> None:
    simulation = queue_two_jobs()
    unknown = Update(f"jobs/{THIRD}", {"recipe": "an-unknown-recipe"})
    assert simulation.store.commit([unknown]) is CommitResult.OK
    simulation.run_now(cancel.cancel(FIRST, simulation.clock))
    assert simulation.run_now(queue.fill_queues(simulation.clock)) == 1
    assert {status_of(simulation, job_id) for job_id in (SECOND, THIRD)} == {Status.QUEUED}
