"""The ledger on Firestore."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from google.api_core import exceptions as gx
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

ABORTED_TRIES = 8
PURGE_BATCH = 400
"""Below Firestore's 500 writes in one request."""


class FirestoreLedger:
    """JobStore over a Firestore client. A version is a document's update time."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        paths = list(paths)
        found = {
            snapshot.reference.path: snapshot
            for snapshot in self._client.get_all([self._client.document(path) for path in paths])
            if snapshot.exists
        }
        return tuple(_doc(found[path]) if path in found else None for path in paths)

    def list_under(self, collection: str) -> tuple[Doc, ...]:
        return tuple(_doc(one) for one in self._client.collection(collection).stream())

    def commit(self, writes: Iterable[Write]) -> Committed:
        """Commit all or nothing. Contention that the server reports is tried again here."""
        writes = list(writes)
        for attempt in range(ABORTED_TRIES):
            batch = self._client.batch()
            for write in writes:
                self._add(batch, write)
            try:
                batch.commit()
            except (gx.FailedPrecondition, gx.AlreadyExists):
                return Committed.CONFLICT
            except gx.NotFound:
                return Committed.MISSING
            except gx.Aborted:
                if attempt + 1 == ABORTED_TRIES:
                    raise
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
        return tuple(dict.fromkeys(str(one.get("job")) for one in query.stream()))

    def tombstones(self, before: datetime, most: int = 100) -> tuple[str, ...]:
        query = (
            self._client.collection("jobs")
            .where(filter=FieldFilter("purge_again_at", "<", before))
            .limit(most)
        )
        return tuple(one.id for one in query.stream())

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
        return tuple(_doc(one) for one in query.limit(most).stream())

    def purge(self, job_id: str) -> None:
        for collection in self._client.document(f"jobs/{job_id}").collections():
            while True:
                references = [one.reference for one in collection.limit(PURGE_BATCH).stream()]
                if not references:
                    break
                batch = self._client.batch()
                for reference in references:
                    batch.delete(reference)
                batch.commit()

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


def _doc(snapshot: Any) -> Doc:
    return Doc(snapshot.reference.path, snapshot.to_dict(), snapshot.update_time)


def _transforms(fields: Any) -> dict[str, Any]:
    return {
        name: firestore.Increment(value.by) if isinstance(value, Increment) else value
        for name, value in fields.items()
    }
