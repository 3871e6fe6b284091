"""What a flow asks for. A flow is a generator of these; nothing in it does IO itself.

So one and the same flow runs against Firestore, Pub/Sub and Cloud Storage in a function, and step
by step in a test that interleaves many of them, crashes between any two steps and repeats at will.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar, cast

from shared.flows.documents import CommitResult, Doc, Write
from shared.flows.envelope import Envelope, ObjectRef
from shared.pipeline import LEASE_S, Bucket

T = TypeVar("T")
ClaimT = TypeVar("ClaimT")
JobT = TypeVar("JobT")


class Reply(Enum):
    """What the delivery is answered with."""

    ACK = "ack"
    NACK = "nack"


@dataclass(frozen=True, slots=True)
class ClockAndIds:
    """Source of the time and of fresh tokens for flows, and how long their leases last."""

    now: Callable[[], datetime]
    new_token: Callable[[], str]
    lease_s: float = LEASE_S


@dataclass(frozen=True, slots=True)
class Read:
    """→ tuple[Doc | None, ...], read together, in the order of `paths`."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListCollection:
    """→ tuple[Doc, ...]: every document of one collection."""

    collection: str


@dataclass(frozen=True, slots=True)
class Commit:
    """→ Committed."""

    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Publish:
    """→ None, when all are accepted."""

    envelopes: tuple[Envelope, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """→ None, after `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class CrashPoint:
    """→ None. A named point of a unit's way at which a crash must do no harm."""

    name: str
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class RunUnit(Generic[ClaimT]):
    """→ Outcome: run the stage's own code on the unit, renewing its lease meanwhile."""

    claim: ClaimT


@dataclass(frozen=True, slots=True)
class DeleteObject:
    """→ None. Remove an object that arrived for a deleted job."""

    source: ObjectRef


@dataclass(frozen=True, slots=True)
class Quarantine:
    """→ None. Put an object that belongs to no job aside, where nothing is woken."""

    source: ObjectRef


@dataclass(frozen=True, slots=True)
class PurgeJob:
    """→ None. Remove everything that a deleted job left: documents below it and objects."""

    job_id: str


@dataclass(frozen=True, slots=True)
class InputsUploaded(Generic[JobT]):
    """→ frozenset[str]: the names of the job's inputs that are uploaded."""

    job: JobT


@dataclass(frozen=True, slots=True)
class StalledJobs:
    """→ tuple[str, ...]: ids of jobs with a queued or running stage untouched since `before`."""

    before: datetime


@dataclass(frozen=True, slots=True)
class Tombstones:
    """→ tuple[str, ...]: ids of deleted jobs whose second purge was due before `before`."""

    before: datetime


@dataclass(frozen=True, slots=True)
class OwnedDocuments:
    """→ tuple[Doc, ...]: every document of a collection that belongs to `owner`."""

    collection: str
    owner: str


@dataclass(frozen=True, slots=True)
class DueTasks:
    """→ tuple[Doc, ...]: errands of a collection that want to be looked after before `before`."""

    collection: str
    before: datetime


@dataclass(frozen=True, slots=True)
class AwaitingUploads:
    """→ tuple[str, ...]: ids of jobs that have awaited their uploads since `before`."""

    before: datetime


@dataclass(frozen=True, slots=True)
class RunTask(Generic[ClaimT]):
    """→ ErrandOutcome: do an errand, renewing its lease meanwhile."""

    claim: ClaimT


@dataclass(frozen=True, slots=True)
class ExpiredJobs:
    """→ tuple[str, ...]: ids of jobs and tombstones whose time was over before `before`."""

    before: datetime


@dataclass(frozen=True, slots=True)
class ListPrefixes:
    """→ tuple[str, ...]: the names of the folders right below a prefix of a bucket."""

    bucket: Bucket
    prefix: str


@dataclass(frozen=True, slots=True)
class LogEvent:
    """→ None. A named event for the log."""

    name: str
    fields: Mapping[str, Any]


Effect = (
    Read
    | ListCollection
    | Commit
    | Publish
    | Wait
    | CrashPoint
    | RunUnit[Any]
    | DeleteObject
    | Quarantine
    | PurgeJob
    | InputsUploaded[Any]
    | StalledJobs
    | Tombstones
    | OwnedDocuments
    | DueTasks
    | RunTask[Any]
    | AwaitingUploads
    | ExpiredJobs
    | ListPrefixes
    | LogEvent
)
Flow = Generator[Effect, Any, T]


@dataclass(frozen=True, slots=True)
class Failed:
    """The work cannot succeed: the job fails now, with this code and sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Retry:
    """The work may succeed later: the lease is released."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The lease was lost or the job ended: nothing of this may be recorded."""


def read(*paths: str) -> Flow[tuple[Doc | None, ...]]:
    """Typed Read."""
    return cast("tuple[Doc | None, ...]", (yield Read(paths)))


def list_collection(collection: str) -> Flow[tuple[Doc, ...]]:
    """Typed ListUnder."""
    return cast("tuple[Doc, ...]", (yield ListCollection(collection)))


def list_owned_documents(collection: str, owner: str) -> Flow[tuple[Doc, ...]]:
    """Typed Owned."""
    return cast("tuple[Doc, ...]", (yield OwnedDocuments(collection, owner)))


def commit(*writes: Write) -> Flow[CommitResult]:
    """Typed Commit."""
    return cast("CommitResult", (yield Commit(writes)))


def publish(envelopes: list[Envelope]) -> Flow[None]:
    """Publish, unless there is nothing to say."""
    if envelopes:
        yield Publish(tuple(envelopes))
