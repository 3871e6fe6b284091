"""The lease of a task in its document: reading, claiming and renewing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.flows.documents import CommitResult, Update, Write
from shared.flows.effects import ClockAndIds, Flow, LogEvent, commit, read
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS, STALLED_S
from shared.tasks.slots import Slot
from shared.tasks.task import Task, TaskClaim, TaskState, task_path


def read_task(envelope: Envelope) -> Flow[Task | None]:
    """Returns the task of an envelope, or None when it does not exist."""
    (doc,) = yield from read(task_path(envelope.stage, envelope.job_id))
    return None if doc is None else Task.from_doc(envelope.stage, doc)


def claim_task(task: Task, slot: Slot | None, clock: ClockAndIds) -> Flow[TaskClaim | None]:
    """Claims a task and takes its slot. Returns None when another worker has changed one of them
    meanwhile."""
    token, attempt = clock.new_token(), task.attempt + 1
    fields = {
        "state": TaskState.LEASED,
        "token": token,
        "attempt": attempt,
        **_lease_fields(task, clock),
    }
    writes: list[Write] = [Update(task.path, fields, task.version)]
    if slot is not None:
        writes.append(slot.take(task, token, clock.now()))
    if (yield from commit(*writes)) is not CommitResult.OK:
        # When the response to a batch is lost, the client's retry conflicts with the batch itself.
        # Our token in the document shows that the claim succeeded.
        (doc,) = yield from read(task.path)
        if doc is None or doc.data["token"] != token:
            return None
    yield LogEvent("task.claimed", {"attempt": attempt})
    return TaskClaim(task, token, attempt)


def renew(claim: TaskClaim, clock: ClockAndIds) -> Flow[bool]:
    """Renews the lease. Returns False when the work must stop."""
    task = claim.task
    for _ in range(3):
        current = yield from read_task(task.envelope)
        if current is None or current.token != claim.token or current.state is not TaskState.LEASED:
            return False
        result = yield from commit(Update(task.path, _lease_fields(task, clock), current.version))
        if result is CommitResult.OK:
            return True
    return False


def _lease_fields(task: Task, clock: ClockAndIds) -> dict[str, Any]:
    now = clock.now()
    lease_s = min(FUNCTIONS[task.function].lease_s, clock.lease_s)
    return {
        "lease_until": now + timedelta(seconds=lease_s),
        "next_check_at": now + timedelta(seconds=STALLED_S),
    }
