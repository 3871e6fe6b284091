"""The ledger on Firestore."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from google.api_core import exceptions as gx
from google.api_core.retry import Retry, if_exception_type
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.domain.documents import (
    Committed,
    Create,
    Delete,
    Doc,
    Increment,
    Put,
    Update,
    Write,
)
from shared.errors import LedgerUnavailable

ABORTED_TRIES = 8
TIMEOUT_S = 20
"""For one call with all its retries: the client's default of minutes outlasts a lease."""
RETRY = Retry(
    if_exception_type(gx.ServiceUnavailable, gx.ResourceExhausted, gx.InternalServerError),
    initial=0.1,
    maximum=2,
    multiplier=2,
    timeout=TIMEOUT_S,
)
"""A commit that is repeated after its answer was lost meets its own work: see `recording`."""
CALL: dict[str, Any] = {"retry": RETRY, "timeout": TIMEOUT_S}
PURGE_BATCH = 400
"""Below Firestore's 500 writes in one request."""


class FirestoreLedger:
    """JobStore over a Firestore client. A version is a document's update time."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        paths = list(paths)
        references = [self._client.document(path) for path in paths]
        with _faults():
            found = {
                snapshot.reference.path: snapshot
                for snapshot in self._client.get_all(references, **CALL)
                if snapshot.exists
            }
        return tuple(_doc(found[path]) if path in found else None for path in paths)

    def list_under(self, collection: str) -> tuple[Doc, ...]:
        return tuple(_doc(one) for one in _stream(self._client.collection(collection)))

    def commit(self, writes: Iterable[Write]) -> Committed:
        """Commit all or nothing. Contention that the server reports is tried again here."""
        writes = list(writes)
        for attempt in range(ABORTED_TRIES):
            batch = self._client.batch()
            for write in writes:
                self._add(batch, write)
            try:
                with _faults():
                    batch.commit(**CALL)
            except (gx.FailedPrecondition, gx.AlreadyExists):
                return Committed.CONFLICT
            except gx.NotFound:
                return Committed.MISSING
            except gx.Aborted:
                if attempt + 1 == ABORTED_TRIES:
                    raise LedgerUnavailable("The ledger is contended.") from None
                time.sleep(0.05 * 2**attempt)
            else:
                return Committed.OK
        raise AssertionError("unreachable")

    def stalled(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        query = (
            self._client.collection_group("stages")
            .where(filter=FieldFilter("state", "in", ["queued", "running"]))
            .where(filter=FieldFilter("touched_at", "<", before))
            .order_by("touched_at")
            .limit(most)
        )
        return tuple(dict.fromkeys(str(one.get("job")) for one in _stream(query)))

    def tombstones(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        query = (
            self._client.collection("jobs")
            .where(filter=FieldFilter("purge_again_at", "<", before))
            .limit(most)
        )
        return tuple(one.id for one in _stream(query))

    def abandoned(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        query = (
            self._client.collection("jobs")
            .where(filter=FieldFilter("status", "==", "awaiting_upload"))
            .where(filter=FieldFilter("updated_at", "<", before))
            .order_by("updated_at")
            .limit(most)
        )
        return tuple(one.id for one in _stream(query))

    def expired(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        query = (
            self._client.collection("jobs")
            .where(filter=FieldFilter("expires_at", "<", before))
            .order_by("expires_at")
            .limit(most)
        )
        return tuple(one.id for one in _stream(query))

    def jobs_of(
        self,
        owner: str,
        *,
        statuses: Iterable[str],
        after: tuple[datetime, str] | None,
        most: int,
    ) -> tuple[Doc, ...]:
        jobs = self._client.collection("jobs")
        down = firestore.Query.DESCENDING
        query = (
            jobs.where(filter=FieldFilter("owner", "==", owner))
            .where(filter=FieldFilter("status", "in", list(statuses)))
            .order_by("created_at", direction=down)
            # Two jobs of one microsecond still have an order, so no page swallows one.
            .order_by("__name__", direction=down)
        )
        if after is not None:
            created_at, job_id = after
            query = query.start_after({"created_at": created_at, "__name__": jobs.document(job_id)})
        return tuple(_doc(one) for one in _stream(query.limit(most)))

    def purge(self, job_id: str) -> None:
        with _faults():
            for collection in self._client.document(f"jobs/{job_id}").collections(**CALL):
                self._purge(collection)
            # Mails and links stand beside the jobs, but they are the job's.
            for name in ("mails", "shares"):
                of_job = FieldFilter("job", "==", job_id)
                self._purge(self._client.collection(name).where(filter=of_job))

    def _purge(self, query: Any) -> None:
        while True:
            references = [one.reference for one in query.limit(PURGE_BATCH).stream(**CALL)]
            if not references:
                return
            batch = self._client.batch()
            for reference in references:
                batch.delete(reference)
            batch.commit(**CALL)

    def _add(self, batch: Any, write: Write) -> None:
        reference = self._client.document(write.path)
        match write:
            case Create(_, data):
                batch.create(reference, dict(data))
            case Put(_, data):
                batch.set(reference, dict(data))
            case Update(_, fields, version):
                option = None if version is None else self._at(version)
                batch.update(reference, _transforms(fields), option=option)
            case Delete(_, version):
                batch.delete(reference, option=None if version is None else self._at(version))

    def _at(self, version: Any) -> Any:
        return self._client.write_option(last_update_time=version)


@contextmanager
def _faults() -> Iterator[None]:
    """Say in our words what Firestore says in its own; what a batch met is left to its caller."""
    try:
        yield
    except (gx.FailedPrecondition, gx.AlreadyExists, gx.NotFound, gx.Aborted):
        raise
    except (gx.GoogleAPIError, OSError) as fault:
        raise LedgerUnavailable(f"The ledger failed: {type(fault).__name__}.") from fault


def _stream(query: Any) -> list[Any]:
    with _faults():
        return list(query.stream(**CALL))


def _doc(snapshot: Any) -> Doc:
    return Doc(snapshot.reference.path, snapshot.to_dict(), snapshot.update_time)


def _transforms(fields: Any) -> dict[str, Any]:
    return {
        name: firestore.Increment(value.by) if isinstance(value, Increment) else value
        for name, value in fields.items()
    }
