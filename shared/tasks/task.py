"""Tasks: leased work of a user outside any job, such as a webhook call, an export or a recording.

A task is one document in the `task_collection` of its function in `shared.pipeline`. It holds the
lease, the number of attempts and the time at which the task is due. Its other fields belong to the
function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.flows.documents import Create, Doc, Filter, Query, Write
from shared.flows.effects import Failed, Later, Lost, Unavailable
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS, STALLED_S

SWEEP_PAGE_SIZE = 100
"""Documents that the sweeper reads at a time."""
TASK = "task"
"""The part in a task's envelope. The envelope's job_id is the task's id."""


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
    data: Mapping[str, Any] = field(repr=False)
    version: Any = field(compare=False)

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
    """The task is done. `fields` go into its document; `writes` are part of the same batch."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    writes: tuple[Write, ...] = ()


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


def new_task(
    function: str, task_id: str, owner: str, fields: Mapping[str, Any], now: datetime
) -> Create:
    """Returns the write that creates a task. The caller commits it and publishes its message. If
    the message is lost, the sweeper publishes it again."""
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
            "next_check_at": now + timedelta(seconds=STALLED_S),
            "error": None,
            "created_at": now,
            "finished_at": None,
        },
    )
