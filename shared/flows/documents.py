"""Firestore documents as flows see them: paths, reads and the writes of atomic batches.

A batch succeeds as a whole or not at all. A precondition is a document's version (its last update
time in Firestore) or its absence. There are no read-write transactions: they stall on contended
documents.

    jobs/{job}                                     a job; changes on stage transitions only
    jobs/{job}/stages/{stage}-{revision}           state, total, done, specs of the parts
    jobs/{job}/units/{stage}-{revision}-{part}     lease, attempt and result of a unit
    jobs/{job}/events/{key}                        the history that users read
    deliveries/{task}, data_requests/{task}, recorder_tasks/{task}     tasks, see `shared.tasks`
    cameras/{camera}, camera_secrets/{camera}      requests to and state of a camera; its address
    recordings/{recording}                         a clip, finished or not
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class Doc:
    """A document that was read. `version` is opaque and changes with every write."""

    path: str
    data: Mapping[str, Any]
    version: Any

    @property
    def id(self) -> str:
        """The last segment of the path."""
        return self.path.rsplit("/", 1)[1]


@dataclass(frozen=True, slots=True)
class Increment:
    """A field's value that adds `by` on the server, exactly once per commit."""

    by: int


@dataclass(frozen=True, slots=True)
class Create:
    """Creates a document. CONFLICT when it exists."""

    path: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    """Sets `fields`; a dot in a name addresses a field of a map. MISSING when there is no document,
    CONFLICT when `version` is not None and the document has another version."""

    path: str
    fields: Mapping[str, Any]
    version: Any = None


@dataclass(frozen=True, slots=True)
class Put:
    """Creates or replaces a document."""

    path: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes a document. CONFLICT when `version` is not None and the document has another
    version."""

    path: str
    version: Any = None


Write = Create | Update | Put | Delete


class CommitResult(Enum):
    """The result of a batch. Only OK wrote anything."""

    OK = "ok"
    CONFLICT = "conflict"
    MISSING = "missing"


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
    """jobs/{job}/events/{key}. The key is derived from the event, so a replay has the same key."""
    return f"jobs/{job_id}/events/{key}"
