"""A ledger in memory with Firestore's batch semantics: all or nothing, versions, increments."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shared.flows.documents import (
    Committed,
    Create,
    Delete,
    Doc,
    Increment,
    Put,
    Update,
    Write,
)


class MemoryLedger:
    """Documents by path. Held to the same contract suite as the Firestore adapter."""

    def __init__(self) -> None:
        self.docs: dict[str, tuple[dict[str, Any], int]] = {}
        self._versions = itertools.count(1)
        self.reads = 0

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        self.reads += 1
        return tuple(self._doc(path) for path in paths)

    def list_under(self, collection: str) -> tuple[Doc, ...]:
        depth = collection.count("/") + 1
        return tuple(
            doc
            for path in sorted(self.docs)
            if path.startswith(collection + "/") and path.count("/") == depth
            if (doc := self._doc(path)) is not None
        )

    def commit(self, writes: Iterable[Write]) -> Committed:
        writes = list(writes)
        for write in writes:
            there = self.docs.get(write.path)
            match write:
                case Create() if there is not None:
                    return Committed.CONFLICT
                case Update() if there is None:
                    return Committed.MISSING
                case Update(version=version) if version is not None and version != there[1]:  # type: ignore[index]
                    return Committed.CONFLICT
                case Delete(version=version) if version is not None and (
                    there is None or version != there[1]
                ):
                    return Committed.CONFLICT
                case _:
                    pass
        for write in writes:
            self._apply(write)
        return Committed.OK

    def stalled(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        found = sorted(
            (data["touched_at"], data["job"])
            for path, (data, _) in self.docs.items()
            if "/stages/" in path
            if data["state"] in ("queued", "running") and data["touched_at"] < before
        )
        return tuple(dict.fromkeys(job for _, job in found[:most]))

    def tombstones(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        due = {
            path.removeprefix("jobs/"): data.get("purge_again_at")
            for path, (data, _) in self.docs.items()
            if path.count("/") == 1
        }
        return tuple(job for job, at in due.items() if at is not None and at < before)[:most]

    def abandoned(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        found = sorted(
            (data["updated_at"], path.removeprefix("jobs/"))
            for path, (data, _) in self.docs.items()
            if path.startswith("jobs/") and path.count("/") == 1
            if data["status"] == "awaiting_upload" and data["updated_at"] < before
        )
        return tuple(job for _, job in found[:most])

    def expired(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        found = sorted(
            (data["expires_at"], path.removeprefix("jobs/"))
            for path, (data, _) in self.docs.items()
            if path.startswith("jobs/") and path.count("/") == 1
            if data["expires_at"] < before
        )
        return tuple(job for _, job in found[:most])

    def purge(self, job_id: str) -> None:
        for path in self.paths_of_job(job_id):
            del self.docs[path]

    def jobs_of(
        self,
        owner: str,
        *,
        statuses: Iterable[str],
        after: tuple[datetime, str] | None,
        most: int,
        recipe: str | None = None,
    ) -> tuple[Doc, ...]:
        wanted = set(statuses)
        found = [
            doc
            for doc in self.owned("jobs", owner, after=after, most=len(self.docs))
            if doc.data["status"] in wanted and recipe in (None, doc.data["recipe"])
        ]
        return tuple(found[:most])

    def owned(
        self, collection: str, owner: str, *, after: tuple[datetime, str] | None, most: int
    ) -> tuple[Doc, ...]:
        rows = [
            ((doc.data["created_at"], doc.id), doc)
            for doc in self.list_under(collection)
            if doc.data.get("owner") == owner
        ]
        rows.sort(key=lambda row: row[0], reverse=True)
        return tuple(doc for key, doc in rows if after is None or key < after)[:most]

    def open_jobs(self, owner: str, statuses: Iterable[str]) -> int:
        wanted = set(statuses)
        return sum(one.data["status"] in wanted for one in self._jobs(owner))

    def stored_bytes(self, owner: str) -> int:
        docs = [*self.list_under("jobs"), *self.list_under("recordings")]
        theirs = [doc.data for doc in docs if doc.data.get("owner") == owner]
        return sum(int(one.get("stored_bytes", 0)) for one in theirs)

    def recordings_in(self, owner: str, states: Iterable[str]) -> int:
        wanted = set(states)
        docs = self.documents_of("recordings", owner)
        return sum(one.data["state"] in wanted for one in docs)

    def count_up(self, path: str, fields: Mapping[str, Any], by: int = 1) -> int:
        there = self.docs.get(path, ({}, 0))[0]
        count = int(there.get("count", 0)) + by
        self.docs[path] = ({**there, **fields, "count": count}, next(self._versions))
        return count

    def _jobs(self, owner: str) -> list[Doc]:
        return [doc for doc in self.list_under("jobs") if doc.data.get("owner") == owner]

    def paths_of_job(self, job_id: str) -> tuple[str, ...]:
        beside = ("mails", "shares", "deliveries")
        return tuple(
            path
            for path, (data, _) in sorted(self.docs.items())
            if path.startswith(f"jobs/{job_id}/")
            or (path.split("/")[0] in beside and data.get("job") == job_id)
        )

    def documents_of(
        self, collection: str, owner: str, *, after: str = "", most: int = 1000
    ) -> tuple[Doc, ...]:
        found = [
            doc
            for doc in self.list_under(collection)
            if doc.data.get("owner") == owner and doc.id > after
        ]
        return tuple(found[:most])

    def paths_naming(self, collection: str, part: str) -> tuple[str, ...]:
        return tuple(doc.path for doc in self.list_under(collection) if part in doc.id)

    def due(self, collection: str, before: datetime, most: int = 100) -> tuple[Doc, ...]:
        found = [
            doc
            for doc in self.list_under(collection)
            if doc.data["look_at"] is not None and doc.data["look_at"] < before
        ]
        return tuple(sorted(found, key=lambda doc: doc.data["look_at"])[:most])

    def newest(
        self,
        collection: str,
        where: tuple[str, str],
        *,
        after: tuple[datetime, str] | None,
        most: int,
    ) -> tuple[Doc, ...]:
        found = [
            ((doc.data["created_at"], doc.id), doc)
            for doc in self.list_under(collection)
            if doc.data.get(where[0]) == where[1]
        ]
        found.sort(key=lambda row: row[0], reverse=True)
        return tuple(doc for key, doc in found if after is None or key < after)[:most]

    def _apply(self, write: Write) -> None:
        match write:
            case Create(path, data) | Put(path, data):
                self.docs[path] = (dict(data), next(self._versions))
            case Update(path, fields):
                changed = self.docs[path][0]
                for name, value in fields.items():
                    changed = _with(changed, name.split("."), value)
                self.docs[path] = (changed, next(self._versions))
            case Delete(path):
                self.docs.pop(path, None)

    def _doc(self, path: str) -> Doc | None:
        there = self.docs.get(path)
        return None if there is None else Doc(path, there[0], there[1])


def _with(data: dict[str, Any], keys: list[str], value: Any) -> dict[str, Any]:
    """A changed copy: what was read before stays what it was."""
    if len(keys) > 1:
        value = _with(dict(data.get(keys[0]) or {}), keys[1:], value)
    elif isinstance(value, Increment):
        value = data.get(keys[0], 0) + value.by
    return {**data, keys[0]: value}
