"""How a unit fails: it, its stage and its job in one batch, with the last error."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.errors import AttemptsExhausted
from shared.flows.documents import (
    CommitResult,
    Create,
    Update,
    Write,
    job_path,
    stage_path,
    unit_path,
)
from shared.flows.effects import ClockAndIds, Flow, LogEvent, commit, publish, read
from shared.flows.envelope import Envelope
from shared.jobs import rules
from shared.jobs.commit import end_writes
from shared.jobs.model import Job, StageState, Status, UnitState
from shared.jobs.queries import read_outcome_messages, read_view


def fail_unit(
    envelope: Envelope,
    error: tuple[str, str] | None,
    clock: ClockAndIds,
    *,
    token: str | None,
) -> Flow[bool]:
    """Fail the unit for good, and its job with it; → whether it has failed.

    `error` None: the last one that the unit recorded. `token` None: nobody may hold its lease.
    What finished before stays available.
    """
    while True:
        view = yield from read_view(envelope)
        job, unit, now = view.job, view.unit, clock.now()
        if job is None or view.stage is None or rules.is_done(unit):
            return False
        if rules.is_out_of_date(job, envelope):
            return False
        if unit is not None and unit.state is UnitState.FAILED:
            # Also when it was this very batch, whose answer was lost: its end is yet to be told.
            break
        held = unit is not None and unit.token == token
        if token is not None and not held:
            return False
        if token is None and rules.is_leased(unit, now):
            return False
        last = (unit.error if unit is not None else None) or {
            "code": AttemptsExhausted.code,
            "message": f"{envelope.stage} was tried as often as allowed and did not finish.",
        }
        said = dict(last) if error is None else {"code": error[0], "message": error[1]}
        said["stage"] = envelope.stage
        path = unit_path(job.id, envelope.stage, envelope.revision, envelope.part)
        fields: dict[str, Any] = {"state": UnitState.FAILED, "error": said, "token": ""}
        writes: list[Write] = [
            Update(path, fields, unit.version)
            if unit is not None
            else Create(path, {**_blank(envelope, now), **fields}),
            Update(
                stage_path(job.id, envelope.stage, envelope.revision),
                {
                    "state": StageState.FAILED,
                    "error": said,
                    "finished_at": now,
                    "last_progress_at": now,
                },
            ),
        ]
        if envelope.stage != rules.NOTIFICATION and not job.is_terminal:
            writes += job_failure_writes(job, said, now)
        if (yield from commit(*writes)) is CommitResult.OK:
            yield LogEvent("unit.failed", {"code": said["code"], "reason": said["message"]})
            break
    view = yield from read_view(envelope)
    if envelope.stage != rules.NOTIFICATION and view.job is not None:
        yield from publish((yield from read_outcome_messages(view.job)))
    return True


def fail_awaiting_uploads(job: Job, error: tuple[str, str], clock: ClockAndIds) -> Flow[bool]:
    """Fail a job whose uploads will not come, at the stage that would take them; → whether it has
    failed. A redrive waits for them once more."""
    if job.status is not Status.AWAITING_UPLOAD:
        return False
    now, first = clock.now(), job.recipe.stages[0]
    said = {"code": error[0], "message": error[1], "stage": first}
    failed: dict[str, Any] = {
        "state": StageState.FAILED,
        "error": said,
        "finished_at": now,
        "last_progress_at": now,
    }
    writes: list[Write] = [Update(stage_path(job.id, first, 0), failed)]
    if (yield from commit(*writes, *job_failure_writes(job, said, now))) is not CommitResult.OK:
        # Something came after all, or was told.
        return False
    (doc,) = yield from read(job_path(job.id))
    if doc is not None:
        yield from publish((yield from read_outcome_messages(Job.from_doc(doc))))
    return True


def job_failure_writes(job: Job, error: dict[str, Any], now: datetime) -> list[Write]:
    """The writes by which a job fails, guarded by its version."""
    return [
        Update(
            job_path(job.id),
            {
                "status": Status.FAILED,
                "error": error,
                f"stages.{error['stage']}": StageState.FAILED,
                "updated_at": now,
            },
            job.version,
        ),
        *end_writes(job, Status.FAILED, now, failed_stage=error["stage"]),
    ]


def _blank(envelope: Envelope, now: datetime) -> dict[str, Any]:
    return {
        "job": envelope.job_id,
        "stage": envelope.stage,
        "revision": envelope.revision,
        "part": envelope.part,
        "lease_until": now,
        "not_before": now,
        "attempt": 0,
        "artifacts": [],
        "facts": {},
    }
