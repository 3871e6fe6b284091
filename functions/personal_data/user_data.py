"""All data of a user: documents by collection, objects by folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial

from functions.personal_data.inventory import RemovedItem, removed_document, removed_object
from shared.cameras.recording import SEGMENTS
from shared.flows.documents import Doc, Query, owned_documents, page_of
from shared.pipeline import EXPORTS_PREFIX
from shared.ports.objects import ObjectStore
from shared.ports.store import JobStore
from shared.privacy.data_requests import (
    DATA_REQUESTS,
    EXPORT,
    HASHED_COLLECTIONS,
    JOBS,
    KEPT_WITH_ACCOUNT,
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
        """Yields the documents of a collection that the user owns, read page by page."""
        docs = self._list_pages(partial(owned_documents, collection, self._owner, limit=PAGE_SIZE))
        return (doc for doc in docs if self._is_included(_creation_time(doc)))

    def list_other_documents(self, *, second_pass: bool) -> Iterator[str]:
        """Yields the paths of the documents outside jobs. In the `second_pass` preferences of a
        user who keeps the account are excluded, because they are new."""
        kept = () if self._created_before is None else KEPT_WITH_ACCOUNT
        for collection in OWNED_COLLECTIONS:
            if collection in kept:
                continue
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
                counters = self._list_pages(partial(counters_of, limit_hash))
                yield from (doc.path for doc in counters)

    def list_job_data(self, job_id: str) -> list[RemovedItem]:
        """Returns all documents below and beside a job, and all its objects."""
        items = [removed_document(path) for path in self._store.list_job_paths(job_id)]
        for folder in job_folders(job_id):
            items += map(removed_object, self._list_objects(folder))
        return items

    def list_camera_data(self, path: str) -> list[RemovedItem]:
        """Returns the segments and objects of a camera or recording, whose document may be deleted
        already."""
        segments = self._list_pages(partial(page_of, f"{path}/{SEGMENTS}", limit=PAGE_SIZE))
        items = [removed_document(doc.path) for doc in segments]
        for folder in camera_folders(path):
            items += map(removed_object, self._list_objects(folder))
        return items

    def list_owner_objects(self) -> Iterator[tuple[Folder, StoredObject]]:
        """Yields the objects in the folders that are not deleted with jobs, read page by page. An
        export counts by the time of its request, even if its parts are written later."""
        requests = self._list_pages(partial(owned_documents, DATA_REQUESTS, self._owner))
        newer = {doc.id for doc in requests if not self._is_included(_creation_time(doc))}
        for folder in owner_folders(self._owner):
            for row in self._list_objects(folder):
                if folder.prefix.startswith(EXPORTS_PREFIX):
                    is_included = row.name.split("/")[2] not in newer
                else:
                    is_included = self._is_included(row.created_at)
                if is_included:
                    yield folder, row

    def count_remaining(self) -> dict[str, int]:
        """Searches every collection and folder but those below cameras and recordings. Returns the
        number of remaining items by collection or by bucket and prefix. A job counts while its
        document names the owner, which it does while it has data."""
        collections = (*OWNED_COLLECTIONS, *USER_ID_COLLECTIONS, *HASHED_COLLECTIONS, DATA_REQUESTS)
        counts = {JOBS: sum(1 for _ in self.list_documents(JOBS)), **dict.fromkeys(collections, 0)}
        counts |= {_folder_key(folder): 0 for folder in owner_folders(self._owner)}
        for path in self.list_other_documents(second_pass=True):
            counts[path.split("/")[0]] += 1
        for folder, _ in self.list_owner_objects():
            counts[_folder_key(folder)] += 1
        return counts

    def _list_pages(self, query: Callable[..., Query]) -> Iterator[Doc]:
        """Yields the documents of all pages. Returned documents may be deleted meanwhile."""
        after = ""
        while docs := self._store.run_query(query(after=after)):
            yield from docs
            after = docs[-1].id

    def _list_objects(self, folder: Folder) -> Iterator[StoredObject]:
        """Yields the objects of all pages. Returned objects may be deleted meanwhile."""
        after = ""
        while page := self._objects.list_objects(folder.bucket, folder.prefix, after=after):
            yield from page
            after = page[-1].name

    def _is_included(self, created_at: datetime | None) -> bool:
        return (
            self._created_before is None or created_at is None or created_at <= self._created_before
        )


def _creation_time(doc: Doc) -> datetime | None:
    return doc.data.get("created_at") or doc.data.get("claimed_at")


def _folder_key(folder: Folder) -> str:
    return f"{folder.bucket}/{folder.prefix.split('/')[0]}"
