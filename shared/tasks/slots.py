"""Slots: how many tasks of one owner and function run at the same time.

A function with `owner_slots` N in the table has N slots for each owner, and every task belongs to
one of them by its id. The tasks of a slot run one after the other. `task_slots/{id}` names the task
that runs: it is written in the batch that claims the task and in the batch that records its
outcome, so the limit is exact. A task whose slot is taken stays open and its message is
acknowledged. Whoever frees the slot announces the next one; if that message is lost, the sweeper
does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.flows.documents import Create, Doc, Filter, Query, Update, Write
from shared.flows.effects import ClockAndIds, Flow, publish, read, run_query
from shared.pipeline import FUNCTIONS
from shared.tasks.task import NO_SLOT, Task, TaskClaim, TaskState, task_envelope

TASK_SLOTS = "task_slots"
KEPT_DAYS = 1
"""How long the document of a slot is kept after its last use."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The slot of a task as it was read. `doc` is None when it was never used."""

    path: str
    doc: Doc | None

    def is_free_for(self, task: Task, now: datetime) -> bool:
        """Returns whether `task` may take the slot at `now`. A task takes over its own slot from a
        worker that lost its lease."""
        if self.doc is None or self.doc.data["task"] == task.id:
            return True
        return bool(self.doc.data["taken_until"] <= now)

    def take(self, task: Task, token: str, now: datetime) -> Write:
        """Returns the write with which the claim `token` of `task` takes the slot."""
        # No worker outlives the timeout of its function, so the slot needs no renewal.
        taken_until = now + timedelta(seconds=FUNCTIONS[task.function].timeout_s)
        fields: dict[str, Any] = {
            "owner": task.owner,
            "task": task.id,
            "token": token,
            "taken_until": taken_until,
            "expires_at": taken_until + timedelta(days=KEPT_DAYS),
        }
        if self.doc is None:
            return Create(self.path, fields)
        return Update(self.path, fields, self.doc.version)

    def release(self, claim: TaskClaim, now: datetime) -> tuple[Write, ...]:
        """Returns the write with which a claim frees the slot, if it holds it."""
        if self.doc is None or self.doc.data["token"] != claim.token:
            return ()
        return (Update(self.path, {"taken_until": now}, self.doc.version),)


def slot_path(function: str, owner: str, number: int) -> str:
    """Returns `task_slots/{slot}`. The id is a hash, since it must not contain the user's id."""
    key = json.dumps([function, owner, number])
    return f"{TASK_SLOTS}/{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def read_slot(task: Task) -> Flow[Slot | None]:
    """Returns the slot of a task, or None when the task needs none."""
    if task.slot == NO_SLOT:
        return None
    path = slot_path(task.function, task.owner, task.slot)
    (doc,) = yield from read(path)
    return Slot(path, doc)


def waiting_tasks(task: Task, now: datetime) -> Query:
    """Returns the query for the tasks of the slot of `task` that are due at `now`, oldest first:
    two, since `task` may be one of them."""
    return Query(
        FUNCTIONS[task.function].task_collection,
        (
            Filter("owner", "==", task.owner),
            Filter("slot", "==", task.slot),
            Filter("state", "==", TaskState.OPEN),
            Filter("due_at", "<", now + timedelta(microseconds=1)),
        ),
        order_by="due_at",
        limit=2,
    )


def announce_waiting(task: Task, clock: ClockAndIds) -> Flow[None]:
    """Announces the oldest other task that waits for the slot of `task`."""
    if task.slot == NO_SLOT:
        return
    docs = yield from run_query(waiting_tasks(task, clock.now()))
    waiting = [doc.id for doc in docs if doc.id != task.id]
    yield from publish([task_envelope(task.function, task_id) for task_id in waiting[:1]])
