"""Fetches one input: stores the file at a URL or in a bucket as the upload of a job.

The file is stored in parts. When a connection breaks off, a worker crashes or its time ends, the
next run requests the rest of the same version. The upload appears at the end, and its event starts
the job like that of any upload, with the same checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

from functions.input_fetch.bucket_copy import copy_object
from functions.input_fetch.failure import REMOVED, fail_fetch
from functions.input_fetch.parts import compose_parts, drop_parts, find_parts
from functions.input_fetch.progress import Progress
from functions.input_fetch.source import Source, continues, read_source
from functions.input_fetch.transfer import Transfer
from shared.entrypoints import bootstrap
from shared.entrypoints.encryption import fetch_decrypter
from shared.entrypoints.task import TaskContext
from shared.errors import (
    OverloadedError,
    PermanentError,
    StorageUnavailable,
    UploadDiffers,
)
from shared.flows.documents import Update
from shared.flows.effects import Later
from shared.jobs.fetches.errors import (
    FetchStopped,
    FetchTimeout,
    NotResumable,
    SourceChanged,
)
from shared.jobs.fetches.fetch import Fetch, url_context
from shared.pipeline import FUNCTIONS, Bucket
from shared.ports.url_reader import UrlResponse, UrlUnavailable, UrlUnusable
from shared.recipes.stored_object import StoredObject
from shared.tasks.errors import DeadlineNear
from shared.tasks.task import TaskDone, TaskOutcome

MAX_FETCH_S = 6 * 3600
"""From the first attempt to the upload. An upload by the user must begin within the same time."""
MAX_RESTARTS = 3
MAX_RETRY_AFTER_S = 600
USER_AGENT = "Moodreel-Fetch/1"


def fetch_input(context: TaskContext) -> TaskOutcome:
    """Fetches an input, or continues to. The job fails with the fetch.

    The last attempt only records the failure, also that of a worker that crashed in every attempt.
    Attempts count since the last part that was stored.
    """
    fetch = Fetch.from_task(context.task)
    max_attempts = FUNCTIONS[context.task.function].max_attempts
    if context.attempt >= max_attempts:
        return _fail(context, fetch, *context.task.last_error())
    try:
        stored = _Run(context, fetch).fetch()
    except FetchStopped:
        drop_parts(context.services.objects, _read(context))
        context.services.log("fetch.stopped", job=fetch.job, input=fetch.input)
        return TaskDone({**REMOVED, "stopped": True})
    except PermanentError as error:
        return _fail(context, fetch, error.code, str(error))
    if isinstance(stored, Later):
        if context.attempt < max_attempts - 1 or stored.progress:
            return stored
        # Nothing is gained by waiting for the last attempt.
        return _fail(context, fetch, stored.code, stored.message)
    drop_parts(context.services.objects, _read(context))
    context.services.log(
        "fetch.done", job=fetch.job, input=fetch.input, size_bytes=stored.size_bytes
    )
    size = {"fetched_bytes": stored.size_bytes, "total_bytes": stored.size_bytes}
    return TaskDone({**REMOVED, **size})


def _fail(context: TaskContext, fetch: Fetch, code: str, message: str) -> TaskOutcome:
    outcome = fail_fetch(context, fetch, code, message)
    drop_parts(context.services.objects, _read(context))
    return outcome


def _read(context: TaskContext) -> Fetch:
    """Returns the fetch as it is recorded now, with the version whose parts are stored."""
    (doc,) = context.services.store.read([context.task.path])
    return Fetch.from_task(context.task) if doc is None else Fetch.from_doc(doc)


class _Run:
    """One run of a fetch."""

    def __init__(self, context: TaskContext, fetch: Fetch) -> None:
        self._context = context
        self._objects = context.services.objects
        self._fetch = fetch
        self._progress = Progress(context, fetch)
        self._transfer: Transfer | None = None
        self._source: Source | None = None

    def fetch(self) -> StoredObject | Later:
        """Returns the upload, or the outcome with which another run continues.

        Raises FetchStopped, PermanentError, and transient errors of our services.
        """
        spec = f"fetch {self._fetch.id}"
        stored = self._objects.stat(Bucket.UPLOADS, self._fetch.object)
        if stored is not None and stored.spec == spec:
            # A worker crashed after it.
            return stored
        self._progress.find_input()
        self._check_time()
        if self._fetch.generation is not None:
            copy = copy_object(self._context, self._fetch, self._progress)
            return copy if isinstance(copy, Later) else self._store_upload(copy, spec)
        try:
            parts = self._receive()
        except UrlUnavailable as error:
            if self._context.should_stop():
                return self._continue_later()
            return self._try_again(error)
        except DeadlineNear:
            return self._continue_later()
        except StorageUnavailable as error:
            if isinstance(error, OverloadedError) or not self._has_progress:
                raise
            return self._try_again(error)
        source = self._source
        if source is None:
            raise LookupError("there is no version of a file that was received")
        return self._store_upload(compose_parts(self._objects, self._fetch, source, parts), spec)

    def _store_upload(self, whole: StoredObject, spec: str) -> StoredObject:
        self._progress.check_storage(whole.size_bytes)
        # The size must be declared before the upload exists.
        self._progress.declare(whole.size_bytes)
        upload, _ = self._objects.copy(whole, Bucket.UPLOADS, self._fetch.object, spec=spec)
        return upload

    def _check_time(self) -> None:
        now, started_at = self._context.services.clock.now(), self._fetch.started_at
        if started_at is None:
            self._context.services.store.commit(
                [Update(self._context.task.path, {"started_at": now})]
            )
        elif now - started_at > timedelta(seconds=MAX_FETCH_S):
            hours = MAX_FETCH_S // 3600
            raise FetchTimeout(f"The file at the URL did not arrive within {hours} hours.")

    def _receive(self) -> list[StoredObject]:
        """Returns all parts of the file."""
        source, parts = Source.from_dict(self._fetch.source), list[StoredObject]()
        if source is not None and source.validator:
            parts = find_parts(self._objects, self._fetch, source)
        if source is not None and parts:
            self._source = source
            stored_bytes = sum(part.size_bytes for part in parts)
            if stored_bytes == source.total_bytes:
                return parts
            with self._open(source.range_headers(stored_bytes)) as response:
                if continues(source, response, stored_bytes):
                    self._progress.begin(source, self._fetch.restarts, stored_bytes)
                    return self._store(response, source, parts)
                if response.status == HTTPStatus.OK:
                    return self._store(response, self._begin(response, lost_parts=True), [])
        with self._open({}) as response:
            return self._store(response, self._begin(response, lost_parts=bool(parts)), [])

    def _open(self, headers: Mapping[str, str]) -> AbstractContextManager[UrlResponse]:
        if self._fetch.url is None:
            raise LookupError("the URL of a fetch that has not ended is gone")
        decrypt = fetch_decrypter(self._context.settings, self._context.services.log)
        url = decrypt(self._fetch.url, url_context(self._fetch.id, self._fetch.owner))
        return bootstrap.url_reader().open(
            url, {"User-Agent": USER_AGENT, **headers}, deadline=self._context.deadline
        )

    def _begin(self, response: UrlResponse, *, lost_parts: bool) -> Source:
        """Begins with another version of the file, or again with one that cannot be continued."""
        previous, restarts = Source.from_dict(self._fetch.source), self._fetch.restarts
        source = read_source(response, self._context.services.new_token())
        if previous is not None:
            drop_parts(self._objects, self._fetch)
            restarts += lost_parts or not previous.validator
        if previous is not None and restarts > MAX_RESTARTS:
            is_same = source.validator == previous.validator
            raise NotResumable if is_same else SourceChanged
        if not response.is_delimited and not self._fetch.size_bytes:
            raise UrlUnusable(
                "The server does not state the size of the file; name it as size_bytes."
            )
        self._fetch = replace(self._fetch, restarts=restarts, source=source.to_dict())
        self._progress.begin(source, restarts, 0)
        return source

    def _store(
        self, response: UrlResponse, source: Source, parts: list[StoredObject]
    ) -> list[StoredObject]:
        """Stores a body after the parts that exist. Returns all parts of the file."""
        media_type = self._progress.find_input().content_type
        transfer = Transfer(
            self._objects, self._fetch, source, parts, media_type, self._progress.update
        )
        self._source, self._transfer = source, transfer
        transfer.store(response)
        size, expected = transfer.stored_bytes, source.total_bytes
        if not response.is_delimited:
            # The end of the connection is the only end of the file.
            expected = self._fetch.size_bytes
        if expected not in (None, size):
            raise UrlUnavailable("The connection to the server broke off.")
        if self._fetch.size_bytes not in (0, size):
            raise UploadDiffers(f"The file has {size} bytes, not {self._fetch.size_bytes}.")
        return parts

    def _try_again(self, error: UrlUnavailable | StorageUnavailable) -> Later:
        """Returns the outcome after a connection that broke off or was not made."""
        requested_s = error.retry_after_s if isinstance(error, UrlUnavailable) else 0
        wait_s = max(
            FUNCTIONS[self._context.task.function].backoff(self._context.attempt),
            min(requested_s, MAX_RETRY_AFTER_S),
        )
        self._context.services.log(
            "fetch.retried", severity="WARNING", job=self._fetch.job, reason=str(error)
        )
        return Later(wait_s, error.code, str(error), self._stored_fields(), self._has_progress)

    def _continue_later(self) -> Later:
        """Returns the outcome at the end of this run's time."""
        if self._source is not None and not self._source.validator:
            raise NotResumable(
                "The server cannot continue an interrupted download, and the file did not arrive "
                f"within {FUNCTIONS[self._context.task.function].soft_deadline_s // 60} minutes."
            )
        if not self._has_progress:
            raise DeadlineNear
        return Later(0, fields=self._stored_fields(), progress=True)

    @property
    def _has_progress(self) -> bool:
        """Whether the next run continues after a part that this one stored."""
        source, transfer = self._source, self._transfer
        return bool(source and source.validator and transfer and transfer.stored_count)

    def _stored_fields(self) -> dict[str, int]:
        return {} if self._transfer is None else {"fetched_bytes": self._transfer.stored_bytes}
