"""Units that wait for a service: no attempt is consumed, and the wait is bounded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from shared.flows.documents import CommitResult, Update, Write, shard_path
from shared.flows.effects import Reply
from shared.flows.envelope import Envelope
from shared.jobs.creation import new_job
from shared.jobs.model import JobInput, Status
from shared.jobs.stage import Unit
from shared.jobs.units.deliver import deliver
from shared.jobs.units.outcomes import UnitDone
from shared.jobs.units.waiting import stage_wait
from shared.pipeline import FUNCTIONS, RECIPES
from shared.ports.models import VoiceOverloaded, VoiceUnavailable
from shared.runtime.interpreter import Interpreter
from shared.runtime.leases import UnitLease
from tests.fakes.clock import ManualClock
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.services import FixedServices

JOB = "j" * 20
START = datetime(2026, 1, 1, tzinfo=UTC)
MESSAGE = Envelope(JOB, "upload_trigger", "video", upload=0)


@dataclass
class OneUnit:
    """A running job of which the first part is delivered. Its handler raises `errors`, one per
    delivery, and then succeeds."""

    errors: list[Exception] = field(default_factory=list)
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    store: MemoryJobStore = field(default_factory=MemoryJobStore)
    logged: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    run_count: int = 0
    random: float = 0.5

    def __post_init__(self) -> None:
        recipe = RECIPES["frames"]
        video = JobInput("video", f"jobs/{JOB}/video.0", "video/mp4", 1, "clip.mp4")
        writes = new_job(
            job_id=JOB,
            owner="alice",
            email="",
            recipe=recipe,
            title="",
            options={},
            inputs=(video,),
            now=START,
            expires_at=START + timedelta(days=30),
        )
        self.store.commit(writes)
        started = {"status": Status.RUNNING, "running_since": START}
        self.store.commit([Update(f"jobs/{JOB}", started)])
        tokens = iter(range(10_000))
        self.services = FixedServices(
            store=cast(Any, self.store),
            objects=cast(Any, None),
            publisher=self,
            clock=self.clock,
            log=lambda event, /, **fields: self.logged.append((event, fields)),
            new_token=lambda: f"t{next(tokens)}",
            random=lambda: self.random,
        )

    def publish(self, _envelopes: Iterable[Envelope]) -> None:
        """Drops the messages."""

    def handle(self, _lease: UnitLease) -> UnitDone:
        self.run_count += 1
        if self.errors:
            raise self.errors.pop(0)
        return UnitDone()

    def deliver(self) -> Reply:
        flow = deliver(MESSAGE, self.services.clock_and_ids)
        return Interpreter(self.services, unit_handler=self.handle).run(flow)

    @property
    def unit(self) -> Unit:
        (doc,) = self.store.read([f"jobs/{JOB}/units/upload_trigger-0-video"])
        assert doc is not None
        return Unit.from_doc(doc)

    @property
    def retries(self) -> int:
        """The retries of the stage, from its only shard."""
        shard, _ = self.store.documents[shard_path(JOB, "upload_trigger", 0, 0)]
        return int(shard["retries"])

    @property
    def stage_version(self) -> int:
        return self.store.documents[f"jobs/{JOB}/stages/upload_trigger-0"][1]

    @property
    def job(self) -> dict[str, Any]:
        return self.store.documents[f"jobs/{JOB}"][0]


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
