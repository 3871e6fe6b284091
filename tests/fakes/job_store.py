"""A job store in memory with Firestore's batch semantics: atomic, with versions and increments."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shared.flows.documents import (
    CommitResult,
    Create,
    Delete,
    Doc,
    Increment,
    Put,
    Update,
    Write,
)


class MemoryJobStore:
    """Documents by path. Passes the same contract suite as the Firestore adapter."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[dict[str, Any], int]] = {}
        self._versions = itertools.count(1)
        self.read_count = 0

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        self.read_count += 1
        return tuple(self._doc(path) for path in paths)

    def list_documents(self, collection: str) -> tuple[Doc, ...]:
        depth = collection.count("/") + 1
        return tuple(
            doc
            for path in sorted(self.documents)
            if path.startswith(collection + "/") and path.count("/") == depth
            if (doc := self._doc(path)) is not None
        )

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
        for write in writes:
            self._apply(write)
        return CommitResult.OK

    def list_stalled_jobs(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        stalled = sorted(
            (data["last_progress_at"], data["job"])
            for path, (data, _) in self.documents.items()
            if "/stages/" in path
            if data["state"] in ("queued", "running") and data["last_progress_at"] < before
        )
        return tuple(dict.fromkeys(job for _, job in stalled[:max_count]))

    def list_tombstones(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        purge_times = {
            path.removeprefix("jobs/"): data.get("purge_again_at")
            for path, (data, _) in self.documents.items()
            if path.count("/") == 1
        }
        due = (job for job, at in purge_times.items() if at is not None and at < before)
        return tuple(due)[:max_count]

    def list_awaiting_uploads(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        waiting = sorted(
            (data["updated_at"], path.removeprefix("jobs/"))
            for path, (data, _) in self.documents.items()
            if path.startswith("jobs/") and path.count("/") == 1
            if data["status"] == "awaiting_upload" and data["updated_at"] < before
        )
        return tuple(job for _, job in waiting[:max_count])

    def list_expired_jobs(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        expired = sorted(
            (data["expires_at"], path.removeprefix("jobs/"))
            for path, (data, _) in self.documents.items()
            if path.startswith("jobs/") and path.count("/") == 1
            if data["expires_at"] < before
        )
        return tuple(job for _, job in expired[:max_count])

    def purge_job(self, job_id: str) -> None:
        for path in self.list_job_paths(job_id):
            del self.documents[path]

    def list_jobs(
        self,
        owner: str,
        *,
        statuses: Iterable[str],
        after: tuple[datetime, str] | None,
        max_count: int,
        recipe: str | None = None,
    ) -> tuple[Doc, ...]:
        status_set = set(statuses)
        docs = [
            doc
            for doc in self.list_owned("jobs", owner, after=after, max_count=len(self.documents))
            if doc.data["status"] in status_set and recipe in (None, doc.data["recipe"])
        ]
        return tuple(docs[:max_count])

    def list_owned(
        self, collection: str, owner: str, *, after: tuple[datetime, str] | None, max_count: int
    ) -> tuple[Doc, ...]:
        rows = [
            ((doc.data["created_at"], doc.id), doc)
            for doc in self.list_documents(collection)
            if doc.data.get("owner") == owner
        ]
        rows.sort(key=lambda row: row[0], reverse=True)
        return tuple(doc for key, doc in rows if after is None or key < after)[:max_count]

    def count_open_jobs(self, owner: str, statuses: Iterable[str]) -> int:
        status_set = set(statuses)
        return sum(doc.data["status"] in status_set for doc in self._jobs(owner))

    def sum_stored_bytes(self, owner: str) -> int:
        docs = [*self.list_documents("jobs"), *self.list_documents("recordings")]
        owned = [doc.data for doc in docs if doc.data.get("owner") == owner]
        return sum(int(data.get("stored_bytes", 0)) for data in owned)

    def count_recordings(self, owner: str, states: Iterable[str]) -> int:
        state_set = set(states)
        docs = self.list_owned_by_id("recordings", owner)
        return sum(doc.data["state"] in state_set for doc in docs)

    def increment(self, path: str, fields: Mapping[str, Any], by: int = 1) -> int:
        data = self.documents.get(path, ({}, 0))[0]
        count = int(data.get("count", 0)) + by
        self.documents[path] = ({**data, **fields, "count": count}, next(self._versions))
        return count

    def _jobs(self, owner: str) -> list[Doc]:
        return [doc for doc in self.list_documents("jobs") if doc.data.get("owner") == owner]

    def list_job_paths(self, job_id: str) -> tuple[str, ...]:
        related = ("mails", "shares", "deliveries")
        return tuple(
            path
            for path, (data, _) in sorted(self.documents.items())
            if path.startswith(f"jobs/{job_id}/")
            or (path.split("/")[0] in related and data.get("job") == job_id)
        )

    def list_owned_by_id(
        self, collection: str, owner: str, *, after: str = "", max_count: int = 1000
    ) -> tuple[Doc, ...]:
        docs = [
            doc
            for doc in self.list_documents(collection)
            if doc.data.get("owner") == owner and doc.id > after
        ]
        return tuple(docs[:max_count])

    def list_paths_containing(self, collection: str, text: str) -> tuple[str, ...]:
        return tuple(doc.path for doc in self.list_documents(collection) if text in doc.id)

    def list_due(self, collection: str, before: datetime, max_count: int = 100) -> tuple[Doc, ...]:
        due = [
            doc
            for doc in self.list_documents(collection)
            if doc.data["next_check_at"] is not None and doc.data["next_check_at"] < before
        ]
        return tuple(sorted(due, key=lambda doc: doc.data["next_check_at"])[:max_count])

    def list_newest(
        self,
        collection: str,
        where: tuple[str, str],
        *,
        after: tuple[datetime, str] | None,
        max_count: int,
    ) -> tuple[Doc, ...]:
        rows = [
            ((doc.data["created_at"], doc.id), doc)
            for doc in self.list_documents(collection)
            if doc.data.get(where[0]) == where[1]
        ]
        rows.sort(key=lambda row: row[0], reverse=True)
        return tuple(doc for key, doc in rows if after is None or key < after)[:max_count]

    def _apply(self, write: Write) -> None:
        match write:
            case Create(path, data) | Put(path, data):
                self.documents[path] = (dict(data), next(self._versions))
            case Update(path, fields):
                data = self.documents[path][0]
                for name, value in fields.items():
                    data = _with_field(data, name.split("."), value)
                self.documents[path] = (data, next(self._versions))
            case Delete(path):
                self.documents.pop(path, None)

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
