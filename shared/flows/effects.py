"""Effects: the requests for IO that a flow yields, and the outcomes of work that it receives.

A flow is a generator of effects and does no IO itself. The same flow runs against Firestore,
Pub/Sub and Cloud Storage in a function, and step by step in a test that interleaves many flows,
crashes between any two steps and repeats deliveries.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar, cast

from shared.flows.documents import CommitResult, Doc, Query, Write
from shared.flows.envelope import Envelope, ObjectRef
from shared.pipeline import JOBS_PER_OWNER, LEASE_S, PARTS_IN_FLIGHT, Bucket

T = TypeVar("T")
ClaimT = TypeVar("ClaimT")
JobT = TypeVar("JobT")


class Reply(Enum):
    """The response to a delivery."""

    ACK = "ack"
    NACK = "nack"


@dataclass(frozen=True, slots=True)
class ClockAndIds:
    """The time, new tokens, the duration of leases, random numbers in [0, 1) and the limits of an
    owner, for flows.

    Attributes:
        jobs_per_owner: How many jobs of an owner run at once.
        parts_in_flight: How many parts of a stage of a job are admitted at once.
    """

    now: Callable[[], datetime]
    new_token: Callable[[], str]
    lease_s: float = LEASE_S
    random: Callable[[], float] = random.random
    jobs_per_owner: int = JOBS_PER_OWNER
    parts_in_flight: int = PARTS_IN_FLIGHT


@dataclass(frozen=True, slots=True)
class Read:
    """Reads documents together. Returns tuple[Doc | None, ...] in the order of `paths`."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Reads the documents of a query. Returns tuple[Doc, ...] in its order."""

    query: Query


@dataclass(frozen=True, slots=True)
class Commit:
    """Commits an atomic batch. Returns CommitResult."""

    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Publish:
    """Publishes messages. Returns None when all are accepted."""

    envelopes: tuple[Envelope, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Returns None after `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class CrashPoint:
    """A named point at which a crash must do no harm. Returns None."""

    name: str
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class RunUnit(Generic[ClaimT]):
    """Runs the stage's handler on a claimed unit while its lease is renewed. Returns
    UnitOutcome."""

    claim: ClaimT


@dataclass(frozen=True, slots=True)
class DeleteObject:
    """Deletes an object of a deleted job, or of an upload that is superseded. Returns None."""

    source: ObjectRef


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Moves an object that belongs to no job to where it triggers nothing. Returns None."""

    source: ObjectRef


@dataclass(frozen=True, slots=True)
class PurgeJob:
    """Deletes a job's objects and the documents below it. Returns None."""

    job_id: str


@dataclass(frozen=True, slots=True)
class InputsUploaded(Generic[JobT]):
    """Returns the names of the job's inputs that are uploaded, as frozenset[str]."""

    job: JobT


@dataclass(frozen=True, slots=True)
class RunTask(Generic[ClaimT]):
    """Runs the handler of a claimed task while its lease is renewed. Returns TaskOutcome."""

    claim: ClaimT


@dataclass(frozen=True, slots=True)
class ListPrefixes:
    """Returns a page of the names of the folders directly below a prefix of a bucket, after the
    folder `after`, as tuple[str, ...]. The last page is shorter than `limit`."""

    bucket: Bucket
    prefix: str
    after: str
    limit: int


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Writes a named event to the log. Returns None."""

    name: str
    fields: Mapping[str, Any]


Effect = (
    Read
    | RunQuery
    | Commit
    | Publish
    | Wait
    | CrashPoint
    | RunUnit[Any]
    | DeleteObject
    | Quarantine
    | PurgeJob
    | InputsUploaded[Any]
    | RunTask[Any]
    | ListPrefixes
    | LogEvent
)
Flow = Generator[Effect, Any, T]


@dataclass(frozen=True, slots=True)
class Failed:
    """The work cannot succeed: the unit and its job, or the task, fail now with this code and
    message. The others are for tasks: `fields` of the task's document, `writes` of the same batch,
    and `messages` that are published after it."""

    code: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    writes: tuple[Write, ...] = ()
    messages: tuple[Envelope, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """The work of a unit may succeed in another attempt: the lease is released."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A service that the work of a unit needs is overloaded or unavailable: the unit waits for at
    least `retry_after_s` seconds. No attempt is consumed. See `shared.jobs.units.waiting`."""

    code: str
    message: str
    service: str
    retry_after_s: float = 0


@dataclass(frozen=True, slots=True)
class Later:
    """A task continues in `wait_s` seconds; `fields` go into its document. With `progress` its
    attempts are counted from zero again. Without, the last allowed attempt fails the task, unless
    the task waits for one of our services (`is_waiting`), which gives the attempt back. `writes`
    are part of the batch that records it, and `messages` are published after it."""

    wait_s: float
    code: str = ""
    message: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    progress: bool = False
    is_waiting: bool = False
    writes: tuple[Write, ...] = ()
    messages: tuple[Envelope, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """The lease was lost or the job ended: nothing may be recorded."""


def read(*paths: str) -> Flow[tuple[Doc | None, ...]]:
    """Yields Read with a typed result."""
    return cast("tuple[Doc | None, ...]", (yield Read(paths)))


def run_query(query: Query) -> Flow[tuple[Doc, ...]]:
    """Yields RunQuery with a typed result."""
    return cast("tuple[Doc, ...]", (yield RunQuery(query)))


def commit(*writes: Write) -> Flow[CommitResult]:
    """Yields Commit with a typed result."""
    return cast("CommitResult", (yield Commit(writes)))


def publish(envelopes: list[Envelope]) -> Flow[None]:
    """Yields Publish, unless the list is empty."""
    if envelopes:
        yield Publish(tuple(envelopes))
