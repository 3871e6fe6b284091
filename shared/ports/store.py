"""The document store (Firestore): reads, queries and atomic batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from shared.flows.documents import CommitResult, Doc, Query, Write


class JobStore(Protocol):
    """Documents as `shared.flows.documents` describes them. Every method may raise
    FirestoreUnavailable."""

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        """Reads documents together. Returns them in the order of `paths`."""
        ...

    def run_query(self, query: Query) -> tuple[Doc, ...]:
        """Returns the documents of a query, in its order."""
        ...

    def commit(self, writes: Iterable[Write]) -> CommitResult:
        """Commits an atomic batch."""
        ...

    def try_commit(self, writes: Iterable[Write]) -> CommitResult:
        """Commits an atomic batch in one attempt of about a second, for writes that may be lost.

        Returns CONFLICT also when a document is contended. Raises FirestoreUnavailable when it is
        unknown whether the batch was written.
        """
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

    def list_job_paths(self, job_id: str) -> tuple[str, ...]:
        """Returns the paths of all documents that `purge_job` would delete."""
        ...
