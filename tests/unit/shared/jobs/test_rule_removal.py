"""Each rule of the chain is needed: taken away, some schedule breaks a promise.

A rule whose absence no schedule notices would be a rule that nothing proves.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.flows import effects
from shared.flows.documents import CommitResult, Increment, Update, Write, stage_path
from shared.flows.envelope import Envelope
from shared.jobs import claims, deliver, rules, webhooks
from shared.jobs import commit as recording
from shared.jobs.model import Job, UnitState
from shared.jobs.queries import read_view
from shared.jobs.rules import Decision
from shared.tasks import run
from tests.fakes.simulation import schedule
from tests.fakes.simulation.simulation import Simulation
from tests.unit.shared.jobs.test_webhooks import delete_during_notification

pytestmark = pytest.mark.slow

SCHEDULES = 400

Patch = pytest.MonkeyPatch
real_verdict = rules.decide
real_out_of_date = rules.is_out_of_date
real_carry_out = deliver.process_unit


def done_is_not_terminal(patch: Patch) -> None:
    def verdict(*args: Any) -> Decision:
        found = real_verdict(*args)
        return Decision.GO if found is Decision.REPEAT else found

    patch.setattr(rules, "decide", verdict)


def leases_never_expire(patch: Patch) -> None:
    patch.setattr(
        rules,
        "is_leased",
        lambda unit, _now: unit is not None and unit.state is UnitState.LEASED,
    )


def busy_is_acknowledged(patch: Patch) -> None:
    patch.setattr(deliver, "reply_when_busy", lambda: effects.Reply.ACK)


def counted_in_a_commit_of_its_own(patch: Patch) -> None:
    def commit_part(
        claimed: claims.UnitClaim, result: claims.UnitDone, clock: effects.ClockAndIds
    ) -> effects.Flow[bool]:
        """The whole of commit_part, but for the batch, which is torn in two."""
        while True:
            view = yield from read_view(claimed.envelope)
            if view.unit is None or view.stage is None or view.unit.token != claimed.token:
                return False
            if rules.is_done(view.unit):
                return True
            unit_write, _ = recording.part_writes(claimed, view.unit, result, clock.now())
            if (yield from effects.commit(unit_write)) is CommitResult.OK:
                envelope = claimed.envelope
                path = stage_path(envelope.job_id, envelope.stage, envelope.revision)
                yield from effects.commit(Update(path, {"done": Increment(1)}))
                return True

    patch.setattr(deliver, "commit_part", commit_part)


def repeat_announces_nothing(patch: Patch) -> None:
    def verdict(*args: Any) -> Decision:
        found = real_verdict(*args)
        return Decision.DROP if found is Decision.REPEAT else found

    patch.setattr(rules, "decide", verdict)


def redrive_keeps_the_units(patch: Patch) -> None:
    patch.setattr(rules, "units_to_delete", lambda _units: [])


def outcome_is_keyed_without_its_epoch(patch: Patch) -> None:
    patch.setattr(rules, "outcome_part", lambda job: f"{job.status}.e0")


def an_edit_overtakes_nothing(patch: Patch) -> None:
    def out_of_date(job: Job, envelope: Envelope) -> bool:
        return real_out_of_date(job, replace(envelope, revision=job.revision))

    patch.setattr(rules, "is_out_of_date", out_of_date)


def nothing_waits_for_a_review(patch: Patch) -> None:
    patch.setattr(rules, "is_held", lambda _job, _stage: False)


def servers_are_called_after_the_outcome_is_recorded(patch: Patch) -> None:
    def carry_out(
        claimed: claims.UnitClaim, clock: effects.ClockAndIds
    ) -> effects.Flow[effects.Reply]:
        reply = yield from real_carry_out(claimed, clock)
        if claimed.envelope.stage == rules.NOTIFICATION and reply is effects.Reply.ACK:
            yield from webhooks.create_deliveries(claimed.job, claimed.envelope.part, clock)
        return reply

    patch.setattr(deliver, "create_deliveries", _nothing)
    patch.setattr(deliver, "process_unit", carry_out)


def every_telling_is_an_event_of_its_own(patch: Patch) -> None:
    numbers = itertools.count()
    patch.setattr(webhooks, "delivery_id", lambda *_: f"{next(numbers):020d}")


def calls_are_made_without_asking_for_their_job(patch: Patch) -> None:
    def commit(*writes: Write) -> effects.Flow[CommitResult]:
        return (yield from effects.commit(*(one for one in writes if "/stages/" not in one.path)))

    patch.setattr(webhooks, "commit", commit)


def nobody_looks_after_errands(patch: Patch) -> None:
    patch.setattr(run, "sweep_tasks", _none)


def _nothing(*_: Any) -> effects.Flow[None]:
    yield from ()


def _none(*_: Any) -> effects.Flow[int]:
    yield from ()
    return 0


def objects_of_an_earlier_attempt_are_refused(world: Simulation) -> None:
    world.adopts_objects = False


def without_sweeper(world: Simulation) -> None:
    world.sweeper_enabled = False


def _first_broken(change: Callable[[Simulation], None] | None = None) -> int:
    """The seed of the first schedule that breaks a promise; the test fails when none does."""
    for seed in range(SCHEDULES):
        try:
            schedule.run_schedule(seed, change)
        except AssertionError:
            return seed
    pytest.fail(f"none of {SCHEDULES} schedules breaks a promise")


@pytest.mark.parametrize(
    "take_away",
    [
        done_is_not_terminal,
        leases_never_expire,
        counted_in_a_commit_of_its_own,
        redrive_keeps_the_units,
        outcome_is_keyed_without_its_epoch,
        an_edit_overtakes_nothing,
        nothing_waits_for_a_review,
        servers_are_called_after_the_outcome_is_recorded,
        every_telling_is_an_event_of_its_own,
        nobody_looks_after_errands,
    ],
    ids=lambda rule: rule.__name__,
)
def test_without_the_rule_a_promise_breaks(
    take_away: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    with monkeypatch.context() as patch:
        take_away(patch)
        seed = _first_broken()
    schedule.run_schedule(seed)  # With the rule, the same schedule breaks nothing.


@pytest.mark.parametrize(
    "take_away",
    [busy_is_acknowledged, repeat_announces_nothing],
    ids=lambda rule: rule.__name__,
)
def test_without_the_rule_only_the_sweeper_saves_the_job(
    take_away: Callable[[Patch], None], monkeypatch: Patch
) -> None:
    """These two are what a job is healed by at once; the sweeper, minutes later, is the second
    net. So the schedules run without it here; with the rules, all is well even so."""
    with monkeypatch.context() as patch:
        take_away(patch)
        seed = _first_broken(without_sweeper)
    schedule.run_schedule(seed, without_sweeper)


def test_without_asking_for_its_job_a_call_tells_of_a_deleted_one(monkeypatch: Patch) -> None:
    calls_are_made_without_asking_for_their_job(monkeypatch)
    assert delete_during_notification().deliveries()


def test_without_adoption_a_crash_after_the_write_fails_a_healthy_job() -> None:
    schedule.run_schedule(_first_broken(objects_of_an_earlier_attempt_are_refused))


@pytest.mark.parametrize("schedules", [25, pytest.param(SCHEDULES, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("change", [None, without_sweeper])
def test_with_every_rule_in_place_all_promises_hold(
    change: Callable[[Simulation], None] | None, schedules: int
) -> None:
    """The schedules that broke without a rule are run with it in the tests above."""
    for seed in range(schedules):
        schedule.run_schedule(seed, change)
