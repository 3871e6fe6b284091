"""A job store in memory with Firestore's batch semantics: atomic, with versions and increments."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.flows.documents import (
    CommitResult,
    Create,
    Delete,
    Doc,
    Filter,
    Increment,
    Merge,
    Put,
    Query,
    ServerTime,
    Update,
    Write,
)


class MemoryJobStore:
    """Documents by path. Passes the same contract suite as the Firestore adapter."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now
        self.documents: dict[str, tuple[dict[str, Any], int]] = {}
        self._versions = itertools.count(1)
        self.read_count = 0
        self.documents_read = 0
        """The reads that Firestore would bill: one per document, at least one per query."""
        self._of_thread = threading.local()

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        paths = tuple(paths)
        self.read_count += 1
        self._bill(reads=len(paths))
        return tuple(self._doc(path) for path in paths)

    def run_query(self, query: Query) -> tuple[Doc, ...]:
        docs = [
            Doc(path, data, version)
            for path, (data, version) in self.documents.items()
            if _is_in_collection(path, query)
            and all(_matches(data, item) for item in query.filters)
            and all(name in data for name in _sort_fields(query))
        ]
        docs.sort(key=lambda doc: _sort_key(doc, query), reverse=query.descending)
        if query.after is not None:
            docs = [doc for doc in docs if _is_after(doc, query)]
        docs = docs[: query.limit]
        self._bill(reads=max(1, len(docs)))
        return tuple(docs)

    def _bill(self, *, reads: int = 0, writes: int = 0) -> None:
        self.documents_read += reads
        billed_reads, billed_writes = self.billed_to_thread()
        self._of_thread.billed = (billed_reads + reads, billed_writes + writes)

    def billed_to_thread(self) -> tuple[int, int]:
        """Returns the reads and writes of this thread that Firestore would bill."""
        billed: tuple[int, int] = getattr(self._of_thread, "billed", (0, 0))
        return billed

    def commit(self, writes: Iterable[Write]) -> CommitResult:
        writes = list(writes)
        for write in writes:
            current = self.documents.get(write.path)
            match write:
                case Create() if current is not None:
                    return CommitResult.CONFLICT
                case Update() if current is None:
                    return CommitResult.MISSING
                case Update(version=version) if version is not None and version != current[1]:  # type: ignore[index]
                    return CommitResult.CONFLICT
                case Delete(version=version) if version is not None and (
                    current is None or version != current[1]
                ):
                    return CommitResult.CONFLICT
                case _:
                    pass
        self._bill(writes=len(writes))
        for write in writes:
            self._apply(write)
        return CommitResult.OK

    def try_commit(self, writes: Iterable[Write]) -> CommitResult:
        return self.commit(writes)

    def purge_job(self, job_id: str) -> None:
        for path in self.list_job_paths(job_id):
            del self.documents[path]

    def count_open_jobs(self, owner: str, statuses: Iterable[str]) -> int:
        status_set = set(statuses)
        return sum(doc.data["status"] in status_set for doc in self._owned("jobs", owner))

    def sum_stored_bytes(self, owner: str) -> int:
        docs = [*self._owned("jobs", owner), *self._owned("recordings", owner)]
        return sum(int(doc.data.get("stored_bytes", 0)) for doc in docs)

    def count_recordings(self, owner: str, states: Iterable[str]) -> int:
        status_set = set(states)
        return sum(doc.data["state"] in status_set for doc in self._owned("recordings", owner))

    def _owned(self, collection: str, owner: str) -> tuple[Doc, ...]:
        """Returns the documents that an aggregation covers, which is billed by the thousand."""
        docs = self.run_query(Query(collection, (Filter("owner", "==", owner),)))
        self._bill(reads=max(1, math.ceil(len(docs) / 1000)) - max(1, len(docs)))
        return docs

    def increment(self, path: str, fields: Mapping[str, Any], by: int = 1) -> int:
        self._bill(writes=1)
        data = self.documents.get(path, ({}, 0))[0]
        count = int(data.get("count", 0)) + by
        self.documents[path] = ({**data, **fields, "count": count}, next(self._versions))
        return count

    def list_job_paths(self, job_id: str) -> tuple[str, ...]:
        related = ("mails", "shares", "deliveries")
        return tuple(
            path
            for path, (data, _) in sorted(self.documents.items())
            if path.startswith(f"jobs/{job_id}/")
            or (path.split("/")[0] in related and data.get("job") == job_id)
        )

    def _apply(self, write: Write) -> None:
        match write:
            case Create(path, data) | Put(path, data):
                resolved = {name: self._resolve(value) for name, value in data.items()}
                self.documents[path] = (resolved, next(self._versions))
            case Update() | Merge():
                data = self.documents.get(write.path, ({}, 0))[0]
                for name, value in write.fields.items():
                    data = _with_field(data, name.split("."), self._resolve(value))
                self.documents[write.path] = (dict(data), next(self._versions))
            case Delete(path):
                self.documents.pop(path, None)

    def _resolve(self, value: Any) -> Any:
        return self.now() if value is ServerTime.NOW else value

    def _doc(self, path: str) -> Doc | None:
        current = self.documents.get(path)
        return None if current is None else Doc(path, current[0], current[1])


def _with_field(data: dict[str, Any], keys: list[str], value: Any) -> dict[str, Any]:
    """Returns a changed copy, so that documents read earlier stay as they were."""
    if len(keys) > 1:
        value = _with_field(dict(data.get(keys[0]) or {}), keys[1:], value)
    elif isinstance(value, Increment):
        value = data.get(keys[0], 0) + value.by
    return {**data, keys[0]: value}


def _is_in_collection(path: str, query: Query) -> bool:
    collection = path.rpartition("/")[0]
    if query.is_group:
        collection = collection.rpartition("/")[2]
    return collection == query.collection


def _matches(data: Mapping[str, Any], condition: Filter) -> bool:
    if condition.field not in data:
        return False
    value = data[condition.field]
    match condition.operator:
        case "==":
            return bool(value == condition.value)
        case "in":
            return value in condition.value
        case "array_contains":
            return condition.value in value
        case "<":
            return value is not None and bool(value < condition.value)
        case ">":
            return value is not None and bool(value > condition.value)


def _sort_key(doc: Doc, query: Query) -> tuple[Any, ...]:
    return (*(doc.data[name] for name in _sort_fields(query)), doc.path)


def _sort_fields(query: Query) -> list[str]:
    return [name for name in (query.order_by, query.then_by) if name]


def _is_after(doc: Doc, query: Query) -> bool:
    assert query.after is not None
    *values, last_id = query.after
    key, last = _sort_key(doc, query), (*values, f"{query.collection}/{last_id}")
    return key < last if query.descending else key > last
