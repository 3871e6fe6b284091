"""Everything that is a person's: documents by collection, objects by folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from functions.personal_data.inventory import Removed, an_object, document
from shared.domain.data_requests import (
    BY_FIELD,
    BY_HASH,
    BY_ID,
    EXPORT,
    JOBS,
    REQUESTS,
    Folder,
    folders_of_job,
    folders_of_owner,
    owner_folder,
)
from shared.domain.documents import Doc, job_path
from shared.ports import JobStore, ObjectStore, Stored

PAGE = 300


class Belongings:
    """What is a person's. With `until` only what was there by then: whoever keeps the account may
    go on working meanwhile."""

    def __init__(
        self, store: JobStore, objects: ObjectStore, owner: str, until: datetime | None
    ) -> None:
        self._store = store
        self._objects = objects
        self._owner = owner
        self._until = until

    def jobs(self) -> Iterator[Doc]:
        """The jobs, tombstones too."""
        yield from self.documents(JOBS)

    def documents(self, collection: str) -> Iterator[Doc]:
        """The documents of a collection that name the person as their owner."""
        after = ""
        while docs := self._store.documents_of(collection, self._owner, after=after, most=PAGE):
            yield from (doc for doc in docs if self._old(doc.data.get("created_at")))
            after = docs[-1].id

    def beside_jobs(self) -> Iterator[str]:
        """Paths of the documents that stand for themselves."""
        for collection in BY_FIELD:
            yield from (doc.path for doc in self.documents(collection))
        for doc in self.documents(REQUESTS):
            if doc.data["kind"] == EXPORT:
                yield doc.path
        if self._owner and "/" not in self._owner:
            paths = [f"{collection}/{self._owner}" for collection in BY_ID]
            yield from (doc.path for doc in self._store.read(paths) if doc is not None)
        for collection in BY_HASH:
            yield from self._store.paths_naming(collection, owner_folder(self._owner))

    def of_job(self, job_id: str) -> list[Removed]:
        """All documents below a job, and all its objects."""
        found = [document(path) for path in self._store.paths_below(job_path(job_id))]
        for folder in folders_of_job(job_id):
            found += [an_object(one) for one in self._objects.listed(folder.bucket, folder.prefix)]
        return found

    def kept_for_the_owner(self) -> Iterator[tuple[Folder, list[Stored]]]:
        """The folders that outlive jobs, with what is in them."""
        for folder in folders_of_owner(self._owner):
            there = self._objects.listed(folder.bucket, folder.prefix)
            yield folder, [one for one in there if self._old(one.created_at)]

    def left(self, job_ids: list[str], check: Callable[[], None]) -> dict[str, int]:
        """Look again in every bucket and collection; → how much is left, by where."""
        left: dict[str, int] = {}

        def count(where: str, number: int) -> None:
            left[where] = left.get(where, 0) + number

        count(JOBS, sum(1 for _ in self.jobs()))
        for job_id in job_ids:
            check()
            for one in self.of_job(job_id):
                count(one.name.split("/")[0] if one.kind == "object" else "below jobs", 1)
        for path in self.beside_jobs():
            # Preferences and counters of somebody who goes on are of now.
            collection = path.split("/")[0]
            going_on = self._until is not None and collection in (*BY_ID, *BY_HASH)
            count(collection, 0 if going_on else 1)
        for folder, there in self.kept_for_the_owner():
            count(folder.bucket.value, len(there))
        for where in (*(bucket.bucket.value for bucket in folders_of_job("x")), *BY_FIELD):
            count(where, 0)
        for where in (*BY_ID, *BY_HASH, REQUESTS, "below jobs"):
            count(where, 0)
        return left

    def _old(self, created_at: datetime | None) -> bool:
        return self._until is None or created_at is None or created_at <= self._until
