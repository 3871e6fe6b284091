"""A job store in which a document takes one sustained write a second, as in Firestore."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from shared.errors import FirestoreUnavailable
from shared.flows.documents import CommitResult, Doc, Write
from tests.fakes.job_store import MemoryJobStore


class ContendedJobStore(MemoryJobStore):
    """Refuses a write to an existing document within a second of the last one.

    `commit` raises then, as the adapter does after its retries; `try_commit` returns CONFLICT.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now
        self._lock = threading.RLock()
        self._written_at: dict[str, datetime] = {}
        self.refused_count = 0

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        with self._lock:
            return super().read(paths)

    def commit(self, writes: Iterable[Write]) -> CommitResult:
        with self._lock:
            writes = list(writes)
            if self._is_contended(writes):
                raise FirestoreUnavailable("Firestore is contended.")
            return super().commit(writes)

    def try_commit(self, writes: Iterable[Write]) -> CommitResult:
        with self._lock:
            writes = list(writes)
            return CommitResult.CONFLICT if self._is_contended(writes) else super().commit(writes)

    def _is_contended(self, writes: list[Write]) -> bool:
        earliest = self._now() - timedelta(seconds=1)
        if any(self._written_at.get(write.path, earliest) > earliest for write in writes):
            self.refused_count += 1
            return True
        self._written_at.update({write.path: self._now() for write in writes})
        return False
