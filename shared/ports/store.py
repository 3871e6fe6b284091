"""The document store (Firestore): reads, queries and atomic batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from shared.flows.documents import CommitResult, Doc, Write


class JobStore(Protocol):
    """Documents as `shared.flows.documents` describes them. Every method may raise
    FirestoreUnavailable."""

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        """Reads documents together. Returns them in the order of `paths`."""
        ...

    def list_documents(self, collection: str) -> tuple[Doc, ...]:
        """Returns every document of a collection."""
        ...

    def commit(self, writes: Iterable[Write]) -> CommitResult:
        """Commits an atomic batch."""
        ...

    def list_stalled_jobs(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        """Returns ids of jobs with a queued or running stage without progress since `before`,
        oldest first."""
        ...

    def list_tombstones(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        """Returns ids of deleted jobs whose second purge was due before `before`."""
        ...

    def list_awaiting_uploads(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        """Returns ids of jobs that await their uploads and have not changed since `before`."""
        ...

    def list_expired_jobs(self, before: datetime, max_count: int = 100) -> tuple[str, ...]:
        """Returns ids of jobs and tombstones with `expires_at` before `before`, oldest first."""
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
        """Returns a page of an owner's jobs in one of `statuses`, newest first. `after` is the
        creation time and id of the last job of the previous page."""
        ...

    def list_owned(
        self, collection: str, owner: str, *, after: tuple[datetime, str] | None, max_count: int
    ) -> tuple[Doc, ...]:
        """Returns a page of an owner's documents in a collection, in the order of `list_jobs`."""
        ...

    def count_open_jobs(self, owner: str, statuses: Iterable[str]) -> int:
        """Returns the number of an owner's jobs in one of `statuses`."""
        ...

    def sum_stored_bytes(self, owner: str) -> int:
        """Returns the size of an owner's recordings, uploads and results in bytes."""
        ...

    def count_recordings(self, owner: str, states: Iterable[str]) -> int:
        """Returns the number of an owner's recordings in one of `states`."""
        ...

    def increment(self, path: str, fields: Mapping[str, Any], by: int = 1) -> int:
        """Adds `by` to the document's `count` atomically, and creates it with `fields` when it does
        not exist. Returns the new count. Concurrent calls get distinct counts."""
        ...

    def purge_job(self, job_id: str) -> None:
        """Deletes every document below a job, and its mails, links and deliveries. The job's own
        document stays."""
        ...

    def list_owned_by_id(
        self, collection: str, owner: str, *, after: str = "", max_count: int = 1000
    ) -> tuple[Doc, ...]:
        """Returns an owner's documents in a collection, sorted by id, starting after `after`."""
        ...

    def list_job_paths(self, job_id: str) -> tuple[str, ...]:
        """Returns the paths of all documents that `purge_job` would delete."""
        ...

    def list_paths_containing(self, collection: str, text: str) -> tuple[str, ...]:
        """Returns the paths of a collection's documents whose id contains `text`. Reads every
        id."""
        ...

    def list_due(self, collection: str, before: datetime, max_count: int = 100) -> tuple[Doc, ...]:
        """Returns documents whose `next_check_at` is before `before`, oldest first."""
        ...

    def list_newest(
        self,
        collection: str,
        where: tuple[str, str],
        *,
        after: tuple[datetime, str] | None,
        max_count: int,
    ) -> tuple[Doc, ...]:
        """Returns a page of the documents whose field where[0] equals where[1], newest first by
        `created_at`. `after` is the creation time and id of the last one of the previous page."""
        ...
