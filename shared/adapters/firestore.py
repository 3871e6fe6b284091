"""JobStore on Firestore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.api_core import exceptions as gx
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.adapters.firestore_calls import (
    CALL_OPTIONS,
    TRY_TIMEOUT_S,
    WRITE_OPTIONS,
    translate_errors,
)
from shared.flows.documents import (
    CommitResult,
    Create,
    Delete,
    Doc,
    Increment,
    Merge,
    Put,
    Query,
    ServerTime,
    Update,
    Write,
)

JOB_COLLECTIONS = ("mails", "shares", "deliveries")
_OUTCOMES = (gx.FailedPrecondition, gx.AlreadyExists, gx.NotFound, gx.Aborted)
"""Errors of a batch that are outcomes."""
PURGE_BATCH = 400
"""Below Firestore's limit of 500 writes per request."""


class FirestoreJobStore:
    """JobStore with a Firestore client. A version is a document's update time."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client

    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        paths = list(paths)
        references = [self._client.document(path) for path in paths]
        with translate_errors():
            snapshots = {
                snapshot.reference.path: snapshot
                for snapshot in self._client.get_all(references, **CALL_OPTIONS)
                if snapshot.exists
            }
        return tuple(_to_doc(snapshots[path]) if path in snapshots else None for path in paths)

    def run_query(self, query: Query) -> tuple[Doc, ...]:
        return tuple(_to_doc(snapshot) for snapshot in _stream(self._to_firestore_query(query)))

    def _to_firestore_query(self, query: Query) -> Any:
        client = self._client
        source = client.collection_group if query.is_group else client.collection
        result: Any = source(query.collection)
        for item in query.filters:
            value = list(item.value) if item.operator == "in" else item.value
            result = result.where(filter=FieldFilter(item.field, item.operator, value))
        direction = firestore.Query.DESCENDING if query.descending else firestore.Query.ASCENDING
        # The name orders documents of the same microsecond, so that no page skips one.
        names = [name for name in (query.order_by, query.then_by) if name]
        for name in (*names, "__name__"):
            result = result.order_by(name, direction=direction)
        if query.after is not None:
            *values, last_id = query.after
            last = client.document(f"{query.collection}/{last_id}")
            cursor = zip((*names, "__name__"), (*values, last), strict=True)
            result = result.start_after(dict(cursor))
        return result if query.limit is None else result.limit(query.limit)

    def commit(self, writes: Iterable[Write]) -> CommitResult:
        """Commits all writes or none. Retries when the server reports contention."""
        return self._commit(writes, WRITE_OPTIONS)

    def try_commit(self, writes: Iterable[Write]) -> CommitResult:
        return self._commit(writes, {"retry": None, "timeout": TRY_TIMEOUT_S})

    def _commit(self, writes: Iterable[Write], options: Mapping[str, Any]) -> CommitResult:
        batch = self._client.batch()
        for write in writes:
            self._add(batch, write)
        try:
            with translate_errors(*_OUTCOMES):
                batch.commit(**options)
        except (gx.FailedPrecondition, gx.AlreadyExists, gx.Aborted):
            # ABORTED is raised without a retry only.
            return CommitResult.CONFLICT
        except gx.NotFound:
            return CommitResult.MISSING
        return CommitResult.OK

    def count_open_jobs(self, owner: str, statuses: Iterable[str]) -> int:
        query = self._owned("jobs", owner).where(filter=FieldFilter("status", "in", list(statuses)))
        return _aggregate(query.count())

    def sum_stored_bytes(self, owner: str) -> int:
        return sum(
            _aggregate(self._owned(collection, owner).sum("stored_bytes"))
            for collection in ("jobs", "recordings")
        )

    def count_recordings(self, owner: str, states: Iterable[str]) -> int:
        running = FieldFilter("state", "in", list(states))
        return _aggregate(self._owned("recordings", owner).where(filter=running).count())

    def increment(self, path: str, fields: Mapping[str, Any], by: int = 1) -> int:
        reference = self._client.document(path)
        data = {**fields, "count": firestore.Increment(by)}
        with translate_errors():
            result = reference.set(data, merge=True, **WRITE_OPTIONS)
        return int(result.transform_results[0].integer_value)

    def _owned(self, collection: str, owner: str) -> Any:
        return self._client.collection(collection).where(filter=FieldFilter("owner", "==", owner))

    def purge_job(self, job_id: str) -> None:
        with translate_errors():
            for query in self._job_queries(job_id):
                self._purge(query)

    def _job_queries(self, job_id: str) -> Iterator[Any]:
        """Yields queries for all documents of a job: its subcollections, and other collections."""
        yield from self._client.document(f"jobs/{job_id}").collections(**CALL_OPTIONS)
        for name in JOB_COLLECTIONS:
            of_job = FieldFilter("job", "==", job_id)
            yield self._client.collection(name).where(filter=of_job)

    def list_job_paths(self, job_id: str) -> tuple[str, ...]:
        with translate_errors():
            return tuple(
                snapshot.reference.path
                for query in self._job_queries(job_id)
                for snapshot in query.select([]).stream(**CALL_OPTIONS)
            )

    def _purge(self, query: Any) -> None:
        while True:
            references = [
                snapshot.reference for snapshot in query.limit(PURGE_BATCH).stream(**CALL_OPTIONS)
            ]
            if not references:
                return
            batch = self._client.batch()
            for reference in references:
                batch.delete(reference)
            batch.commit(**WRITE_OPTIONS)

    def _add(self, batch: Any, write: Write) -> None:
        reference = self._client.document(write.path)
        match write:
            case Create(_, data):
                batch.create(reference, _to_firestore(data))
            case Put(_, data):
                batch.set(reference, _to_firestore(data))
            case Merge(_, fields):
                batch.set(reference, _nest(_to_firestore(fields)), merge=True)
            case Update(_, fields, version):
                option = None if version is None else self._version_option(version)
                batch.update(reference, _to_firestore(fields), option=option)
            case Delete(_, version):
                batch.delete(
                    reference, option=None if version is None else self._version_option(version)
                )

    def _version_option(self, version: Any) -> Any:
        return self._client.write_option(last_update_time=version)


def _stream(query: Any) -> list[Any]:
    with translate_errors():
        return list(query.stream(**CALL_OPTIONS))


def _aggregate(query: Any) -> int:
    ((result,),) = _stream(query)
    return int(result.value or 0)


def _to_doc(snapshot: Any) -> Doc:
    return Doc(snapshot.reference.path, snapshot.to_dict(), snapshot.update_time)


def _to_firestore(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _to_firestore_value(value) for name, value in fields.items()}


def _to_firestore_value(value: Any) -> Any:
    match value:
        case Increment(by):
            return firestore.Increment(by)
        case ServerTime.NOW:
            return firestore.SERVER_TIMESTAMP
        case _:
            return value


def _nest(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields with maps in place of dots: a merge takes no paths of fields."""
    nested: dict[str, Any] = {}
    for name, value in fields.items():
        *parents, key = name.split(".")
        target = nested
        for parent in parents:
            target = target.setdefault(parent, {})
        target[key] = value
    return nested
