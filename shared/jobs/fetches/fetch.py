"""Fetches: `fetches/{fetch}`, one task for every input of a job that comes from a URL.

The function `input_fetch` stores the file as the job's upload, whose event starts the job. The URL
may contain a signature, so it is encrypted for that function and is removed when the task ends.
Users see the host and the last part of the path.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.flows.documents import Create, Doc
from shared.flows.encrypted import Encrypt, Encrypted, FieldContext
from shared.jobs.model import JobInput
from shared.tasks.task import Task, TaskState, new_task, task_path

INPUT_FETCH = "input_fetch"
FETCHES = "fetches"
URL = "url"
MAX_URL_CHARS = 4096
"""A URL that S3 signs with temporary credentials has about 2,000 characters."""


class FetchState(StrEnum):
    """WAITING until it starts and between two attempts, STOPPED when its job ended or takes another
    file."""

    WAITING = "waiting"
    FETCHING = "fetching"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Fetch:
    """A task of `input_fetch`.

    Attributes:
        object: The name of the upload.
        host: The host of the URL, or the bucket.
        filename: The name of the file, by default the last part of the URL's path.
        max_bytes: The limit of the input.
        size_bytes: The size that the file must have, or 0 for any.
        url: None once the task has ended.
        fetched_bytes: How much of the file is stored.
        total_bytes: The size of the file, None while it is not known.
        source: The version of the file whose parts are stored, or None.
        restarts: How often the file was fetched again from its beginning.
        started_at: When the first attempt began, or None.
        generation: Of the object in a bucket of the user, None for a file at an https URL.
        copy_token: Continues a copy that takes several requests, or "".
    """

    id: str
    owner: str
    job: str
    input: str
    object: str
    host: str
    filename: str
    max_bytes: int
    size_bytes: int
    url: Encrypted | None
    fetched_bytes: int
    total_bytes: int | None
    source: Mapping[str, Any] | None
    restarts: int
    started_at: datetime | None
    generation: int | None
    copy_token: str
    state: FetchState
    error: Mapping[str, Any] | None = field(repr=False)

    @classmethod
    def from_task(cls, task: Task) -> Fetch:
        """Parses the document of a task."""
        data = task.data
        names = (
            "job", "input", "object", "host", "filename", "max_bytes", "size_bytes",
            "fetched_bytes", "total_bytes", "source", "restarts", "started_at", "error",
        )  # fmt: skip
        return cls(
            id=task.id,
            owner=task.owner,
            url=Encrypted.from_dict(data[URL]) if data[URL] else None,
            # Fetches of earlier versions have neither.
            generation=data.get("generation"),
            copy_token=data.get("copy_token", ""),
            state=_find_state(task),
            **{name: data[name] for name in names},
        )

    @classmethod
    def from_doc(cls, doc: Doc) -> Fetch:
        """Parses a document."""
        return cls.from_task(Task.from_doc(INPUT_FETCH, doc))


def fetch_id(object_name: str) -> str:
    """Returns the id of the fetch of an upload, which is the same for a repeated request."""
    return hashlib.sha256(json.dumps(["fetch", object_name]).encode()).hexdigest()[:20]


def fetch_path(fetch: str) -> str:
    """Returns `fetches/{fetch}`."""
    return task_path(INPUT_FETCH, fetch)


def url_context(fetch: str, owner: str) -> FieldContext:
    """Returns the place for which the URL of a fetch is encrypted."""
    return FieldContext(fetch_path(fetch), owner, URL)


def new_fetch(
    job_id: str,
    owner: str,
    job_input: JobInput,
    url: str,
    host: str,
    encrypt: Encrypt,
    *,
    max_bytes: int,
    now: datetime,
    expires_at: datetime,
    generation: int | None = None,
) -> Create:
    """Returns the write that creates the fetch of an input. It is part of the batch that creates
    the job."""
    fields = {
        "job": job_id,
        "input": job_input.name,
        "object": job_input.object,
        "host": host,
        "filename": job_input.filename,
        "max_bytes": max_bytes,
        "size_bytes": job_input.size_bytes,
        URL: encrypt(url, url_context(job_input.fetch, owner)).to_dict(),
        "fetched_bytes": 0,
        "total_bytes": job_input.size_bytes or None,
        "source": None,
        "restarts": 0,
        "started_at": None,
        "generation": generation,
        "copy_token": "",
        "stopped": False,
        "expires_at": expires_at,
    }
    return new_task(INPUT_FETCH, job_input.fetch, owner, fields, now)


def _find_state(task: Task) -> FetchState:
    if task.state is TaskState.DONE:
        return FetchState.STOPPED if task.data["stopped"] else FetchState.DONE
    if task.state is TaskState.FAILED:
        return FetchState.FAILED
    return FetchState.FETCHING if task.state is TaskState.LEASED else FetchState.WAITING
