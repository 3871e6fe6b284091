"""The document store, as the code needs it: reads and atomic batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from shared.flows.documents import CommitResult, Doc, Write


class JobStore(Protocol):
    """The ledger: reads and atomic batches over documents, see `shared.flows.documents`."""

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]: ...
    def list_documents(self, collection: str) -> tuple[Doc, ...]: ...
    def commit(self, writes: Iterable[Write]) -> CommitResult: ...
    def list_stalled_jobs(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        """Ids of jobs with a queued or running stage untouched since `before`, oldest first."""
        ...

    def list_tombstones(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        """Ids of deleted jobs whose second purge was due before `before`."""
        ...

    def list_awaiting_uploads(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        """Ids of jobs that await their uploads and were not changed since `before`."""
        ...

    def list_expired_jobs(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        """Ids of jobs and tombstones whose `expires_at` was before `before`, oldest first."""
        ...

    def list_jobs(
        self,
        owner: str,
        *,
        statuses: Iterable[str],
        after: tuple[datetime, str] | None,
        max_count: int,
        recipe: str | None = None,
    ) -> tuple[Doc, ...]:
        """A page of an owner's jobs in one of `statuses`, newest first. `after` is when the last
        job of the page before was created, and its id."""
        ...

    def list_owned(
        self, collection: str, owner: str, *, after: tuple[datetime, str] | None, max_count: int
    ) -> tuple[Doc, ...]:
        """A page of an owner's documents in a collection, newest first, as for jobs."""
        ...

    def count_open_jobs(self, owner: str, statuses: Iterable[str]) -> int:
        """How many jobs of an owner are in one of `statuses`."""
        ...

    def sum_stored_bytes(self, owner: str) -> int:
        """How many bytes an owner's recordings, and the uploads and results of his jobs, hold."""
        ...

    def count_recordings(self, owner: str, states: Iterable[str]) -> int:
        """How many recordings of an owner are in one of `states`."""
        ...

    def increment(self, path: str, fields: Mapping[str, Any], by: int = 1) -> int:
        """Add `by` to the document's `count` in one step, making it with `fields` when there is
        none; → the count after it. Of any number at once, each gets a number of its own."""
        ...

    def purge_job(self, job_id: str) -> None:
        """Remove every document below a job, and its mails, links and deliveries; the job's own
        document stays."""
        ...

    def list_owned_by_id(
        self, collection: str, owner: str, *, after: str = "", max_count: int = 1000
    ) -> tuple[Doc, ...]:
        """Documents of a collection whose `owner` is this one, in the order of their ids, from
        behind the id `after`."""
        ...

    def list_job_paths(self, job_id: str) -> tuple[str, ...]:
        """Paths of all documents that a purge of the job would remove."""
        ...

    def list_paths_containing(self, collection: str, text: str) -> tuple[str, ...]:
        """Paths of the documents of a collection whose id holds `part`. It looks at every id."""
        ...

    def list_due(self, collection: str, before: datetime, max_count: int = 100) -> tuple[Doc, ...]:
        """Documents whose `next_check_at` is before `before`, the oldest first."""
        ...

    def list_newest(
        self,
        collection: str,
        where: tuple[str, str],
        *,
        after: tuple[datetime, str] | None,
        max_count: int,
    ) -> tuple[Doc, ...]:
        """A page of the documents whose field where[0] is where[1], newest first by their
        `created_at`. `after` is when the last one of the page before was created, and its id."""
        ...
