"""The lease of a unit: its claim, its renewal and its release."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.flows.documents import (
    CommitResult,
    Increment,
    Update,
    Write,
    stage_path,
    unit_path,
)
from shared.flows.effects import (
    ClockAndIds,
    Flow,
    LogEvent,
    Retry,
    commit,
    read,
)
from shared.flows.envelope import Envelope
from shared.jobs import rules
from shared.jobs.queries import read_view
from shared.jobs.stage import Stage, StageState, UnitClaim, UnitState
from shared.pipeline import FUNCTIONS, STALLED_S


def claim_unit(view: rules.View, envelope: Envelope, clock: ClockAndIds) -> Flow[UnitClaim | None]:
    """Claims the unit. Returns None when another worker has claimed it or the job is gone.

    The first claim of a stage also updates the stage's document. The later ones write none that
    they share.
    """
    job, stage, unit = view.job, view.stage, view.unit
    assert job is not None  # noqa: S101 - `decide` returned GO
    assert stage is not None  # noqa: S101 - `decide` returned GO
    assert unit is not None  # noqa: S101 - `decide` returned GO
    now, token = clock.now(), clock.new_token()
    path = unit_path(job.id, envelope.stage, envelope.revision, envelope.part)
    attempt = unit.attempt + 1
    fields: dict[str, Any] = {
        "state": UnitState.LEASED,
        "token": token,
        "lease_until": rules.lease_end(now, clock.lease_s),
        "next_check_at": rules.check_after_lease(now, clock.lease_s),
        "not_before": now,
        "attempt": attempt,
        "epoch": job.epoch,
        "claimed_at": now,
        # Of a worker that crashed: until its lease ended.
        "lost_ms": unit.spent_ms(min(now, unit.lease_until)),
        "waiting_for": None,
    }
    writes: list[Write] = [Update(path, fields, unit.version)]
    if stage.state not in (StageState.RUNNING, StageState.DONE):
        started = {"state": StageState.RUNNING, "started_at": now}
        writes.append(Update(_stage_path(envelope), started, stage.version))
    if attempt > 1 and unit.waiting_for is None:
        writes.append(Update(_counting_path(envelope, stage), {"retries": Increment(1)}))
    if (yield from commit(*writes)) is not CommitResult.OK:
        # When the response to a batch is lost, the client's retry conflicts with the batch itself.
        # Our token in the document shows that the claim succeeded.
        (doc,) = yield from read(path)
        if doc is None or doc.data["token"] != token:
            return None
    yield LogEvent("unit.claimed", {"attempt": attempt})
    return UnitClaim(envelope, token, attempt, job, stage, unit.waiting_since)


def _stage_path(envelope: Envelope) -> str:
    return stage_path(envelope.job_id, envelope.stage, envelope.revision)


def _counting_path(envelope: Envelope, stage: Stage) -> str:
    """Returns the document that counts the retries of a unit: the shard of its part, or the stage
    for a join and a notification."""
    if envelope.part in stage.part_ids:
        return stage.shard_of(envelope.job_id, envelope.part)
    return _stage_path(envelope)


def release(claim: UnitClaim, outcome: Retry, clock: ClockAndIds) -> Flow[None]:
    """Releases the lease after a transient error and sets when the next attempt may start."""
    envelope = claim.envelope
    wait_s = FUNCTIONS[envelope.stage].backoff(claim.attempt)
    yield LogEvent(
        "unit.released", {"code": outcome.code, "reason": outcome.message, "wait_s": wait_s}
    )
    while True:
        view = yield from read_view(envelope)
        if view.unit is None or view.unit.token != claim.token:
            return
        if view.unit.state is not UnitState.LEASED:
            return
        now = clock.now()
        result = yield from commit(
            Update(
                unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part),
                {
                    "state": UnitState.FREE,
                    "token": "",
                    "lost_ms": view.unit.spent_ms(now),
                    "lease_until": now,
                    "not_before": now + timedelta(seconds=wait_s),
                    "next_check_at": now + timedelta(seconds=wait_s + STALLED_S),
                    "error": {"code": outcome.code, "message": outcome.message},
                },
                view.unit.version,
            )
        )
        if result is not CommitResult.CONFLICT:
            return


def renew(claim: UnitClaim, clock: ClockAndIds, progress: float = 0) -> Flow[bool]:
    """Renews the lease and records the progress of the part or join (0 to 1) when it is higher than
    that of all attempts. Returns False when the work must stop: the lease is lost, or the job is
    cancelled, deleted or redriven."""
    envelope = claim.envelope
    path = unit_path(envelope.job_id, envelope.stage, envelope.revision, envelope.part)
    for _ in range(3):
        view = yield from read_view(envelope)
        job, unit = view.job, view.unit
        if job is None or unit is None or unit.token != claim.token:
            return False
        if unit.state is not UnitState.LEASED or job.epoch != claim.job.epoch:
            return False
        if rules.is_out_of_date(job, envelope):
            return False
        if job.is_terminal and not FUNCTIONS[envelope.stage].reports_outcome:
            return False
        now = clock.now()
        fields = {
            "lease_until": rules.lease_end(now, clock.lease_s),
            "next_check_at": rules.check_after_lease(now, clock.lease_s),
        }
        writes: list[Write] = [Update(path, fields, unit.version)]
        place = claim.stage.progress_field(envelope.job_id, envelope.part)
        if progress > unit.progress and place is not None:
            shard, name = place
            writes = [
                Update(path, {**fields, "progress": progress}, unit.version),
                Update(shard, {name: progress}),
            ]
        if (yield from commit(*writes)) is CommitResult.OK:
            return True
    return False
