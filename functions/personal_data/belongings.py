"""Everything that is a person's: documents by collection, objects by folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from functions.personal_data.inventory import RemovedItem, removed_document, removed_object
from shared.cameras.camera import CAMERAS
from shared.cameras.recording import RECORDINGS, SEGMENTS
from shared.flows.documents import Doc
from shared.pipeline import EXPORTS_PREFIX
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.privacy.data_requests import (
    DATA_REQUESTS,
    EXPORT,
    HASHED_COLLECTIONS,
    JOBS,
    OWNED_COLLECTIONS,
    USER_ID_COLLECTIONS,
    Folder,
    camera_folders,
    job_folders,
    owner_folders,
)
from shared.recipes.stored_object import StoredObject

PAGE_SIZE = 300


class UserData:
    """What is a person's, but for the request itself. With `until` only what was there by then:
    whoever keeps the account may go on working meanwhile, and keeps what is counted for limits."""

    def __init__(
        self,
        store: JobStore,
        objects: ObjectStore,
        owner: str,
        *,
        request_id: str,
        limit_hashes: Sequence[str],
        created_before: datetime | None,
    ) -> None:
        self._store = store
        self._objects = objects
        self._owner = owner
        self._request = request_id
        self._counted_as = limit_hashes
        self._until = created_before

    def list_jobs(self, after: str, limit: int) -> tuple[list[Doc], str]:
        """Up to `most` jobs from behind `after`, tombstones too; and where the next ones begin, ""
        when there were none."""
        docs = self._store.list_owned_by_id(JOBS, self._owner, after=after, max_count=limit)
        old = [doc for doc in docs if self._old(doc.data["created_at"])]
        return old, docs[-1].id if docs else ""

    def list_documents(self, collection: str) -> Iterator[Doc]:
        """The documents of a collection that name the person as their owner."""
        after = ""
        while docs := self._store.list_owned_by_id(
            collection, self._owner, after=after, max_count=PAGE_SIZE
        ):
            yield from (doc for doc in docs if self._old(_made_at(doc)))
            after = docs[-1].id

    def list_other_documents(self, *, second_pass: bool) -> Iterator[str]:
        """Paths of the documents that stand for themselves. Looked for `again`, preferences of
        somebody who goes on are new ones."""
        for collection in OWNED_COLLECTIONS:
            yield from (doc.path for doc in self.list_documents(collection))
        for doc in self.list_documents(DATA_REQUESTS):
            ended = doc.data["finished_at"] is not None
            if doc.id != self._request and (ended or doc.data["kind"] == EXPORT):
                yield doc.path
        if "/" not in self._owner and not (second_pass and self._until):
            paths = [f"{collection}/{self._owner}" for collection in USER_ID_COLLECTIONS]
            yield from (doc.path for doc in self._store.read(paths) if doc is not None)
        for collection in HASHED_COLLECTIONS if self._until is None else ():
            for hashed in self._counted_as:
                yield from self._store.list_paths_containing(collection, hashed)

    def list_job_data(self, job_id: str) -> list[RemovedItem]:
        """All documents of a job but its own, and all its objects."""
        found = [removed_document(path) for path in self._store.list_job_paths(job_id)]
        for folder in job_folders(job_id):
            found += [
                removed_object(one)
                for one in self._objects.list_objects(folder.bucket, folder.prefix)
            ]
        return found

    def list_camera_data(self, removed_paths: Iterable[str]) -> Iterator[RemovedItem]:
        """What cameras and recordings have below and beside them: those that are there, and those
        whose documents at the paths `known` are gone already."""
        there = {doc.path for name in (CAMERAS, RECORDINGS) for doc in self.list_documents(name)}
        for path in sorted({*there, *removed_paths}):
            below = self._store.list_documents(f"{path}/{SEGMENTS}")
            yield from (removed_document(doc.path) for doc in below)
            for folder in camera_folders(path):
                listed = self._objects.list_objects(folder.bucket, folder.prefix)
                yield from map(removed_object, listed)

    def list_owner_objects(self) -> Iterator[tuple[Folder, list[StoredObject]]]:
        """The folders that outlive jobs, with what is in them. A copy is of the time at which it
        was asked for, however late its parts are written."""
        living = {doc.id for doc in self._store.list_owned_by_id(DATA_REQUESTS, self._owner)}
        living -= {doc.id for doc in self.list_documents(DATA_REQUESTS)}
        for folder in owner_folders(self._owner):
            there = self._objects.list_objects(folder.bucket, folder.prefix)
            if folder.prefix.startswith(EXPORTS_PREFIX):
                yield folder, [one for one in there if one.name.split("/")[2] not in living]
            else:
                yield folder, [one for one in there if self._old(one.created_at)]

    def count_remaining(self, removed_paths: Iterable[str]) -> dict[str, int]:
        """Look again in every collection and folder; → how much is left, by where. A job counts
        for as long as it names its owner, which it does while anything of it is left. `known` are
        the cameras and recordings that are gone."""
        places = (*OWNED_COLLECTIONS, *USER_ID_COLLECTIONS, *HASHED_COLLECTIONS, DATA_REQUESTS)
        left = {JOBS: sum(1 for _ in self.list_documents(JOBS)), **dict.fromkeys(places, 0)}
        for path in self.list_other_documents(second_pass=True):
            left[path.split("/")[0]] += 1
        for folder, there in self.list_owner_objects():
            left[f"{folder.bucket}/{folder.prefix.split('/')[0]}"] = len(there)
        for one in self.list_camera_data(removed_paths):
            where = "/".join(one.name.split("/")[: 1 if one.kind == "document" else 2])
            left[where] = left.get(where, 0) + 1
        return left

    def _old(self, created_at: datetime | None) -> bool:
        return self._until is None or created_at is None or created_at <= self._until


def _made_at(doc: Doc) -> datetime | None:
    return doc.data.get("created_at") or doc.data.get("claimed_at")
