"""The ledger's documents and what may be done to them: reads, atomic batches, nothing else.

A batch is all or nothing. Preconditions are a document's version (its last update time in
Firestore) or its absence. There are no read-write transactions: on shared documents they stall.

    jobs/{job}                                     one job; changes on stage transitions only
    jobs/{job}/stages/{stage}-{revision}           state, total, done, the parts' specs
    jobs/{job}/units/{stage}-{revision}-{part}     lease, attempt, result of one unit of work
    jobs/{job}/events/{key}                        the history that a person can read
    deliveries/{delivery}, data_requests/{request}, recorder_tasks/{shift} errands, see errand.py
    cameras/{camera}, camera_secrets/{camera}      what is wanted of a camera; where it is
    recordings/{recording}                         one clip, in the making or made
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class Doc:
    """One document as it was read. `version` is opaque and changes with every write."""

    path: str
    data: Mapping[str, Any]
    version: Any

    @property
    def id(self) -> str:
        """The last segment of the path."""
        return self.path.rsplit("/", 1)[1]


@dataclass(frozen=True, slots=True)
class Increment:
    """As a field's value: add `by` on the server, exactly once per commit."""

    by: int


@dataclass(frozen=True, slots=True)
class Create:
    """Fails with CONFLICT when the document exists."""

    path: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    """Sets `fields` (dots go into maps). MISSING without the document, CONFLICT when `version`
    is given and is not the document's any more."""

    path: str
    fields: Mapping[str, Any]
    version: Any = None


@dataclass(frozen=True, slots=True)
class Put:
    """Writes the whole document, whatever was there."""

    path: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """Removes the document; CONFLICT when `version` is given and is not the document's."""

    path: str
    version: Any = None


Write = Create | Update | Put | Delete


class CommitResult(Enum):
    """What became of a batch. Anything but OK wrote nothing."""

    OK = "ok"
    CONFLICT = "conflict"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Batch:
    """Writes that happen together or not at all."""

    writes: tuple[Write, ...] = field(default_factory=tuple)


def job_path(job_id: str) -> str:
    """jobs/{job}"""
    return f"jobs/{job_id}"


def stage_path(job_id: str, stage: str, revision: int) -> str:
    """jobs/{job}/stages/{stage}-{revision}"""
    return f"jobs/{job_id}/stages/{stage}-{revision}"


def unit_path(job_id: str, stage: str, revision: int, part: str) -> str:
    """jobs/{job}/units/{stage}-{revision}-{part}"""
    return f"jobs/{job_id}/units/{stage}-{revision}-{part}"


def event_path(job_id: str, key: str) -> str:
    """jobs/{job}/events/{key}; the key is the event's meaning, so that a replay is the same one."""
    return f"jobs/{job_id}/events/{key}"
