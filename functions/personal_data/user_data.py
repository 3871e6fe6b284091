"""All data of a user: documents by collection, objects by folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from functions.personal_data.inventory import RemovedItem, removed_document, removed_object
from shared.cameras.camera import CAMERAS
from shared.cameras.recording import RECORDINGS, SEGMENTS
from shared.flows.documents import Doc, all_documents, owned_documents
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
from shared.privacy.limit_counters import counters_of
from shared.recipes.stored_object import StoredObject

PAGE_SIZE = 300


class UserData:
    """The data of a user, except the request itself.

    With `created_before` only data that existed at that time: a user who keeps the account may
    continue to use it, and keeps the counters of limits.
    """

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
        self._request_id = request_id
        self._limit_hashes = limit_hashes
        self._created_before = created_before

    def list_jobs(self, after: str, limit: int) -> tuple[list[Doc], str]:
        """Returns up to `limit` jobs after the id `after`, with tombstones, and the id after which
        the next page starts: "" when there are no more."""
        docs = self._store.run_query(owned_documents(JOBS, self._owner, after=after, limit=limit))
        jobs = [doc for doc in docs if self._is_included(doc.data["created_at"])]
        return jobs, docs[-1].id if docs else ""

    def list_documents(self, collection: str) -> Iterator[Doc]:
        """Yields the documents of a collection that the user owns."""
        after = ""
        while docs := self._store.run_query(
            owned_documents(collection, self._owner, after=after, limit=PAGE_SIZE)
        ):
            yield from (doc for doc in docs if self._is_included(_creation_time(doc)))
            after = docs[-1].id

    def list_other_documents(self, *, second_pass: bool) -> Iterator[str]:
        """Yields the paths of the documents outside jobs. In the `second_pass` preferences of a
        user who keeps the account are excluded, because they are new."""
        for collection in OWNED_COLLECTIONS:
            yield from (doc.path for doc in self.list_documents(collection))
        for doc in self.list_documents(DATA_REQUESTS):
            ended = doc.data["finished_at"] is not None
            if doc.id != self._request_id and (ended or doc.data["kind"] == EXPORT):
                yield doc.path
        if "/" not in self._owner and not (second_pass and self._created_before):
            paths = [f"{collection}/{self._owner}" for collection in USER_ID_COLLECTIONS]
            yield from (doc.path for doc in self._store.read(paths) if doc is not None)
        if self._created_before is None:
            for limit_hash in self._limit_hashes:
                yield from self._list_counters(limit_hash)

    def _list_counters(self, key_hash: str) -> Iterator[str]:
        after = ""
        while docs := self._store.run_query(counters_of(key_hash, after=after)):
            yield from (doc.path for doc in docs)
            after = docs[-1].id

    def list_job_data(self, job_id: str) -> list[RemovedItem]:
        """Returns all documents below and beside a job, and all its objects."""
        items = [removed_document(path) for path in self._store.list_job_paths(job_id)]
        for folder in job_folders(job_id):
            items += map(removed_object, self._objects.list_objects(folder.bucket, folder.prefix))
        return items

    def list_camera_data(self, removed_paths: Iterable[str]) -> Iterator[RemovedItem]:
        """Yields the segments and objects of cameras and recordings: of existing documents, and of
        deleted ones at `removed_paths`."""
        existing = {doc.path for name in (CAMERAS, RECORDINGS) for doc in self.list_documents(name)}
        for path in sorted({*existing, *removed_paths}):
            segments = self._store.run_query(all_documents(f"{path}/{SEGMENTS}"))
            yield from (removed_document(doc.path) for doc in segments)
            for folder in camera_folders(path):
                objects = self._objects.list_objects(folder.bucket, folder.prefix)
                yield from map(removed_object, objects)

    def list_owner_objects(self) -> Iterator[tuple[Folder, list[StoredObject]]]:
        """Yields the folders that are not deleted with jobs, with their objects. An export counts
        by the time of its request, even if its parts are written later."""
        requests = self._store.run_query(owned_documents(DATA_REQUESTS, self._owner))
        newer = {doc.id for doc in requests}
        newer -= {doc.id for doc in self.list_documents(DATA_REQUESTS)}
        for folder in owner_folders(self._owner):
            objects = self._objects.list_objects(folder.bucket, folder.prefix)
            if folder.prefix.startswith(EXPORTS_PREFIX):
                yield folder, [row for row in objects if row.name.split("/")[2] not in newer]
            else:
                yield folder, [row for row in objects if self._is_included(row.created_at)]

    def count_remaining(self, removed_paths: Iterable[str]) -> dict[str, int]:
        """Searches every collection and folder. Returns the number of remaining items by collection
        or by bucket and prefix. A job counts while its document names the owner, which it does
        while it has data. `removed_paths` are deleted cameras and recordings."""
        collections = (*OWNED_COLLECTIONS, *USER_ID_COLLECTIONS, *HASHED_COLLECTIONS, DATA_REQUESTS)
        counts = {JOBS: sum(1 for _ in self.list_documents(JOBS)), **dict.fromkeys(collections, 0)}
        for path in self.list_other_documents(second_pass=True):
            counts[path.split("/")[0]] += 1
        for folder, objects in self.list_owner_objects():
            counts[f"{folder.bucket}/{folder.prefix.split('/')[0]}"] = len(objects)
        for item in self.list_camera_data(removed_paths):
            key = "/".join(item.name.split("/")[: 1 if item.kind == "document" else 2])
            counts[key] = counts.get(key, 0) + 1
        return counts

    def _is_included(self, created_at: datetime | None) -> bool:
        return (
            self._created_before is None or created_at is None or created_at <= self._created_before
        )


def _creation_time(doc: Doc) -> datetime | None:
    return doc.data.get("created_at") or doc.data.get("claimed_at")
