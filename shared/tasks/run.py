"""How one errand is done: claim → work → record, however often its message comes.

An open errand always says in `next_check_at` when the sweeper looks after it,
so no message of it has to
outlive anything: what is refused comes back sooner, what is lost comes back all the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Any, cast

from shared.errors import AttemptsExhausted
from shared.flows.documents import CommitResult, Doc, Update, Write
from shared.flows.effects import (
    ClockAndIds,
    CrashPoint,
    DueTasks,
    Flow,
    LogEvent,
    Reply,
    RunTask,
    Wait,
    commit,
    publish,
    read,
)
from shared.flows.envelope import Envelope
from shared.pipeline import BUSY_WAIT_S, FUNCTIONS, LEASE_S, STALLED_S
from shared.tasks.task import (
    Failed,
    Later,
    Lost,
    Task,
    TaskClaim,
    TaskDone,
    TaskOutcome,
    TaskState,
    task_envelope,
    task_path,
)

MAX_SWEPT_TASKS = 1000
"""Errands that one sweep announces; it has jobs to look after as well."""
RECHECK_S = 600
"""How long the sweeper leaves an errand alone that it has announced: it may only wait its turn."""


class Decision(Enum):
    """What to do with an errand now."""

    GO = "go"
    DROP = "drop"
    BUSY = "busy"
    LATER = "later"
    EXHAUSTED = "exhausted"


def decide(task: Task | None, now: datetime) -> Decision:
    """Judge a delivery of an errand's message."""
    if task is None or task.has_ended:
        return Decision.DROP
    if task.state is TaskState.LEASED and task.lease_until > now:
        return Decision.BUSY
    if task.due_at > now:
        # More than any wait that keeps its message: a clock that was set back loses none.
        near = task.due_at - now <= timedelta(seconds=LEASE_S)
        return Decision.BUSY if near else Decision.LATER
    if task.attempt >= FUNCTIONS[task.function].max_attempts:
        return Decision.EXHAUSTED
    return Decision.GO


def run(envelope: Envelope, clock: ClockAndIds) -> Flow[Reply]:
    """Handle one delivery of an errand's message; → ACK or NACK."""
    waited = 0
    while True:
        task = yield from _read(envelope)
        found = decide(task, clock.now())
        if found is Decision.BUSY and waited < BUSY_WAIT_S:
            waited += 1
            yield Wait(1)
            continue
        if found is Decision.BUSY:
            return Reply.NACK
        if task is None or found in (Decision.DROP, Decision.LATER):
            # What is due later is the sweeper's: no message waits for hours.
            return Reply.ACK
        if found is Decision.EXHAUSTED:
            yield from _exhausted(task, clock)
            return Reply.ACK
        claimed = yield from _claim(task, clock)
        if claimed is not None:
            return (yield from _carry_out(claimed, envelope, clock))
        # Someone was faster: judge again.


def dead_letter(envelope: Envelope, clock: ClockAndIds) -> Flow[Reply]:
    """Decide about a message that was delivered too often: by the errand's state alone."""
    task = yield from _read(envelope)
    found = decide(task, clock.now())
    if found is Decision.BUSY:
        return Reply.NACK
    if task is not None and found in (Decision.GO, Decision.EXHAUSTED):
        yield LogEvent("dead_letter.reannounced", {"attempt": task.attempt})
        yield from publish([task.envelope])
    return Reply.ACK


def renew(claim: TaskClaim, clock: ClockAndIds) -> Flow[bool]:
    """Renew the lease; → False when the work must stop."""
    task = claim.task
    for _ in range(3):
        here = yield from _read(task.envelope)
        if here is None or here.token != claim.token or here.state is not TaskState.LEASED:
            return False
        if (
            yield from commit(Update(task.path, _lease(task, clock), here.version))
        ) is CommitResult.OK:
            return True
    return False


def sweep_tasks(clock: ClockAndIds) -> Flow[int]:
    """Announce what is due, and what nobody looked after; → how many."""
    seen: set[str] = set()
    for row in (one for one in FUNCTIONS.values() if one.task_collection and one.is_built):
        while len(seen) < MAX_SWEPT_TASKS:
            now = clock.now()
            due = cast("tuple[Doc, ...]", (yield DueTasks(row.task_collection, now)))
            fresh = [doc for doc in due if doc.path not in seen]
            if not fresh:
                break
            seen.update(doc.path for doc in fresh)
            yield from publish([task_envelope(row.name, doc.id) for doc in fresh])
            # After publishing: a crash in between announces twice, never not at all.
            for doc in fresh:
                later = {"next_check_at": now + timedelta(seconds=RECHECK_S)}
                yield from commit(Update(doc.path, later, doc.version))
    return len(seen)


def _claim(task: Task, clock: ClockAndIds) -> Flow[TaskClaim | None]:
    token, attempt = clock.new_token(), task.attempt + 1
    fields = {
        "state": TaskState.LEASED,
        "token": token,
        "attempt": attempt,
        **_lease(task, clock),
    }
    if (yield from commit(Update(task.path, fields, task.version))) is not CommitResult.OK:
        # A batch whose answer was lost meets itself when the client repeats it: then it is ours.
        (doc,) = yield from read(task.path)
        if doc is None or doc.data["token"] != token:
            return None
    yield LogEvent("task.claimed", {"attempt": attempt})
    return TaskClaim(task, token, attempt)


def _carry_out(claim: TaskClaim, envelope: Envelope, clock: ClockAndIds) -> Flow[Reply]:
    yield CrashPoint("after_claim", envelope)
    outcome = cast("TaskOutcome", (yield RunTask(claim)))
    yield CrashPoint("after_work", envelope)
    if isinstance(outcome, Lost):
        return Reply.NACK
    outcome = _ended_by_attempts(claim, outcome)
    if not (yield from _record(claim, outcome, clock)):
        yield LogEvent("task.lease_lost", {})
        return Reply.NACK
    yield CrashPoint("after_commit", envelope)
    if not isinstance(outcome, Later) or outcome.wait_s > BUSY_WAIT_S:
        return Reply.ACK
    if outcome.progress:
        # The next step is a message of its own: a refused one would come later each time.
        yield from publish([envelope])
        return Reply.ACK
    return Reply.NACK


def _ended_by_attempts(claim: TaskClaim, outcome: TaskOutcome) -> TaskOutcome:
    if not isinstance(outcome, Later) or outcome.progress:
        return outcome
    if claim.attempt < FUNCTIONS[claim.task.function].max_attempts:
        return outcome
    return Failed(outcome.code, outcome.message, outcome.fields)


def _record(claim: TaskClaim, outcome: TaskOutcome, clock: ClockAndIds) -> Flow[bool]:
    """Write what came of it, guarded by the version; → False when the errand is not ours."""
    task = claim.task
    besides: tuple[Write, ...] = getattr(outcome, "writes", ())
    while True:
        here = yield from _read(task.envelope)
        if here is None or here.token != claim.token:
            return False
        if here.state is not TaskState.LEASED:
            # This very batch, whose answer was lost.
            return True
        fields = outcome_fields(outcome, clock.now())
        done = yield from commit(Update(task.path, fields, here.version), *besides)
        if done is CommitResult.OK:
            yield LogEvent("task.committed", {"state": fields["state"]})
            return True
        if done is CommitResult.MISSING:
            # What else was to change is gone; the errand's own end is written all the same.
            besides = ()


def outcome_fields(outcome: TaskOutcome, now: datetime) -> dict[str, Any]:
    """The fields of an errand after it was worked on."""
    match outcome:
        case TaskDone(fields):
            return {**fields, **_end(TaskState.DONE, now), "error": None}
        case Failed(code, message, fields):
            error = {"code": code, "message": message}
            return {**fields, **_end(TaskState.FAILED, now), "error": error}
        case Later(wait_s, code, message, fields, progress):
            due = now + timedelta(seconds=wait_s)
            return {
                **fields,
                **({"attempt": 0} if progress else {}),
                "state": TaskState.OPEN,
                "lease_until": now,
                "due_at": due,
                "next_check_at": max(due, now + timedelta(seconds=LEASE_S)),
                "error": {"code": code, "message": message} if code else None,
            }
        case _:
            raise TypeError("nothing is recorded of a lost lease")


def _exhausted(task: Task, clock: ClockAndIds) -> Flow[None]:
    """Its workers died as often as it may be tried."""
    last = task.data["error"] or {
        "code": AttemptsExhausted.code,
        "message": "It was tried as often as allowed and did not finish.",
    }
    fields = outcome_fields(Failed(last["code"], last["message"]), clock.now())
    yield from commit(Update(task.path, fields, task.version))


def _end(state: TaskState, now: datetime) -> dict[str, Any]:
    return {"state": state, "lease_until": now, "next_check_at": None, "finished_at": now}


def _lease(task: Task, clock: ClockAndIds) -> dict[str, Any]:
    now = clock.now()
    lease_s = min(FUNCTIONS[task.function].lease_s, clock.lease_s)
    return {
        "lease_until": now + timedelta(seconds=lease_s),
        "next_check_at": now + timedelta(seconds=STALLED_S),
    }


def _read(envelope: Envelope) -> Flow[Task | None]:
    (doc,) = yield from read(task_path(envelope.stage, envelope.job_id))
    return None if doc is None else Task.from_doc(envelope.stage, doc)
