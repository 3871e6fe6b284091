"""Single faults in the simulation: lost responses, late workers, stopped jobs."""

from __future__ import annotations

from shared.flows import effects
from shared.flows.documents import CommitResult, Delete, Update
from shared.flows.envelope import Envelope
from shared.jobs.model import Status
from shared.jobs.stage import UnitState
from shared.jobs.units import deliver, lease
from shared.pipeline import FUNCTIONS
from tests.fakes.simulation import invariants
from tests.fakes.simulation.simulation import Simulation
from tests.fakes.simulation.state import JOB
from tests.unit.shared.jobs.simulation_steps import (
    deliver_all_messages,
    finish_workers,
    make_simulation,
    run_sweeper,
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


def use_all_attempts(simulation: Simulation) -> None:
    """Retries the part of the upload in all but its last attempt; its message stays."""
    simulation.upload_input("video")
    for _ in range(FUNCTIONS["upload_trigger"].max_attempts - 1):
        simulation.deliver(0)
        while simulation.workers:
            simulation.step(0, "retry")
        simulation.advance_time(100)


def test_late_decision_of_an_older_epoch_does_not_fail_the_job() -> None:
    simulation = make_simulation(recipe="frames")
    use_all_attempts(simulation)
    unit = f"jobs/{JOB}/units/upload_trigger-0-video"
    exhausted = {"attempt": FUNCTIONS["upload_trigger"].max_attempts}
    assert simulation.store.commit([Update(unit, exhausted)]) is CommitResult.OK
    simulation.duplicate_message(0)
    simulation.deliver(0)
    simulation.step(0)
    late = simulation.workers[0]
    # The first delivery has read and decided; the second one decides the same and finishes first.
    simulation.deliver(0)
    while len(simulation.workers) > 1:
        simulation.step(1)
    assert simulation.job.status is Status.FAILED
    simulation.run_command("redrive")
    while len(simulation.workers) > 1:
        simulation.step(1)
    assert simulation.workers == [late]
    finish_workers(simulation)
    assert simulation.job.status is not Status.FAILED
    deliver_all_messages(simulation)
    assert (simulation.job.status, simulation.job.epoch) == (Status.DONE, 1)


def fail_and_redrive(simulation: Simulation, effect: type[effects.Effect]) -> None:
    """Stops the delivery of one part before `effect`, while the other part fails the job, which is
    redriven and runs again."""
    simulation.upload_input("picture")
    simulation.upload_input("sound")
    # The first delivery of each only starts the job, which announces both.
    for part in ("picture", "sound"):
        simulation.deliver(0)
        if part == "picture":
            finish_workers(simulation)
    while not isinstance(simulation.workers[0].effect, effect):
        simulation.step(0)
    simulation.deliver(part_index(simulation, "picture"))
    while len(simulation.workers) > 1:
        simulation.step(1, "failed")
    assert simulation.job.status is Status.FAILED
    simulation.run_command("redrive")
    while len(simulation.workers) > 1:
        simulation.step(1)
    assert (simulation.job.status, simulation.job.epoch) == (Status.RUNNING, 1)


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
    reads = simulation.store.read_count
    for _ in range(10):
        simulation.advance_time(60)
        run_sweeper(simulation)
    assert simulation.store.read_count - reads < 7, "jobs that wait are checked every minute"


def test_long_running_job_does_not_block_the_sweeper() -> None:
    simulation = make_simulation(recipe="frames", page_size=1)
    busy = "b" * 20
    simulation.add_job(busy, "frames")
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
    simulation = make_simulation(recipe="frames", part_count=31)
    simulation.upload_input("video")
    while simulation.stage("frame_extraction")["total"] is None:
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.advance_time(91)
    run_sweeper(simulation)
    assert len(simulation.messages) == 2 * 31, "the first check comes after two leases"
    for _ in range(60):
        simulation.advance_time(60)
        run_sweeper(simulation)
    assert len(simulation.messages) <= 12 * 31
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


def test_dead_letter_keeps_a_unit_after_a_slow_upload() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.advance_time(7 * 3600)
    simulation.upload_input("video")
    simulation.deliver(0, to_dead_letter=True)
    finish_workers(simulation)
    deliver_all_messages(simulation)
    assert simulation.job.status is Status.DONE


def test_dead_letter_fails_a_unit_that_waited_for_hours() -> None:
    simulation = make_simulation(recipe="frames")
    simulation.upload_input("video")
    while simulation.job.status is Status.AWAITING_UPLOAD:
        simulation.deliver(0)
        finish_workers(simulation)
    simulation.advance_time(7 * 3600)
    simulation.deliver(0, to_dead_letter=True)
    finish_workers(simulation)
    assert simulation.job.status is Status.FAILED
