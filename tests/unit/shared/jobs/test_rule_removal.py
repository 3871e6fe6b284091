"""Every rule is needed: without it some random schedule violates an invariant.

Otherwise no test would prove the rule.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.decision import Decision
from shared.flows.documents import CommitResult, Increment, Update, Write
from shared.flows.envelope import Envelope
from shared.jobs import queue, rules, update
from shared.jobs.commands import cancel, deck_review, delete, redrive
from shared.jobs.maintenance import sweep
from shared.jobs.model import Job
from shared.jobs.queries import read_stage, read_view
from shared.jobs.stage import UnitClaim, UnitState
from shared.jobs.units import commit as unit_commit
from shared.jobs.units import deliver, end, join
from shared.jobs.units.outcomes import UnitDone
from shared.jobs.webhooks import deliveries as webhook_deliveries
from shared.pipeline import FUNCTIONS
from tests.fakes.simulation import schedule
from tests.fakes.simulation.simulation import Simulation
from tests.unit.shared.jobs.test_webhooks import delete_during_notification

pytestmark = pytest.mark.slow

SCHEDULES = 400
FIRST_SEEDS = {
    "older_revisions_are_not_dropped": 80,
    "webhooks_are_called_after_the_commit": 260,
}
"""Where the search starts for rules that few schedules need, so that it ends soon."""

Patch = pytest.MonkeyPatch
original_decide = rules.decide
original_is_out_of_date = rules.is_out_of_date
original_process_unit = deliver.process_unit
original_update_job = update.update_job


def done_is_not_final(patch: Patch) -> None:
    def decide(*args: Any) -> Decision:
        decision = original_decide(*args)
        return Decision.GO if decision is Decision.REPEAT else decision

    patch.setattr(rules, "decide", decide)


def leases_never_expire(patch: Patch) -> None:
    patch.setattr(
        rules,
        "is_leased",
        lambda unit, _now: unit is not None and unit.state is UnitState.LEASED,
    )


def busy_deliveries_are_acknowledged(patch: Patch) -> None:
    patch.setattr(deliver, "reply_when_busy", lambda: effects.Reply.ACK)


def totals_are_changed_without_the_version_of_the_job(patch: Patch) -> None:
    def update_job(job: Job, fields: dict[str, Any]) -> list[Write]:
        job_update, *totals = original_update_job(job, fields)
        assert isinstance(job_update, Update)
        return [replace(job_update, version=None), *totals]

    for module in (join, end, queue, cancel, deck_review, delete, redrive):
        patch.setattr(module, "update_job", update_job)


def parts_are_counted_in_a_second_batch(patch: Patch) -> None:
    def commit_part(
        claim: UnitClaim, result: UnitDone, clock: effects.ClockAndIds
    ) -> effects.Flow[bool]:
        """As commit_part, with two batches instead of one."""
        while True:
            view = yield from read_view(claim.envelope)
            if view.unit is None or view.stage is None or view.unit.token != claim.token:
                return False
            if rules.is_done(view.unit):
                return True
            stage = yield from read_stage(
                claim.envelope.job_id, claim.envelope.stage, claim.envelope.revision
            )
            assert stage is not None
            successor = yield from unit_commit.find_successor(claim.envelope.job_id, stage)
            unit_write, *_ = unit_commit.part_writes(
                claim, view.unit, result, clock.now(), successor
            )
            if (yield from effects.commit(unit_write)) is CommitResult.OK:
                path = claim.stage.shard_of(claim.envelope.job_id, claim.envelope.part)
                yield from effects.commit(Update(path, {"done": Increment(1)}))
                return True

    patch.setattr(deliver, "commit_part", commit_part)


def repeats_announce_nothing(patch: Patch) -> None:
    def decide(*args: Any) -> Decision:
        decision = original_decide(*args)
        return Decision.DROP if decision is Decision.REPEAT else decision

    patch.setattr(rules, "decide", decide)


def redrive_keeps_units(patch: Patch) -> None:
    patch.setattr(rules, "units_to_reset", lambda _units: [])


def outcome_has_no_epoch(patch: Patch) -> None:
    patch.setattr(rules, "outcome_part", lambda status, _epoch: f"{status}.e0")


def older_revisions_are_not_dropped(patch: Patch) -> None:
    def is_out_of_date(job: Job, envelope: Envelope) -> bool:
        return original_is_out_of_date(job, replace(envelope, revision=job.revision))

    patch.setattr(rules, "is_out_of_date", is_out_of_date)


def stages_do_not_wait_for_review(patch: Patch) -> None:
    patch.setattr(rules, "is_awaiting_review", lambda _job, _stage: False)


def webhooks_are_called_after_the_commit(patch: Patch) -> None:
    def process_unit(claim: UnitClaim, clock: effects.ClockAndIds) -> effects.Flow[effects.Reply]:
        reply = yield from original_process_unit(claim, clock)
        if FUNCTIONS[claim.envelope.stage].reports_outcome and reply is effects.Reply.ACK:
            yield from webhook_deliveries.create_deliveries(claim.job, claim.envelope.part, clock)
        return reply

    patch.setattr(deliver, "create_deliveries", _do_nothing)
    patch.setattr(deliver, "process_unit", process_unit)


def every_announcement_is_a_new_delivery(patch: Patch) -> None:
    numbers = itertools.count()
    patch.setattr(webhook_deliveries, "delivery_id", lambda *_: f"{next(numbers):020d}")


def deliveries_do_not_update_the_job(patch: Patch) -> None:
    def commit(*writes: Write) -> effects.Flow[CommitResult]:
        return (yield from effects.commit(*(row for row in writes if "/stages/" not in row.path)))

    patch.setattr(webhook_deliveries, "commit", commit)


def tasks_are_not_swept(patch: Patch) -> None:
    patch.setattr(sweep, "sweep_tasks", _sweep_nothing)


def _do_nothing(*_: Any) -> effects.Flow[None]:
    yield from ()


def _sweep_nothing(*_: Any) -> effects.Flow[int]:
    yield from ()
    return 0


def objects_are_not_adopted(simulation: Simulation) -> None:
    simulation.adopts_objects = False


def without_sweeper(simulation: Simulation) -> None:
    simulation.sweeper_enabled = False


def _find_failing_seed(
    change: Callable[[Simulation], None] | None = None, first_seed: int = 0
) -> int:
    """Returns the seed of the first schedule that violates an invariant; fails without one."""
    for seed in range(first_seed, first_seed + SCHEDULES):
        try:
            schedule.run_schedule(seed, change)
        except (AssertionError, ValueError):
            return seed
    pytest.fail(f"none of {SCHEDULES} schedules violates an invariant")


@pytest.mark.parametrize(
    "remove_rule",
    [
        done_is_not_final,
        leases_never_expire,
        parts_are_counted_in_a_second_batch,
        totals_are_changed_without_the_version_of_the_job,
        redrive_keeps_units,
        outcome_has_no_epoch,
        older_revisions_are_not_dropped,
        stages_do_not_wait_for_review,
        webhooks_are_called_after_the_commit,
        every_announcement_is_a_new_delivery,
        tasks_are_not_swept,
    ],
    ids=lambda rule: rule.__name__,
)
def test_removed_rule_violates_an_invariant(
    remove_rule: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    with monkeypatch.context() as patch:
        remove_rule(patch)
        seed = _find_failing_seed(first_seed=FIRST_SEEDS.get(remove_rule.__name__, 0))
    schedule.run_schedule(seed)  # With the rule, the same schedule violates no invariant.


@pytest.mark.parametrize(
    "remove_rule",
    [busy_deliveries_are_acknowledged, repeats_announce_nothing],
    ids=lambda rule: rule.__name__,
)
def test_removed_rule_is_covered_only_by_the_sweeper(
    remove_rule: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    """These rules heal a job at once, the sweeper only minutes later. So the schedules run without
    the sweeper here, and with the rules no invariant is violated."""
    with monkeypatch.context() as patch:
        remove_rule(patch)
        seed = _find_failing_seed(without_sweeper)
    schedule.run_schedule(seed, without_sweeper)


def test_delivery_without_job_update_survives_the_job(monkeypatch: Patch) -> None:
    deliveries_do_not_update_the_job(monkeypatch)
    assert delete_during_notification().deliveries()


def test_without_adoption_a_crash_fails_a_healthy_job() -> None:
    schedule.run_schedule(_find_failing_seed(objects_are_not_adopted))


@pytest.mark.parametrize("schedules", [25, pytest.param(SCHEDULES, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("change", [None, without_sweeper])
def test_invariants_hold_with_all_rules(
    change: Callable[[Simulation], None] | None, schedules: int
) -> None:
    """The tests above also run the failing schedules with the rule."""
    for seed in range(schedules):
        schedule.run_schedule(seed, change)
