"""Everything that is a person's: documents by collection, objects by folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from functions.personal_data.inventory import Removed, an_object, document
from shared.cameras.camera import CAMERAS
from shared.cameras.recording import RECORDINGS, SEGMENTS
from shared.flows.documents import Doc
from shared.pipeline import EXPORTS_PREFIX
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.privacy.data_requests import (
    BY_FIELD,
    BY_HASH,
    BY_ID,
    EXPORT,
    JOBS,
    REQUESTS,
    Folder,
    folders_of_camera,
    folders_of_job,
    folders_of_owner,
)
from shared.recipes.stored_object import StoredObject

PAGE = 300


class Belongings:
    """What is a person's, but for the request itself. With `until` only what was there by then:
    whoever keeps the account may go on working meanwhile, and keeps what is counted for limits."""

    def __init__(
        self,
        store: JobStore,
        objects: ObjectStore,
        owner: str,
        *,
        request: str,
        counted_as: Sequence[str],
        until: datetime | None,
    ) -> None:
        self._store = store
        self._objects = objects
        self._owner = owner
        self._request = request
        self._counted_as = counted_as
        self._until = until

    def jobs(self, after: str, most: int) -> tuple[list[Doc], str]:
        """Up to `most` jobs from behind `after`, tombstones too; and where the next ones begin, ""
        when there were none."""
        docs = self._store.documents_of(JOBS, self._owner, after=after, most=most)
        old = [doc for doc in docs if self._old(doc.data["created_at"])]
        return old, docs[-1].id if docs else ""

    def documents(self, collection: str) -> Iterator[Doc]:
        """The documents of a collection that name the person as their owner."""
        after = ""
        while docs := self._store.documents_of(collection, self._owner, after=after, most=PAGE):
            yield from (doc for doc in docs if self._old(_made_at(doc)))
            after = docs[-1].id

    def beside_jobs(self, *, again: bool) -> Iterator[str]:
        """Paths of the documents that stand for themselves. Looked for `again`, preferences of
        somebody who goes on are new ones."""
        for collection in BY_FIELD:
            yield from (doc.path for doc in self.documents(collection))
        for doc in self.documents(REQUESTS):
            ended = doc.data["finished_at"] is not None
            if doc.id != self._request and (ended or doc.data["kind"] == EXPORT):
                yield doc.path
        if "/" not in self._owner and not (again and self._until):
            paths = [f"{collection}/{self._owner}" for collection in BY_ID]
            yield from (doc.path for doc in self._store.read(paths) if doc is not None)
        for collection in BY_HASH if self._until is None else ():
            for hashed in self._counted_as:
                yield from self._store.paths_naming(collection, hashed)

    def of_job(self, job_id: str) -> list[Removed]:
        """All documents of a job but its own, and all its objects."""
        found = [document(path) for path in self._store.paths_of_job(job_id)]
        for folder in folders_of_job(job_id):
            found += [an_object(one) for one in self._objects.listed(folder.bucket, folder.prefix)]
        return found

    def of_cameras(self, known: Iterable[str]) -> Iterator[Removed]:
        """What cameras and recordings have below and beside them: those that are there, and those
        whose documents at the paths `known` are gone already."""
        there = {doc.path for name in (CAMERAS, RECORDINGS) for doc in self.documents(name)}
        for path in sorted({*there, *known}):
            below = self._store.list_under(f"{path}/{SEGMENTS}")
            yield from (document(doc.path) for doc in below)
            for folder in folders_of_camera(path):
                listed = self._objects.listed(folder.bucket, folder.prefix)
                yield from map(an_object, listed)

    def kept_for_the_owner(self) -> Iterator[tuple[Folder, list[StoredObject]]]:
        """The folders that outlive jobs, with what is in them. A copy is of the time at which it
        was asked for, however late its parts are written."""
        living = {doc.id for doc in self._store.documents_of(REQUESTS, self._owner)}
        living -= {doc.id for doc in self.documents(REQUESTS)}
        for folder in folders_of_owner(self._owner):
            there = self._objects.listed(folder.bucket, folder.prefix)
            if folder.prefix.startswith(EXPORTS_PREFIX):
                yield folder, [one for one in there if one.name.split("/")[2] not in living]
            else:
                yield folder, [one for one in there if self._old(one.created_at)]

    def left(self, known: Iterable[str]) -> dict[str, int]:
        """Look again in every collection and folder; → how much is left, by where. A job counts
        for as long as it names its owner, which it does while anything of it is left. `known` are
        the cameras and recordings that are gone."""
        places = (*BY_FIELD, *BY_ID, *BY_HASH, REQUESTS)
        left = {JOBS: sum(1 for _ in self.documents(JOBS)), **dict.fromkeys(places, 0)}
        for path in self.beside_jobs(again=True):
            left[path.split("/")[0]] += 1
        for folder, there in self.kept_for_the_owner():
            left[f"{folder.bucket}/{folder.prefix.split('/')[0]}"] = len(there)
        for one in self.of_cameras(known):
            where = "/".join(one.name.split("/")[: 1 if one.kind == "document" else 2])
            left[where] = left.get(where, 0) + 1
        return left

    def _old(self, created_at: datetime | None) -> bool:
        return self._until is None or created_at is None or created_at <= self._until


def _made_at(doc: Doc) -> datetime | None:
    return doc.data.get("created_at") or doc.data.get("claimed_at")
