"""Tasks: leased work of a user outside the stages of jobs, such as a webhook call or a recording.

A task is one document in the `task_collection` of its function in `shared.pipeline`. It holds the
lease, the number of attempts and the time at which the task is due. Its other fields belong to the
function.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.flows.documents import Create, Doc, Filter, Query, Write
from shared.flows.effects import Failed, Later, Lost, Unavailable
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS, STALLED_S
from shared.tasks.errors import AttemptsExhausted

SWEEP_PAGE_SIZE = 100
"""Documents that the sweeper reads at a time."""
TASK = "task"
"""The part in a task's envelope. The envelope's job_id is the task's id."""
NO_SLOT = -1
"""The slot of a task that runs whatever else of its owner runs."""


class TaskState(StrEnum):
    """OPEN while it waits, LEASED while a worker holds it. DONE and FAILED are final."""

    OPEN = "open"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it was read.

    Attributes:
        attempt: Number of claims since the last `Later` with progress.
        due_at: The earliest time at which it may be claimed.
        announced_at: When its message was last published again, or None.
        slot: The slot in which it runs, or NO_SLOT: see `shared.tasks.slots`.
        data: All fields of the document. `next_check_at` is when the sweeper announces the task,
            None once it has ended.
    """

    function: str
    id: str
    owner: str
    state: TaskState
    attempt: int
    token: str
    lease_until: datetime
    due_at: datetime
    announced_at: datetime | None
    slot: int
    data: Mapping[str, Any] = field(repr=False)
    version: Any = field(compare=False)

    def last_error(self, exhausted: str = AttemptsExhausted.default_message()) -> tuple[str, str]:
        """Returns the code and the message of the last attempt; those of AttemptsExhausted, with
        the message `exhausted`, if its worker crashed."""
        error = self.data["error"] or {}
        return error.get("code", AttemptsExhausted.code), error.get("message", exhausted)

    @classmethod
    def from_doc(cls, function: str, doc: Doc) -> Task:
        """Parses a task's document."""
        data = doc.data
        return cls(
            function=function,
            id=doc.id,
            owner=data["owner"],
            state=TaskState(data["state"]),
            attempt=data["attempt"],
            token=data["token"],
            lease_until=data["lease_until"],
            due_at=data["due_at"],
            announced_at=data["announced_at"],
            slot=data["slot"],
            data=data,
            version=doc.version,
        )

    @property
    def has_ended(self) -> bool:
        """Whether it is DONE or FAILED."""
        return self.state in (TaskState.DONE, TaskState.FAILED)

    @property
    def path(self) -> str:
        """The path of its document."""
        return task_path(self.function, self.id)

    @property
    def envelope(self) -> Envelope:
        """The message that runs it."""
        return task_envelope(self.function, self.id)


@dataclass(frozen=True, slots=True)
class TaskClaim:
    """A claimed task. The claim is valid while its document holds `token`."""

    task: Task
    token: str
    attempt: int


@dataclass(frozen=True, slots=True)
class TaskDone:
    """The task is done. `fields` go into its document; `writes` are part of the same batch, and
    `messages` are published after it."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    writes: tuple[Write, ...] = ()
    messages: tuple[Envelope, ...] = ()


TaskOutcome = TaskDone | Failed | Later | Unavailable | Lost


def task_path(function: str, task_id: str) -> str:
    """Returns the path of a task's document."""
    return f"{FUNCTIONS[function].task_collection}/{task_id}"


def task_envelope(function: str, task_id: str) -> Envelope:
    """Returns the message that runs a task."""
    return Envelope(task_id, function, TASK)


def due_tasks(collection: str, before: datetime, limit: int = SWEEP_PAGE_SIZE) -> Query:
    """Returns the query for the tasks of a collection whose `next_check_at` is before `before`,
    oldest first. A task that has ended is never due."""
    return Query(
        collection,
        (Filter("next_check_at", "<", before),),
        order_by="next_check_at",
        limit=limit,
    )


def due_tasks_by_owner(
    collection: str, before: datetime, after_owner: str, limit: int = SWEEP_PAGE_SIZE
) -> Query:
    """Returns the query for the due tasks of the owners after `after_owner`, sorted by owner, the
    oldest of an owner first. Firestore scans the open tasks of the owners that it passes."""
    return Query(
        collection,
        (
            Filter("state", "in", (TaskState.OPEN, TaskState.LEASED)),
            Filter("owner", ">", after_owner),
            Filter("next_check_at", "<", before),
        ),
        order_by="owner",
        then_by="next_check_at",
        limit=limit,
    )


def slot_number(function: str, task_id: str) -> int:
    """Returns the slot of a task, from 0, or NO_SLOT when the function has none."""
    count = FUNCTIONS[function].owner_slots
    return zlib.crc32(task_id.encode()) % count if count else NO_SLOT


def new_task(
    function: str,
    task_id: str,
    owner: str,
    fields: Mapping[str, Any],
    now: datetime,
    *,
    in_slot: bool = True,
) -> Create:
    """Returns the write that creates a task. The caller commits it and publishes its message. If
    the message is lost, the sweeper publishes it again. With `in_slot`, it runs in a slot of its
    owner if the function has slots."""
    return Create(
        task_path(function, task_id),
        {
            **fields,
            "owner": owner,
            "state": TaskState.OPEN,
            "attempt": 0,
            "token": "",
            "lease_until": now,
            "due_at": now,
            "announced_at": None,
            "slot": slot_number(function, task_id) if in_slot else NO_SLOT,
            "next_check_at": now + timedelta(seconds=STALLED_S),
            "error": None,
            "created_at": now,
            "finished_at": None,
        },
    )
