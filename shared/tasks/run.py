"""Runs a task: claim → work → record, under at-least-once delivery of its message.

Every open task has a `next_check_at`, at which the sweeper announces it again. A task
therefore does not depend on its message: a rejected message is redelivered, and the sweeper
replaces a lost one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, assert_never, cast

from shared.errors import AttemptsExhausted
from shared.flows.decision import Decision
from shared.flows.documents import CommitResult, Update
from shared.flows.effects import (
    ClockAndIds,
    CrashPoint,
    Failed,
    Flow,
    Later,
    LogEvent,
    Lost,
    Reply,
    RunTask,
    Wait,
    commit,
    publish,
    read,
    run_query,
)
from shared.flows.envelope import Envelope
from shared.pipeline import BUSY_WAIT_S, FUNCTIONS, LEASE_S, STALLED_S
from shared.tasks.task import (
    Task,
    TaskClaim,
    TaskDone,
    TaskOutcome,
    TaskState,
    due_tasks,
    task_envelope,
    task_path,
)

MAX_SWEPT_TASKS = 1000
"""Tasks that one sweep announces at most. The sweep has jobs to check as well."""
RECHECK_S = 600
"""How long the sweeper waits after it announced a task. The message may still be in the queue."""


def decide(task: Task | None, now: datetime) -> Decision:
    """Decides about a delivery of a task's message."""
    if task is None or task.has_ended:
        return Decision.DROP
    if task.state is TaskState.LEASED and task.lease_until > now:
        return Decision.BUSY
    if task.due_at > now:
        # LEASE_S is longer than any wait for which a message is kept (BUSY_WAIT_S), so a clock
        # that is set back loses no message.
        is_soon = task.due_at - now <= timedelta(seconds=LEASE_S)
        return Decision.BUSY if is_soon else Decision.LATER
    if task.attempt >= FUNCTIONS[task.function].max_attempts:
        return Decision.EXHAUSTED
    return Decision.GO


def run(envelope: Envelope, clock: ClockAndIds) -> Flow[Reply]:
    """Handles one delivery of a task's message. Returns ACK or NACK."""
    waited_s = 0
    while True:
        task = yield from _read(envelope)
        decision = decide(task, clock.now())
        if decision is Decision.BUSY and waited_s < BUSY_WAIT_S:
            waited_s += 1
            yield Wait(1)
            continue
        if decision is Decision.BUSY:
            return Reply.NACK
        if task is None or decision in (Decision.DROP, Decision.LATER):
            # The sweeper announces a task that is due later: no message waits for hours.
            return Reply.ACK
        if decision is Decision.EXHAUSTED:
            yield from _fail_exhausted(task, clock)
            return Reply.ACK
        claim = yield from _claim(task, clock)
        if claim is not None:
            return (yield from _process(claim, envelope, clock))
        # Another worker claimed it first: decide again.


def dead_letter(envelope: Envelope, clock: ClockAndIds) -> Flow[Reply]:
    """Handles a message that was delivered too often, by the state of its task alone."""
    task = yield from _read(envelope)
    decision = decide(task, clock.now())
    if decision is Decision.BUSY:
        return Reply.NACK
    if task is not None and decision in (Decision.GO, Decision.EXHAUSTED):
        yield LogEvent("dead_letter.reannounced", {"attempt": task.attempt})
        yield from publish([task.envelope])
    return Reply.ACK


def renew(claim: TaskClaim, clock: ClockAndIds) -> Flow[bool]:
    """Renews the lease. Returns False when the work must stop."""
    task = claim.task
    for _ in range(3):
        current = yield from _read(task.envelope)
        if current is None or current.token != claim.token or current.state is not TaskState.LEASED:
            return False
        result = yield from commit(Update(task.path, _lease_fields(task, clock), current.version))
        if result is CommitResult.OK:
            return True
    return False


def sweep_tasks(clock: ClockAndIds) -> Flow[int]:
    """Announces the tasks whose `next_check_at` has passed. Returns their number."""
    seen: set[str] = set()
    for row in (row for row in FUNCTIONS.values() if row.task_collection):
        while len(seen) < MAX_SWEPT_TASKS:
            now = clock.now()
            due = yield from run_query(due_tasks(row.task_collection, now))
            unseen = [doc for doc in due if doc.path not in seen]
            if not unseen:
                break
            seen.update(doc.path for doc in unseen)
            yield from publish([task_envelope(row.name, doc.id) for doc in unseen])
            # After publishing: a crash in between announces a task twice instead of never.
            for doc in unseen:
                later = {"next_check_at": now + timedelta(seconds=RECHECK_S)}
                yield from commit(Update(doc.path, later, doc.version))
    return len(seen)


def _claim(task: Task, clock: ClockAndIds) -> Flow[TaskClaim | None]:
    token, attempt = clock.new_token(), task.attempt + 1
    fields = {
        "state": TaskState.LEASED,
        "token": token,
        "attempt": attempt,
        **_lease_fields(task, clock),
    }
    if (yield from commit(Update(task.path, fields, task.version))) is not CommitResult.OK:
        # When the response to a batch is lost, the client's retry conflicts with the batch itself.
        # Our token in the document shows that the claim succeeded.
        (doc,) = yield from read(task.path)
        if doc is None or doc.data["token"] != token:
            return None
    yield LogEvent("task.claimed", {"attempt": attempt})
    return TaskClaim(task, token, attempt)


def _process(claim: TaskClaim, envelope: Envelope, clock: ClockAndIds) -> Flow[Reply]:
    """Runs the handler of a claimed task and records its outcome."""
    yield CrashPoint("after_claim", envelope)
    outcome = cast("TaskOutcome", (yield RunTask(claim)))
    yield CrashPoint("after_work", envelope)
    if isinstance(outcome, Lost):
        return Reply.NACK
    outcome = _fail_after_last_attempt(claim, outcome)
    if not (yield from _record(claim, outcome, clock)):
        yield LogEvent("task.lease_lost", {})
        return Reply.NACK
    yield CrashPoint("after_commit", envelope)
    if not isinstance(outcome, Later) or outcome.wait_s > BUSY_WAIT_S:
        return Reply.ACK
    if outcome.progress:
        # A new message for the next step: Pub/Sub delays a rejected one longer each time.
        yield from publish([envelope])
        return Reply.ACK
    return Reply.NACK


def _fail_after_last_attempt(
    claim: TaskClaim, outcome: TaskDone | Failed | Later
) -> TaskDone | Failed | Later:
    """Returns Failed for a Later without progress of the last attempt, else `outcome`."""
    if not isinstance(outcome, Later) or outcome.progress:
        return outcome
    if claim.attempt < FUNCTIONS[claim.task.function].max_attempts:
        return outcome
    return Failed(outcome.code, outcome.message, outcome.fields)


def _record(claim: TaskClaim, outcome: TaskDone | Failed | Later, clock: ClockAndIds) -> Flow[bool]:
    """Commits the outcome, guarded by the version. Returns False when the claim was lost."""
    task = claim.task
    extra_writes = () if isinstance(outcome, Later) else outcome.writes
    while True:
        current = yield from _read(task.envelope)
        if current is None or current.token != claim.token:
            return False
        if current.state is not TaskState.LEASED:
            # This batch was committed and its response was lost.
            return True
        fields = outcome_fields(outcome, clock.now())
        result = yield from commit(Update(task.path, fields, current.version), *extra_writes)
        if result is CommitResult.OK:
            yield LogEvent("task.committed", {"state": fields["state"]})
            return True
        if result is CommitResult.MISSING:
            # A document of the extra writes is gone: record the outcome without them.
            extra_writes = ()


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


def _fail_exhausted(task: Task, clock: ClockAndIds) -> Flow[None]:
    """Fails a task whose workers crashed in every allowed attempt."""
    error = task.data["error"] or {
        "code": AttemptsExhausted.code,
        "message": "The task did not finish within the maximum number of attempts.",
    }
    fields = outcome_fields(Failed(error["code"], error["message"]), clock.now())
    yield from commit(Update(task.path, fields, task.version))


def _end_fields(state: TaskState, now: datetime) -> dict[str, Any]:
    return {"state": state, "lease_until": now, "next_check_at": None, "finished_at": now}


def _lease_fields(task: Task, clock: ClockAndIds) -> dict[str, Any]:
    now = clock.now()
    lease_s = min(FUNCTIONS[task.function].lease_s, clock.lease_s)
    return {
        "lease_until": now + timedelta(seconds=lease_s),
        "next_check_at": now + timedelta(seconds=STALLED_S),
    }


def _read(envelope: Envelope) -> Flow[Task | None]:
    (doc,) = yield from read(task_path(envelope.stage, envelope.job_id))
    return None if doc is None else Task.from_doc(envelope.stage, doc)
