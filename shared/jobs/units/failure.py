"""Marks a unit, its stage and its job as failed, in one batch."""

from __future__ import annotations

from typing import Any

from shared.flows.documents import (
    CommitResult,
    Increment,
    Update,
    Write,
    job_path,
    stage_path,
    unit_path,
)
from shared.flows.effects import ClockAndIds, Flow, LogEvent, commit, publish, read
from shared.flows.envelope import Envelope
from shared.jobs import rules
from shared.jobs.model import Job, Status
from shared.jobs.queries import read_outcome_messages, read_view
from shared.jobs.queue import fill
from shared.jobs.stage import StageState, UnitState
from shared.jobs.units.end import job_failure_writes
from shared.pipeline import FUNCTIONS
from shared.tasks.errors import AttemptsExhausted


def fail_unit(
    envelope: Envelope,
    error: tuple[str, str] | None,
    clock: ClockAndIds,
    *,
    token: str | None,
) -> Flow[bool]:
    """Fails the unit and its job. Finished results stay available.

    Returns True if the unit is FAILED afterwards, also if it was before.

    Args:
        error: Code and message. None: the error that the unit recorded last.
        token: The token of the caller's claim. None: the caller has no claim, and a unit that is
            leased is left as it is.
    """
    reports_outcome = FUNCTIONS[envelope.stage].reports_outcome
    while True:
        view = yield from read_view(envelope)
        job, unit, now = view.job, view.unit, clock.now()
        if job is None or view.stage is None or unit is None or rules.is_done(unit):
            return False
        if rules.is_out_of_date(job, envelope):
            return False
        if unit.state is UnitState.FAILED:
            # Possibly this batch, whose response was lost: the outcome is announced below.
            break
        if token is not None and unit.token != token:
            return False
        if token is None and rules.is_leased(unit, now):
            return False
        last_error = unit.error or {
            "code": AttemptsExhausted.code,
            "message": f"{envelope.stage} did not finish within the maximum number of attempts.",
        }
        details = dict(last_error) if error is None else {"code": error[0], "message": error[1]}
        details["stage"] = envelope.stage
        path = unit_path(job.id, envelope.stage, envelope.revision, envelope.part)
        # The stage counts the time of a failed unit, which a redrive resets.
        spent_ms = unit.spent_ms(now if token else min(now, unit.lease_until))
        fields: dict[str, Any] = {
            "state": UnitState.FAILED, "error": details, "token": "", "lost_ms": 0,
        }  # fmt: skip
        writes: list[Write] = [
            Update(path, fields, unit.version),
            Update(
                stage_path(job.id, envelope.stage, envelope.revision),
                {
                    "state": StageState.FAILED,
                    "error": details,
                    "finished_at": now,
                    "earlier_ms": Increment(spent_ms),
                },
            ),
        ]
        if not reports_outcome and not job.is_terminal:
            writes += job_failure_writes(job, details, now)
        if (yield from commit(*writes)) is CommitResult.OK:
            yield LogEvent("unit.failed", {"code": details["code"], "reason": details["message"]})
            break
    view = yield from read_view(envelope)
    if not reports_outcome and view.job is not None:
        yield from publish((yield from read_outcome_messages(view.job)))
        yield from fill(view.job.owner, clock)
    return True


def fail_job_awaiting_uploads(job: Job, error: tuple[str, str], clock: ClockAndIds) -> Flow[bool]:
    """Fails a job whose uploads never arrived. Returns whether it has failed. The error names the
    first stage. After a redrive the job waits for its uploads again."""
    if job.status is not Status.AWAITING_UPLOAD:
        return False
    now, first = clock.now(), job.recipe.stages[0]
    details = {"code": error[0], "message": error[1], "stage": first}
    stage_fields: dict[str, Any] = {
        "state": StageState.FAILED,
        "error": details,
        "finished_at": now,
    }
    writes: list[Write] = [Update(stage_path(job.id, first, 0), stage_fields)]
    if (yield from commit(*writes, *job_failure_writes(job, details, now))) is not CommitResult.OK:
        # The job has changed: an upload arrived, or the job ended.
        return False
    (doc,) = yield from read(job_path(job.id))
    if doc is not None:
        yield from publish((yield from read_outcome_messages(Job.from_doc(doc))))
    return True
