"""A job store in memory with an index of its collections, and Firestore's limit of writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime

from shared.flows.documents import Create, Delete, Doc, Merge, Put, Query, Write
from tests.fakes.job_store import MemoryJobStore


class LimitedJobStore(MemoryJobStore):
    """Refuses a batch that writes a document within `write_interval_s` of its last write.

    Firestore sustains about one write a second per document; a store that refuses every faster
    write is stricter.
    """

    def __init__(self, now: Callable[[], datetime], write_interval_s: float = 0) -> None:
        super().__init__(now)
        self.write_interval_s = write_interval_s
        self._collections: dict[str, set[str]] = defaultdict(set)
        self._written_at: dict[str, datetime] = {}

    def is_contended(self, writes: Iterable[Write]) -> bool:
        """Whether Firestore would answer ABORTED to this batch."""
        now = self.now()
        return any(
            (now - self._written_at[write.path]).total_seconds() < self.write_interval_s
            for write in writes
            if write.path in self._written_at
        )

    def run_query(self, query: Query) -> tuple[Doc, ...]:
        everything = self.documents
        paths = self._collections[query.collection]
        self.documents = {path: everything[path] for path in paths if path in everything}
        try:
            return super().run_query(query)
        finally:
            self.documents = everything

    def _apply(self, write: Write) -> None:
        super()._apply(write)
        if self.write_interval_s:
            self._written_at[write.path] = self.now()
        match write:
            case Create(path) | Put(path) | Merge(path):
                collection = path.rpartition("/")[0]
                self._collections[collection].add(path)
                # Groups are named by the last segment; a collection at the top has only that.
                self._collections[collection.rpartition("/")[2]].add(path)
            case Delete(path):
                collection = path.rpartition("/")[0]
                self._collections[collection].discard(path)
                self._collections[collection.rpartition("/")[2]].discard(path)

    def purge_job(self, job_id: str) -> None:
        for path in self.list_job_paths(job_id):
            self._apply(Delete(path))
