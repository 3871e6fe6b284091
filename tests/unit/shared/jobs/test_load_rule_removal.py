"""Every rule of admission and of queues is needed: without it a schedule violates an invariant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.documents import CommitResult
from shared.flows.effects import ClockAndIds, Flow, commit, run_query
from shared.jobs import announcements, creation, queue, rules
from shared.jobs.commands import delete
from shared.jobs.maintenance import dead_letter
from shared.jobs.model import Job, Status
from shared.jobs.units import commit as unit_commit
from shared.jobs.units import deliver, lease, waiting
from shared.jobs.update import update_job
from tests.fakes.load import schedule
from tests.fakes.load.cloud import Load
from tests.fakes.load.engine import LoadSimulation

pytestmark = pytest.mark.slow

SCHEDULES = 600
FIRST_SEEDS = {"events_before_the_admission_are_not_replaced": 340}
"""Where the search starts for a rule that few schedules need, so that it ends soon."""
HOUR_S = 3600
Patch = pytest.MonkeyPatch
original_planned_documents = creation.planned_documents


def _do_nothing(*_: Any, **__: Any) -> Flow[Any]:
    yield from ()
    return 0


def running_jobs_are_counted_before_the_head_is_read(patch: Patch) -> None:
    def fill(owner: str, clock: ClockAndIds) -> Flow[None]:
        while True:
            running = yield from run_query(queue.running_jobs(owner, clock.jobs_per_owner))
            heads = yield from run_query(queue.queued_jobs(owner))
            if not heads or len(running) >= clock.jobs_per_owner:
                return
            now = clock.now()
            fields = {"status": Status.RUNNING, "running_since": now, "updated_at": now}
            started = yield from commit(*update_job(Job.from_doc(heads[0]), fields))
            if started is CommitResult.OK:
                yield from queue.publish_open_units(heads[0].id)

    patch.setattr(queue, "fill", fill)


def parts_have_no_successor(patch: Patch) -> None:
    def find_successor(*_: Any) -> Flow[str]:
        yield from ()
        return ""

    patch.setattr(unit_commit, "find_successor", find_successor)


def redrive_resets_no_units(patch: Patch) -> None:
    patch.setattr(rules, "units_to_reset", lambda _units: [])


def jobs_start_without_a_queue(patch: Patch) -> None:
    def queued_jobs(_owner: str) -> Any:
        return original_queued_jobs(_owner)

    patch.setattr(queue, "running_jobs", lambda owner, limit: _none(original_running(owner, limit)))
    patch.setattr(queue, "queued_jobs", queued_jobs)


original_queued_jobs, original_running = queue.queued_jobs, queue.running_jobs


def _none(query: Any) -> Any:
    return type(query)(query.collection, (*query.filters,), limit=0)


def overloads_consume_attempts(patch: Patch) -> None:
    def wait(claim: Any, outcome: Any, clock: ClockAndIds) -> Flow[Any]:
        yield from lease.release(claim, effects.Retry(outcome.code, outcome.message), clock)
        return None

    def wait_or_fail(claim: Any, outcome: Any, clock: ClockAndIds) -> Flow[Any]:
        if claim.attempt >= 5:
            return outcome.code, outcome.message
        return (yield from wait(claim, outcome, clock))

    patch.setattr(waiting, "wait_for_service", wait_or_fail)


def events_before_the_admission_are_not_replaced(patch: Patch) -> None:
    patch.setattr(announcements, "is_event_missed", lambda _producer, _consumer: False)


def queues_are_not_filled_after_an_end(patch: Patch) -> None:
    patch.setattr(queue, "fill", _do_nothing)


def busy_deliveries_are_acknowledged(patch: Patch) -> None:
    patch.setattr(deliver, "reply_when_busy", lambda: effects.Reply.ACK)


def _find_failing_seed(*, sweeper_enabled: bool, match: str = "", first_seed: int = 0) -> int:
    """Returns the seed of the first schedule that violates an invariant whose message contains
    `match`; fails without one."""
    for seed in range(first_seed, first_seed + SCHEDULES):
        try:
            schedule.run_schedule(seed, sweeper_enabled=sweeper_enabled)
        except AssertionError as error:
            if match in str(error):
                return seed
    pytest.fail(f"none of {SCHEDULES} schedules violates an invariant")


@pytest.mark.parametrize(
    "remove_rule",
    [
        running_jobs_are_counted_before_the_head_is_read,
        redrive_resets_no_units,
        jobs_start_without_a_queue,
        overloads_consume_attempts,
    ],
    ids=lambda rule: rule.__name__,
)
def test_removed_rule_violates_an_invariant(
    remove_rule: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    with monkeypatch.context() as patch:
        remove_rule(patch)
        seed = _find_failing_seed(sweeper_enabled=True)
    schedule.run_schedule(seed)


@pytest.mark.parametrize(
    "remove_rule",
    [
        events_before_the_admission_are_not_replaced,
        parts_have_no_successor,
        queues_are_not_filled_after_an_end,
        busy_deliveries_are_acknowledged,
    ],
    ids=lambda rule: rule.__name__,
)
def test_removed_rule_is_covered_only_by_the_sweeper(
    remove_rule: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    with monkeypatch.context() as patch:
        remove_rule(patch)
        first_seed = FIRST_SEEDS.get(remove_rule.__name__, 0)
        seed = _find_failing_seed(sweeper_enabled=False, first_seed=first_seed)
    schedule.run_schedule(seed, sweeper_enabled=False)


def run_backlog(*, sweeper_enabled: bool = True, hours: float = 6) -> LoadSimulation:
    """Runs two jobs whose function has no free instance for some hours."""
    load = Load(part_count=8, sweeper_enabled=sweeper_enabled)
    simulation = LoadSimulation(5, load)
    for number in range(2):
        simulation.add_job(f"a{number:019d}", "a", "frames")
    simulation.busy["frame_extraction"] = load.instances
    simulation.run(hours * HOUR_S)
    simulation.busy["frame_extraction"] = 0
    simulation.run((hours + 12) * HOUR_S)
    return simulation


def test_sweeper_that_waits_no_longer_each_time_multiplies_messages(monkeypatch: Patch) -> None:
    assert max(run_backlog().publishes.values()) <= 30
    monkeypatch.setattr(rules, "check_interval", lambda *_: timedelta(seconds=90))
    assert max(run_backlog().publishes.values()) > 100


def test_dead_letter_that_ignores_announcements_multiplies_messages(monkeypatch: Patch) -> None:
    with_rule = sum(run_backlog(hours=24).publishes.values())
    monkeypatch.setattr(rules, "is_superseded", lambda *_: False)
    assert sum(run_backlog(hours=24).publishes.values()) > 1.5 * with_rule


def test_dead_letter_that_announces_nothing_loses_units(monkeypatch: Patch) -> None:
    assert not run_backlog(sweeper_enabled=False).open_jobs
    monkeypatch.setattr(dead_letter, "announce_again", _do_nothing)
    assert run_backlog(sweeper_enabled=False).open_jobs


def test_stage_whose_parts_are_all_admitted_exceeds_the_share(monkeypatch: Patch) -> None:
    def documents(*args: Any) -> Iterable[Any]:
        job_id, owner, name, revision, fields, now = args
        everything = {**fields, "parts_in_flight": len(fields["parts"])}
        return original_planned_documents(job_id, owner, name, revision, everything, now)

    monkeypatch.setattr("shared.jobs.units.join.planned_documents", documents)
    _find_failing_seed(sweeper_enabled=True, match="allowed")


def run_with_interrupted_delete() -> LoadSimulation:
    """Deletes the first of two jobs of an owner, of which one may run, and crashes before the next
    one is started."""
    simulation = LoadSimulation(6, Load(jobs_per_owner=1, part_count=2))
    for number in range(2):
        simulation.add_job(f"a{number:019d}", "a", "frames", at_s=number * 10)
    simulation.run(30)
    running = [path for path, (data, _) in simulation.store.documents.items()
               if path.startswith("jobs/a") and data.get("status") == Status.RUNNING]  # fmt: skip
    flow = delete.delete(running[0].removeprefix("jobs/"), simulation.clock)
    effect = next(flow)
    while not isinstance(effect, effects.Commit):
        effect = flow.send(simulation.perform(effect))
    assert simulation.commit(effect.writes) is CommitResult.OK
    flow.close()
    simulation.run(HOUR_S)
    return simulation


def test_queue_that_is_not_swept_stops_after_an_interrupted_command(monkeypatch: Patch) -> None:
    assert not run_with_interrupted_delete().open_jobs
    monkeypatch.setattr(queue, "fill_queues", _do_nothing)
    assert run_with_interrupted_delete().open_jobs
