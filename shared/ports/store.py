"""The document store, as the code needs it: reads and atomic batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from shared.flows.documents import Committed, Doc, Write


class JobStore(Protocol):
    """The ledger: reads and atomic batches over documents, see `shared.flows.documents`."""

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]: ...
    def list_under(self, collection: str) -> tuple[Doc, ...]: ...
    def commit(self, writes: Iterable[Write]) -> Committed: ...
    def stalled(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        """Ids of jobs with a queued or running stage untouched since `before`, oldest first."""
        ...

    def tombstones(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        """Ids of deleted jobs whose second purge was due before `before`."""
        ...

    def abandoned(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        """Ids of jobs that await their uploads and were not changed since `before`."""
        ...

    def expired(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        """Ids of jobs and tombstones whose `expires_at` was before `before`, oldest first."""
        ...

    def jobs_of(
        self,
        owner: str,
        *,
        statuses: Iterable[str],
        after: tuple[datetime, str] | None,
        most: int,
        recipe: str | None = None,
    ) -> tuple[Doc, ...]:
        """A page of an owner's jobs in one of `statuses`, newest first. `after` is when the last
        job of the page before was created, and its id."""
        ...

    def owned(
        self, collection: str, owner: str, *, after: tuple[datetime, str] | None, most: int
    ) -> tuple[Doc, ...]:
        """A page of an owner's documents in a collection, newest first, as for jobs."""
        ...

    def open_jobs(self, owner: str, statuses: Iterable[str]) -> int:
        """How many jobs of an owner are in one of `statuses`."""
        ...

    def stored_bytes(self, owner: str) -> int:
        """How many bytes an owner's recordings, and the uploads and results of his jobs, hold."""
        ...

    def recordings_in(self, owner: str, states: Iterable[str]) -> int:
        """How many recordings of an owner are in one of `states`."""
        ...

    def count_up(self, path: str, fields: Mapping[str, Any], by: int = 1) -> int:
        """Add `by` to the document's `count` in one step, making it with `fields` when there is
        none; → the count after it. Of any number at once, each gets a number of its own."""
        ...

    def purge(self, job_id: str) -> None:
        """Remove every document below a job, and its mails, links and deliveries; the job's own
        document stays."""
        ...

    def documents_of(
        self, collection: str, owner: str, *, after: str = "", most: int = 1000
    ) -> tuple[Doc, ...]:
        """Documents of a collection whose `owner` is this one, in the order of their ids, from
        behind the id `after`."""
        ...

    def paths_of_job(self, job_id: str) -> tuple[str, ...]:
        """Paths of all documents that a purge of the job would remove."""
        ...

    def paths_naming(self, collection: str, part: str) -> tuple[str, ...]:
        """Paths of the documents of a collection whose id holds `part`. It looks at every id."""
        ...

    def due(self, collection: str, before: datetime, most: int = 100) -> tuple[Doc, ...]:
        """Documents whose `look_at` is before `before`, the oldest first."""
        ...

    def newest(
        self,
        collection: str,
        where: tuple[str, str],
        *,
        after: tuple[datetime, str] | None,
        most: int,
    ) -> tuple[Doc, ...]:
        """A page of the documents whose field where[0] is where[1], newest first by their
        `created_at`. `after` is when the last one of the page before was created, and its id."""
        ...
