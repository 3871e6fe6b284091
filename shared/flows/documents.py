"""Firestore documents as flows see them: paths, queries and the writes of atomic batches.

A batch succeeds as a whole or not at all. A precondition is a document's version (its last update
time in Firestore) or its absence. There are no read-write transactions: they stall on contended
documents.

    jobs/{job}                                     a job; changes on stage transitions only
    jobs/{job}/stages/{stage}-{revision}           state, total, specs of the parts
    jobs/{job}/stages/{stage}-{revision}.{shard}   a shard of the stage: count and progress of parts
    jobs/{job}/units/{stage}-{revision}-{part}     lease, attempt and result of a unit
    jobs/{job}/events/{key}                        the history that users read
    deliveries/{task}, data_requests/{task}, recorder_tasks/{task}     tasks, see `shared.tasks`
    fetches/{task}                                 tasks that fetch inputs of jobs from URLs
    result_deliveries/{job}                        tasks that copy results of jobs to their owners
    bucket_bindings/{binding}                      buckets that users may name
    clip_copies/{recording}                        tasks that copy clips for browsers
    task_slots/{slot}                              which task of an owner runs in a slot
    sweeps/{function}                              the owner at which the last sweep stopped
    cameras/{camera}, camera_secrets/{camera}      requests to and state of a camera; its address
    recordings/{recording}                         a clip, finished or not
    totals/{owner}.{shard}                         running totals of an owner's jobs
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal


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


class ServerTime(Enum):
    """A field's value that is the time of the commit by the server's clock."""

    NOW = "now"


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
class Merge:
    """Sets `fields` like Update, and creates the document when it does not exist. An Increment of a
    missing field starts at 0."""

    path: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes a document. CONFLICT when `version` is not None and the document has another
    version."""

    path: str
    version: Any = None


Write = Create | Update | Put | Merge | Delete


class CommitResult(Enum):
    """The result of a batch. Only OK wrote anything."""

    OK = "ok"
    CONFLICT = "conflict"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a field. The value of `in` is a tuple; `array_contains` finds the
    documents whose list has the value. A document without the field does not
    match, nor does one with None in a comparison by `<` or `>`."""

    field: str
    operator: Literal["==", "in", "<", ">", "array_contains"]
    value: Any


@dataclass(frozen=True, slots=True)
class Query:
    """The documents of a collection that match all filters.

    Several fields in filters and order need a composite index in `infra/firestore.indexes.json`,
    which lists the fields in the order of the filters. So queries are built by functions that
    return `Query`, beside what they search for, and a test derives the indexes from all of them.

    Attributes:
        collection: The path of a collection; with `is_group` the name of the collections to search
            below all documents.
        order_by: The field that sorts the documents. Documents with the same value, and all
            documents without `order_by`, are sorted by id. Documents without the field are left
            out.
        then_by: The field that sorts documents with the same value of `order_by`, before the id.
        descending: Sorts by the field and the id in descending order. Needs `order_by`: Firestore
            does not sort by id alone in descending order.
        after: Continues after this document: its values of `order_by` and `then_by`, if any, and
            its id. Not for groups.
        limit: The largest number of documents; None for all.
    """

    collection: str
    filters: tuple[Filter, ...] = ()
    order_by: str = ""
    then_by: str = ""
    descending: bool = False
    after: tuple[Any, ...] | None = None
    limit: int | None = None
    is_group: bool = False

    def __post_init__(self) -> None:
        if self.descending and not self.order_by:
            raise ValueError("Firestore does not sort by id alone in descending order")


def all_documents(collection: str) -> Query:
    """Returns the query for every document of a collection."""
    return Query(collection)


def page_of(collection: str, *, after: str = "", limit: int) -> Query:
    """Returns the query for a page of a collection, sorted by id, after the id `after`."""
    return Query(collection, after=(after,) if after else None, limit=limit)


def owned_documents(collection: str, owner: str, *, after: str = "", limit: int = 1000) -> Query:
    """Returns the query for an owner's documents in a collection, sorted by id, after the id
    `after`."""
    return Query(
        collection,
        (Filter("owner", "==", owner),),
        after=(after,) if after else None,
        limit=limit,
    )


def newest_documents(
    collection: str, *filters: Filter, after: tuple[datetime, str] | None = None, limit: int
) -> Query:
    """Returns the query for a page of documents, newest first by `created_at`. `after` is the
    creation time and id of the last document of the previous page."""
    return Query(
        collection, filters, order_by="created_at", descending=True, after=after, limit=limit
    )


def newest_owned(
    collection: str, owner: str, *, after: tuple[datetime, str] | None = None, limit: int
) -> Query:
    """Returns the query for a page of an owner's documents, as `newest_documents`."""
    return newest_documents(collection, Filter("owner", "==", owner), after=after, limit=limit)


def job_path(job_id: str) -> str:
    """jobs/{job}"""
    return f"jobs/{job_id}"


def stage_path(job_id: str, stage: str, revision: int) -> str:
    """jobs/{job}/stages/{stage}-{revision}"""
    return f"jobs/{job_id}/stages/{stage}-{revision}"


def shard_path(job_id: str, stage: str, revision: int, shard: int) -> str:
    """jobs/{job}/stages/{stage}-{revision}.{shard}"""
    return f"{stage_path(job_id, stage, revision)}.{shard}"


def unit_path(job_id: str, stage: str, revision: int, part: str) -> str:
    """jobs/{job}/units/{stage}-{revision}-{part}"""
    return f"jobs/{job_id}/units/{stage}-{revision}-{part}"


def event_path(job_id: str, key: str) -> str:
    """jobs/{job}/events/{key}. The key is derived from the event, so a replay has the same key."""
    return f"jobs/{job_id}/events/{key}"
