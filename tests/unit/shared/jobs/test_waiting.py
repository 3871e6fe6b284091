"""Units that wait for a service: no attempt is consumed, and the wait is bounded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from shared.flows.documents import CommitResult, Update, Write
from shared.flows.effects import Reply
from shared.jobs.units.outcomes import UnitDone
from shared.jobs.units.waiting import stage_wait
from shared.pipeline import FUNCTIONS
from shared.ports.models import VoiceOverloaded, VoiceUnavailable
from shared.runtime.leases import UnitLease
from tests.fakes.simulation.one_unit import JOB, START, OneUnit


def test_exhausted_quota_consumes_no_attempt() -> None:
    calls = FUNCTIONS["upload_trigger"].max_attempts
    one = OneUnit([VoiceOverloaded("The quota is used up.") for _ in range(calls)])
    for _ in range(calls):
        assert one.deliver() is Reply.NACK
        one.clock.sleep(600)
    assert one.deliver() is Reply.ACK
    assert (one.unit.state, one.unit.attempt, one.run_count) == ("done", 1, calls + 1)
    assert one.retries == 0


def test_waiting_unit_is_visible_until_it_runs() -> None:
    one = OneUnit([VoiceOverloaded("The quota is used up.")])
    one.deliver()
    wait = stage_wait([one.unit])
    assert wait is not None
    assert (wait.service, wait.code, wait.since) == ("speech", "voice-overloaded", START)
    assert START <= wait.next_try_at <= START + timedelta(seconds=1)
    assert one.unit.not_before == wait.next_try_at
    one.clock.sleep(60)
    one.deliver()
    assert stage_wait([one.unit]) is None
    assert (one.unit.waits, one.unit.waiting_since, one.unit.error) == (0, None, None)


def test_refused_unit_leaves_the_document_of_the_stage_alone() -> None:
    one = OneUnit([VoiceOverloaded()])
    stages: list[int] = []

    def count_writes(_lease: UnitLease) -> UnitDone:
        stages.append(one.stage_version)
        raise VoiceOverloaded

    one.handle = count_writes  # type: ignore[method-assign]
    one.deliver()
    assert stages == [one.stage_version]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_wait_is_never_shorter_than_retry_after(share: float) -> None:
    one = OneUnit([VoiceOverloaded("Later.", retry_after_s=90)], random=share)
    one.deliver()
    wait_s = (one.unit.not_before - START).total_seconds()
    assert 90 <= wait_s < 91
    assert wait_s == 90 + share


def test_unit_fails_after_six_hours() -> None:
    one = OneUnit([VoiceOverloaded("The quota is used up.") for _ in range(1000)], random=0.5)
    replies = []
    while one.clock.now() <= START + timedelta(hours=6):
        replies.append(one.deliver())
        one.clock.time = max(one.unit.not_before, one.clock.now() + timedelta(seconds=1))
        if replies[-1] is Reply.ACK:
            break
    assert set(replies[:-1]) == {Reply.NACK}
    assert one.clock.now() >= START + timedelta(hours=6)
    assert one.unit.state == "failed"
    assert one.unit.error is not None
    assert one.unit.error["code"] == "waited-too-long"
    assert "`speech`" in one.unit.error["message"]
    assert (one.job["status"], one.job["error"]["code"]) == ("failed", "waited-too-long")


def test_service_that_asks_for_more_than_six_hours_fails_the_unit_at_once() -> None:
    one = OneUnit([VoiceOverloaded("Tomorrow.", retry_after_s=24 * 3600)])
    assert one.deliver() is Reply.ACK
    assert one.job["error"]["code"] == "waited-too-long"


def test_other_errors_still_consume_attempts() -> None:
    calls = FUNCTIONS["upload_trigger"].max_attempts
    errors: list[Exception] = [VoiceUnavailable("It refuses access.") for _ in range(calls)]
    errors.insert(2, VoiceOverloaded("The quota is used up."))
    one = OneUnit(errors)
    for _ in range(calls):
        assert one.deliver() is Reply.NACK
        one.clock.sleep(600)
    assert one.deliver() is Reply.ACK
    assert (one.unit.attempt, one.job["error"]["code"]) == (calls, "voice-unavailable")
    assert one.retries == calls - 1


def test_delivery_of_a_waiting_unit_runs_nothing() -> None:
    one = OneUnit([VoiceOverloaded("Later.", retry_after_s=300)])
    one.deliver()
    before = one.unit
    assert [one.deliver() for _ in range(5)] == [Reply.NACK] * 5
    assert (one.unit, one.run_count) == (before, 1)
    one.clock.time = one.unit.not_before
    assert one.deliver() is Reply.ACK
    assert one.deliver() is Reply.ACK
    assert (one.unit.state, one.run_count) == ("done", 2)


def test_worker_that_lost_its_lease_does_not_release_the_unit() -> None:
    """The worker is slow: another one takes over, and is refused first."""
    one = OneUnit([VoiceOverloaded("Later.", retry_after_s=300)])

    def lose_lease(_lease: UnitLease) -> UnitDone:
        one.clock.sleep(100)
        del one.handle
        one.deliver()
        raise VoiceOverloaded("Later.", retry_after_s=5)

    one.handle = lose_lease  # type: ignore[method-assign]
    assert one.deliver() is Reply.NACK
    assert (one.unit.state, one.unit.waits, one.unit.attempt) == ("free", 1, 1)
    assert one.unit.not_before >= one.clock.now() + timedelta(seconds=290)


def test_worker_that_lost_its_lease_leaves_the_other_claim_alone() -> None:
    one = OneUnit()
    path = f"jobs/{JOB}/units/upload_trigger-0-video"

    def lose_lease(_lease: UnitLease) -> UnitDone:
        one.store.commit([Update(path, {"token": "other"})])
        raise VoiceOverloaded

    one.handle = lose_lease  # type: ignore[method-assign]
    assert one.deliver() is Reply.NACK
    assert (one.unit.state, one.unit.token, one.unit.waits) == ("leased", "other", 0)


def test_lost_response_to_the_release_counts_one_wait() -> None:
    one = OneUnit([VoiceOverloaded()])
    commit = one.store.commit

    def lose_response(writes: Iterable[Write]) -> CommitResult:
        writes = list(writes)
        result = commit(writes)
        is_release = any(getattr(write, "fields", {}).get("waiting_for") for write in writes)
        return CommitResult.CONFLICT if is_release else result

    one.store.commit = lose_response  # type: ignore[method-assign]
    assert one.deliver() is Reply.NACK
    assert (one.unit.state, one.unit.waits, one.unit.attempt) == ("free", 1, 0)
