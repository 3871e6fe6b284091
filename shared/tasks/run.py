"""Runs a task: claim → work → record, under at-least-once delivery of its message.

Every open task has a `next_check_at`, at which the sweeper announces it again. A task
therefore does not depend on its message: a rejected message is redelivered, and the sweeper
replaces a lost one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from shared.flows.decision import Decision
from shared.flows.documents import Update
from shared.flows.effects import (
    ClockAndIds,
    CrashPoint,
    Flow,
    Later,
    LogEvent,
    Lost,
    Reply,
    RunTask,
    Unavailable,
    Wait,
    commit,
    publish,
)
from shared.flows.envelope import Envelope
from shared.pipeline import BUSY_WAIT_S, FUNCTIONS, LEASE_S
from shared.tasks.lease import claim_task, read_task
from shared.tasks.record import fail_after_last_attempt, fail_exhausted, record_outcome
from shared.tasks.slots import announce_waiting, read_slot
from shared.tasks.sweep import RECHECK_S, announced_fields
from shared.tasks.task import Task, TaskClaim, TaskOutcome, TaskState
from shared.tasks.waiting import wait_for_service

OnExhausted = Callable[[Task, ClockAndIds], Flow[Mapping[str, Any]]]
"""What a function does for a task whose workers crashed in every allowed attempt, before the task
fails. Returns further fields of the task's document. It may be repeated."""


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


def run(
    envelope: Envelope, clock: ClockAndIds, on_exhausted: OnExhausted | None = None
) -> Flow[Reply]:
    """Handles one delivery of a task's message. Returns ACK or NACK."""
    waited_s = 0
    while True:
        task = yield from read_task(envelope)
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
            # The task fails last: after a crash in between, the next delivery repeats both.
            fields = {} if on_exhausted is None else (yield from on_exhausted(task, clock))
            yield from fail_exhausted(task, fields, clock)
            return Reply.ACK
        slot = yield from read_slot(task)
        if slot is not None and not slot.is_free_for(task, clock.now()):
            # Whoever frees the slot announces a task that waits for it: no message waits.
            yield LogEvent("task.slot_taken", {"slot": task.slot})
            return Reply.ACK
        claim = yield from claim_task(task, slot, clock)
        if claim is not None:
            return (yield from _process(claim, envelope, clock))
        # Another worker claimed it first: decide again.


def dead_letter(envelope: Envelope, clock: ClockAndIds) -> Flow[Reply]:
    """Handles a message that was delivered too often, by the state of its task alone.

    It publishes a task at most once in RECHECK_S: a younger message than this one exists when the
    sweeper has published it since, and otherwise the copies in a long backlog would add up.
    """
    task = yield from read_task(envelope)
    decision = decide(task, clock.now())
    if decision is Decision.BUSY:
        return Reply.NACK
    if task is None or decision not in (Decision.GO, Decision.EXHAUSTED):
        return Reply.ACK
    now = clock.now()
    if task.announced_at is None or now - task.announced_at >= timedelta(seconds=RECHECK_S):
        yield LogEvent("dead_letter.reannounced", {"attempt": task.attempt})
        yield from publish([task.envelope])
        yield from commit(Update(task.path, announced_fields(task.due_at, now), task.version))
    return Reply.ACK


def _process(claim: TaskClaim, envelope: Envelope, clock: ClockAndIds) -> Flow[Reply]:
    """Runs the handler of a claimed task and records its outcome."""
    yield CrashPoint("after_claim", envelope)
    outcome = cast("TaskOutcome", (yield RunTask(claim)))
    yield CrashPoint("after_work", envelope)
    if isinstance(outcome, Lost):
        return Reply.NACK
    if isinstance(outcome, Unavailable):
        outcome = wait_for_service(claim, outcome, clock)
    outcome = fail_after_last_attempt(claim, outcome)
    if not (yield from record_outcome(claim, outcome, clock)):
        yield LogEvent("task.lease_lost", {})
        return Reply.NACK
    yield CrashPoint("after_commit", envelope)
    yield from announce_waiting(claim.task, clock)
    yield from publish(list(outcome.messages))
    if not isinstance(outcome, Later) or outcome.wait_s > BUSY_WAIT_S:
        return Reply.ACK
    if outcome.progress:
        # A new message for the next step: Pub/Sub delays a rejected one longer each time.
        yield from publish([envelope])
        return Reply.ACK
    return Reply.NACK
