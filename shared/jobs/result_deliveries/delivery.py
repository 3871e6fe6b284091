"""Result deliveries: `result_deliveries/{job}`, the task that copies the results of a job to a
bucket or to URLs of its owner.

It is created with its job and is not due until the job is done. Each revision of a film is
delivered again. The document has the names and objects of the results, so that a delivery that runs
while the deck is edited delivers what it began with. URLs may contain signatures, so they are
encrypted for the function `result_delivery`, and removed when all results are delivered; those of a
job with a deck are kept, because another revision may follow. The document is deleted with its job
and has no time to live of its own: the job may be kept longer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.flows.documents import Create, Doc
from shared.flows.encrypted import Decrypt, Encrypt, Encrypted, FieldContext
from shared.jobs.model import Job
from shared.recipes.stored_object import Artifact
from shared.tasks.task import Task, TaskState, new_task, task_path

RESULT_DELIVERY = "result_delivery"
RESULT_DELIVERIES = "result_deliveries"
URLS = "urls"
NEVER = timedelta(days=3650)
"""Until a delivery is due whose job is not done. It is not swept either."""


class DeliveryState(StrEnum):
    """WAITING until the job is done and between two attempts."""

    WAITING = "waiting"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    FAILED = "failed"


class FileState(StrEnum):
    """The state of one result."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where results go: a folder of a bucket, or a URL for each of some results.

    Attributes:
        bucket: The name of the bucket, or "".
        prefix: The folder in the bucket, "" or with a slash at its end.
        hosts: The hosts of the URLs, by the name of the result.
        urls: The URLs by the name of the result. They are only known before they are stored.
    """

    bucket: str = ""
    prefix: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """A result and whether it is delivered. `artifact` is None for one that the job does not
    have."""

    name: str
    artifact: Artifact | None
    state: FileState = FileState.PENDING
    error: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields for a document."""
        artifact = None if self.artifact is None else self.artifact.to_dict()
        error = None if self.error is None else dict(self.error)
        return {"name": self.name, "artifact": artifact, "state": self.state, "error": error}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DeliveredFile:
        """Reads what `to_dict` wrote."""
        artifact = data["artifact"]
        return cls(
            data["name"],
            None if artifact is None else Artifact.from_dict(artifact),
            FileState(data["state"]),
            data["error"],
        )

    @property
    def size_bytes(self) -> int:
        """The size of the result."""
        return 0 if self.artifact is None else self.artifact.size_bytes

    def failed(self, code: str, message: str) -> DeliveredFile:
        """Returns the file with an error."""
        error = {"code": code, "message": message}
        return replace(self, state=FileState.FAILED, error=error)


@dataclass(frozen=True, slots=True)
class ResultDelivery:
    """A task of `result_delivery`.

    Attributes:
        outcome: Revision and outcome of the job that is delivered, "" until the job is done.
        revision: The revision of the job that is delivered.
        urls: The encrypted URLs, None without URLs and when they are not needed any more.
        delivered_bytes: How much is delivered, including a part of the current file.
        copy: The name of the file that is being copied by several requests and the token of the
            next one, or None.
    """

    job: str
    owner: str
    destination: Destination
    outcome: str
    revision: int
    files: tuple[DeliveredFile, ...]
    urls: Encrypted | None
    delivered_bytes: int
    copy: Mapping[str, str] | None
    state: DeliveryState
    error: Mapping[str, Any] | None = field(repr=False)

    @classmethod
    def from_task(cls, task: Task) -> ResultDelivery:
        """Parses the document of a task."""
        data = task.data
        hosts = {row["name"]: row["host"] for row in data["hosts"]}
        return cls(
            job=task.id,
            owner=task.owner,
            destination=Destination(data["bucket"], data["prefix"], hosts),
            outcome=data["outcome"],
            revision=data["revision"],
            files=tuple(map(DeliveredFile.from_dict, data["files"])),
            urls=Encrypted.from_dict(data[URLS]) if data[URLS] else None,
            delivered_bytes=data["delivered_bytes"],
            copy=data["copy"],
            state=_find_state(task),
            error=data["error"],
        )

    @classmethod
    def from_doc(cls, doc: Doc) -> ResultDelivery:
        """Parses a document."""
        return cls.from_task(Task.from_doc(RESULT_DELIVERY, doc))

    @property
    def total_bytes(self) -> int:
        """The size of all results that are to be delivered."""
        return sum(row.size_bytes for row in self.files)

    @property
    def folder(self) -> str:
        """The folder of the job's results in the bucket, with a slash at its end. Each revision
        after the first one has its own: no object is replaced."""
        suffix = f"-r{self.revision}" if self.revision else ""
        return f"{self.destination.prefix}{self.job}{suffix}/"

    def decrypt_urls(self, decrypt: Decrypt) -> dict[str, str]:
        """Returns the URLs by the name of the result."""
        if self.urls is None:
            raise LookupError("the URLs of a delivery that has not ended are gone")
        urls: dict[str, str] = json.loads(decrypt(self.urls, urls_context(self.job, self.owner)))
        return urls


def delivery_path(job_id: str) -> str:
    """Returns `result_deliveries/{job}`."""
    return task_path(RESULT_DELIVERY, job_id)


def urls_context(job_id: str, owner: str) -> FieldContext:
    """Returns the place for which the URLs of a delivery are encrypted."""
    return FieldContext(delivery_path(job_id), owner, URLS)


def new_result_delivery(
    job_id: str, owner: str, destination: Destination, encrypt: Encrypt, now: datetime
) -> Create:
    """Returns the write that creates the delivery of a job. It is part of the batch that creates
    the job."""
    encrypted = None
    if destination.urls:
        text = json.dumps(dict(destination.urls))
        encrypted = encrypt(text, urls_context(job_id, owner)).to_dict()
    fields = {
        "bucket": destination.bucket,
        "prefix": destination.prefix,
        "hosts": [{"name": name, "host": host} for name, host in destination.hosts.items()],
        URLS: encrypted,
        "outcome": "",
        "revision": 0,
        "files": [],
        "delivered_bytes": 0,
        "copy": None,
    }
    create = new_task(RESULT_DELIVERY, job_id, owner, fields, now)
    return Create(create.path, {**create.data, "due_at": now + NEVER, "next_check_at": None})


def files_to_deliver(destination: Destination, job: Job) -> tuple[DeliveredFile, ...]:
    """Returns the results of a job that go to a destination: all of them to a bucket, those that
    have a URL to URLs."""
    results = {artifact.name: artifact for artifact in job.results}
    names = results if destination.bucket else destination.hosts
    return tuple(DeliveredFile(name, results.get(name)) for name in names)


def _find_state(task: Task) -> DeliveryState:
    if task.state is TaskState.DONE:
        return DeliveryState.DELIVERED
    if task.state is TaskState.FAILED:
        return DeliveryState.FAILED
    return DeliveryState.DELIVERING if task.state is TaskState.LEASED else DeliveryState.WAITING
