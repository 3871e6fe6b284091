"""The sweeper: units without progress, and what must not block them."""

from __future__ import annotations

from shared.flows import effects
from shared.flows.documents import CommitResult, Delete, Update
from shared.flows.envelope import Envelope
from shared.jobs.model import Job, Status
from shared.jobs.units import deliver, lease
from shared.jobs.update import update_job
from tests.fakes.simulation.simulation import Simulation
from tests.unit.shared.jobs.simulation_steps import (
    deliver_all_messages,
    finish_workers,
    make_simulation,
    run_sweeper,
)


def stop_silently(simulation: Simulation) -> None:
    """Loses the only message of the upload."""
    simulation.upload_input("video")
    simulation.messages.clear()


def test_unreadable_jobs_do_not_block_the_sweeper() -> None:
    simulation = make_simulation(recipe="frames", page_size=2)
    for n in range(3):
        job_id = f"{n}" * 20
        simulation.add_job(job_id, "frames")
        unknown = Update(f"jobs/{job_id}", {"recipe": "an-unknown-recipe"})
        assert simulation.store.commit([unknown]) is CommitResult.OK
    simulation.advance_time(1)
    stop_silently(simulation)
    simulation.advance_time(100)
    run_sweeper(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_jobs_that_wait_for_users_do_not_block_the_sweeper() -> None:
    simulation = make_simulation(recipe="frames", page_size=2)
    for n in range(7):
        simulation.add_job(f"{n}" * 20, "frames")
    simulation.advance_time(86_400)
    stop_silently(simulation)
    run_sweeper(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE
    reads, sweeps = simulation.store.read_count, 10
    for _ in range(sweeps):
        simulation.advance_time(60)
        run_sweeper(simulation)
    # Each sweep reads where it continues in the queues of owners.
    reads = simulation.store.read_count - reads - sweeps
    assert reads < 7, "jobs that wait are checked every minute"


def test_long_running_job_does_not_block_the_sweeper() -> None:
    simulation = make_simulation(recipe="frames", page_size=1)
    busy = "b" * 20
    simulation.add_job(busy, "frames")
    started = {"status": Status.RUNNING, "running_since": simulation.now}
    (doc,) = simulation.store.read([f"jobs/{busy}"])
    assert doc is not None
    writes = update_job(Job.from_doc(doc), started)
    assert simulation.store.commit(writes) is CommitResult.OK
    flow = deliver.deliver(Envelope(busy, "upload_trigger", "video"), simulation.clock_and_ids)
    effect = next(flow)
    while not isinstance(effect, effects.RunUnit):
        effect = flow.send(simulation._perform(effect, None, "done"))
    simulation.advance_time(1)
    stop_silently(simulation)
    simulation.advance_time(100)
    assert simulation.run(lease.renew(effect.claim, simulation.clock_and_ids))
    run_sweeper(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_sweeper_does_not_flood_a_queue_of_an_hour() -> None:
    simulation = make_simulation(recipe="frames", part_count=31, parts_in_flight=31)
    simulation.upload_input("video")
    while any(message.envelope.stage == "upload_trigger" for message in simulation.messages):
        simulation.deliver(0)
        finish_workers(simulation)
    parts = {str(part) for part in range(31)}
    assert {message.envelope.part for message in simulation.messages} == parts
    simulation.messages = simulation.messages[-31:]
    simulation.advance_time(91)
    run_sweeper(simulation)
    assert len(simulation.messages) == 2 * 31, "the first check comes after two leases"
    for _ in range(60):
        simulation.advance_time(60)
        run_sweeper(simulation)
    # The checks come after 1.5, 3, 6, 12, 24 and 48 minutes; the join is not ready.
    assert len(simulation.messages) <= 7 * 31
    assert {message.envelope.part for message in simulation.messages} == parts
    deliver_all_messages(simulation, max_count=1000)
    assert simulation.job.status is Status.DONE


def test_documents_of_a_removed_job_are_purged() -> None:
    simulation = make_simulation(recipe="frames", page_size=1)
    expired = "e" * 20
    simulation.add_job(expired, "frames")
    assert simulation.store.commit([Delete(f"jobs/{expired}")]) is CommitResult.OK
    simulation.advance_time(1)
    stop_silently(simulation)
    simulation.advance_time(100)
    run_sweeper(simulation)
    assert not [path for path in simulation.store.documents if expired in path]
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE
