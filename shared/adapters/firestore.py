"""JobStore on Firestore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from google.api_core import exceptions as gx
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.adapters.availability import find_outage
from shared.errors import FirestoreOverloaded, FirestoreUnavailable
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

TIMEOUT_S = 20
"""For one call with all its retries: the client's default of minutes is longer than a lease."""
TRY_TIMEOUT_S = 1
"""For a write that may be lost. A user waits for it."""
RETRY = Retry(
    if_exception_type(gx.ServiceUnavailable, gx.ResourceExhausted, gx.InternalServerError),
    initial=0.1,
    maximum=2,
    multiplier=2,
    timeout=TIMEOUT_S,
)
CALL_OPTIONS: dict[str, Any] = {"retry": RETRY, "timeout": TIMEOUT_S}
WRITE_TIMEOUT_S = 25
"""For one write with all its retries. A worker renews its lease until the work ends, so at its
commit the lease is valid for at least LEASE_S less one interval between renewals: 30 s."""
WRITE_RETRY = Retry(
    if_exception_type(
        gx.ServiceUnavailable, gx.ResourceExhausted, gx.InternalServerError, gx.Aborted
    ),
    initial=0.2,
    maximum=4,
    multiplier=2,
    timeout=WRITE_TIMEOUT_S,
)
"""Waits with full jitter: 0 s to a bound that doubles. ABORTED reports contention: a document takes
about one sustained write per second. A retried commit whose first response was lost conflicts with
itself: see `jobs/commit.py`."""
WRITE_OPTIONS: dict[str, Any] = {"retry": WRITE_RETRY, "timeout": WRITE_TIMEOUT_S}
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
        with _translate_errors():
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
            with _translate_errors(*_OUTCOMES):
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
        with _translate_errors():
            result = reference.set(data, merge=True, **WRITE_OPTIONS)
        return int(result.transform_results[0].integer_value)

    def _owned(self, collection: str, owner: str) -> Any:
        return self._client.collection(collection).where(filter=FieldFilter("owner", "==", owner))

    def purge_job(self, job_id: str) -> None:
        with _translate_errors():
            for query in self._job_queries(job_id):
                self._purge(query)

    def _job_queries(self, job_id: str) -> Iterator[Any]:
        """Yields queries for all documents of a job: its subcollections, and other collections."""
        yield from self._client.document(f"jobs/{job_id}").collections(**CALL_OPTIONS)
        for name in JOB_COLLECTIONS:
            of_job = FieldFilter("job", "==", job_id)
            yield self._client.collection(name).where(filter=of_job)

    def list_job_paths(self, job_id: str) -> tuple[str, ...]:
        with _translate_errors():
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


@contextmanager
def _translate_errors(*handled: type[Exception]) -> Iterator[None]:
    """Converts Firestore's errors: FirestoreOverloaded for an outage, otherwise
    FirestoreUnavailable. Errors of the `handled` types are left to the caller."""
    try:
        yield
    except handled:
        raise
    except (gx.GoogleAPIError, GoogleAuthError, OSError) as error:
        outage = find_outage(error, FirestoreOverloaded, "Firestore")
        if outage is not None:
            raise outage from error
        raise FirestoreUnavailable(f"Firestore failed: {type(error).__name__}.") from error


def _stream(query: Any) -> list[Any]:
    with _translate_errors():
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
