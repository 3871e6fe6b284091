"""Records the outcome of a task in its document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, assert_never

from shared.flows.documents import CommitResult, Update
from shared.flows.effects import ClockAndIds, Failed, Flow, Later, LogEvent, commit
from shared.pipeline import FUNCTIONS, LEASE_S
from shared.tasks.errors import AttemptsExhausted
from shared.tasks.lease import read_task
from shared.tasks.slots import read_slot
from shared.tasks.task import Task, TaskClaim, TaskDone, TaskState
from shared.tasks.waiting import NOT_WAITING


def record_outcome(
    claim: TaskClaim, outcome: TaskDone | Failed | Later, clock: ClockAndIds
) -> Flow[bool]:
    """Commits the outcome and frees the slot, guarded by the versions. Returns False when the claim
    was lost."""
    task = claim.task
    extra_writes = outcome.writes
    while True:
        current = yield from read_task(task.envelope)
        if current is None or current.token != claim.token:
            return False
        if current.state is not TaskState.LEASED:
            # This batch was committed and its response was lost.
            return True
        slot = yield from read_slot(task)
        now = clock.now()
        fields = outcome_fields(outcome, now)
        release = () if slot is None else slot.release(claim, now)
        result = yield from commit(
            Update(task.path, fields, current.version), *release, *extra_writes
        )
        if result is CommitResult.OK:
            yield LogEvent("task.committed", {"state": fields["state"]})
            return True
        if result is CommitResult.MISSING:
            # A document of the extra writes is gone: record the outcome without them.
            extra_writes = ()


def fail_exhausted(task: Task, fields: Mapping[str, Any], clock: ClockAndIds) -> Flow[None]:
    """Fails a task whose workers crashed in every allowed attempt, and sets `fields` of it."""
    error = task.data["error"] or {
        "code": AttemptsExhausted.code,
        "message": "The task did not finish within the maximum number of attempts.",
    }
    outcome = Failed(error["code"], error["message"], fields)
    yield from commit(Update(task.path, outcome_fields(outcome, clock.now()), task.version))


def fail_after_last_attempt(
    claim: TaskClaim, outcome: TaskDone | Failed | Later
) -> TaskDone | Failed | Later:
    """Returns Failed for a Later of the last attempt that neither made progress nor waits for a
    service, else `outcome`."""
    if not isinstance(outcome, Later) or outcome.progress or outcome.is_waiting:
        return outcome
    if claim.attempt < FUNCTIONS[claim.task.function].max_attempts:
        return outcome
    return Failed(outcome.code, outcome.message, outcome.fields)


def outcome_fields(outcome: TaskDone | Failed | Later, now: datetime) -> dict[str, Any]:
    """Returns the fields of a task's document after `outcome`."""
    match outcome:
        case TaskDone(fields):
            return {**fields, **_end_fields(TaskState.DONE, now), "error": None}
        case Failed(code, message, fields):
            error = {"code": code, "message": message}
            return {**fields, **_end_fields(TaskState.FAILED, now), "error": error}
        case Later(wait_s, code, message, fields, progress):
            due_at = now + timedelta(seconds=wait_s)
            return {
                **NOT_WAITING,
                **fields,
                **({"attempt": 0} if progress else {}),
                "state": TaskState.OPEN,
                "lease_until": now,
                "due_at": due_at,
                "next_check_at": max(due_at, now + timedelta(seconds=LEASE_S)),
                "error": {"code": code, "message": message} if code else None,
            }
        case _:
            assert_never(outcome)


def _end_fields(state: TaskState, now: datetime) -> dict[str, Any]:
    return {"state": state, "lease_until": now, "next_check_at": None, "finished_at": now}
