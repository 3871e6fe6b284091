"""An errand: work that belongs to a person and to no job's chain, such as a call to a server.

One document an errand, in the collection that its stage's row names. It says who holds it, how
often it was tried and when it is due; whatever else is in it is its stage's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.flows.documents import Create, Doc, Write
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS, STALLED_S

TASK = "task"
"""The part that an errand's envelope names; its job_id is the errand's own id."""


class TaskState(StrEnum):
    """OPEN until it is due, LEASED while someone works on it; the other two are ends."""

    OPEN = "open"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Task:
    """`attempt` counts the claims since the last progress. `due_at` is when it may be worked on;
    `next_check_at` when the sweeper looks after it, None once it has ended."""

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
        """Parse an errand's document."""
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
        """Whether nothing more will be done."""
        return self.state in (TaskState.DONE, TaskState.FAILED)

    @property
    def path(self) -> str:
        """Where its document stands."""
        return task_path(self.function, self.id)

    @property
    def envelope(self) -> Envelope:
        """The message that has it done."""
        return task_envelope(self.function, self.id)


@dataclass(frozen=True, slots=True)
class TaskClaim:
    """An errand that is ours for as long as `token` stands in its document."""

    task: Task
    token: str
    attempt: int


@dataclass(frozen=True, slots=True)
class TaskDone:
    """It is done. `fields` go into its document, `writes` happen in the same batch."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """It cannot be done."""

    code: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """It goes on in `wait_s` seconds. With `progress` the attempts are counted anew; without, the
    last one that the row allows ends it."""

    wait_s: float
    code: str = ""
    message: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    progress: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """The lease was lost: nothing of this may be recorded."""


TaskOutcome = TaskDone | Failed | Later | Lost


def task_path(function: str, task_id: str) -> str:
    """{the row's collection}/{errand}"""
    return f"{FUNCTIONS[function].task_collection}/{task_id}"


def task_envelope(function: str, task_id: str) -> Envelope:
    """The message that has an errand done."""
    return Envelope(task_id, function, TASK)


def new_task(
    function: str, task_id: str, owner: str, fields: Mapping[str, Any], now: datetime
) -> Create:
    """The write that makes an errand. Whoever commits it announces it; the sweeper, if not."""
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
