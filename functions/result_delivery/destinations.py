"""Sends one result to where it goes: a bucket or a URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Protocol

from shared.entrypoints import bootstrap
from shared.entrypoints.encryption import delivery_decrypter
from shared.entrypoints.task import TaskContext
from shared.errors import SourceExpired
from shared.jobs.result_deliveries.delivery import ResultDelivery
from shared.ports.url_reader import UrlRefused, UrlUnusable
from shared.recipes.stored_object import Artifact, StoredObject
from shared.runtime.bucket_bindings import check_binding

BLOCK_BYTES = 4 << 20
USER_AGENT = "Moodreel-Delivery/1"
_CREDENTIALS = (401, 403)
OnProgress = Callable[[int, str], None]
"""Takes how much of the result is sent, and the token that continues its copy, or ""."""


class OpenDestination(Protocol):
    """A destination that may be used."""

    can_continue: bool
    """Whether an interrupted copy is continued."""

    def send(self, artifact: Artifact, on_progress: OnProgress) -> None:
        """Sends a result; one that is there already is no error. Raises what `on_progress` raises,
        PermanentError and TransientError."""
        ...


def open_destination(context: TaskContext, delivery: ResultDelivery) -> OpenDestination:
    """Returns the destination of a delivery. Raises the errors of `check_binding`."""
    if delivery.destination.bucket:
        return _BucketFolder(context, delivery)
    return _Urls(context, delivery)


class _BucketFolder:
    """The folder of the job in a bucket, whose binding is checked again: it may have ended since
    the job was created."""

    can_continue = True

    def __init__(self, context: TaskContext, delivery: ResultDelivery) -> None:
        self._objects = context.services.objects
        self._buckets = bootstrap.customer_buckets()
        self._bucket, self._folder = delivery.destination.bucket, delivery.folder
        self._copy = dict(delivery.copy or {})
        check_binding(
            context.services, self._buckets, delivery.owner, self._bucket, self._folder
        )  # fmt: skip

    def send(self, artifact: Artifact, on_progress: OnProgress) -> None:
        source = self._find_source(artifact)
        token = self._copy["token"] if self._copy.get("name") == artifact.name else ""
        while True:
            on_progress(0, token)
            step = self._buckets.copy_out(
                source, self._bucket, self._folder + artifact.name, token=token
            )
            if not step.token:
                return
            token = step.token
            on_progress(step.copied_bytes, token)

    def _find_source(self, artifact: Artifact) -> StoredObject:
        """Returns the result with its checksum, read with our own access. Raises SourceExpired."""
        wanted = artifact.stored_object
        stored = self._objects.stat(wanted.bucket, wanted.name)
        if stored is None or stored.version != wanted.version:
            raise SourceExpired("The result was deleted meanwhile.")
        return replace(wanted, crc32c=stored.crc32c)


class _Urls:
    """A URL for each result. A request that is interrupted is sent again as a whole."""

    can_continue = False

    def __init__(self, context: TaskContext, delivery: ResultDelivery) -> None:
        self._context = context
        decrypt = delivery_decrypter(context.settings, context.services.log)
        self._urls: Mapping[str, str] = delivery.decrypt_urls(decrypt)

    def send(self, artifact: Artifact, on_progress: OnProgress) -> None:
        on_progress(0, "")
        status = bootstrap.url_writer().put(
            self._urls[artifact.name],
            {"Content-Type": artifact.content_type, "User-Agent": USER_AGENT},
            self._read(artifact, on_progress),
            artifact.size_bytes,
            deadline=self._context.deadline,
        )
        if status in _CREDENTIALS:
            raise UrlRefused(
                f"The server answered {status}: the signature of a URL may have expired."
            )
        if 400 <= status < 600:
            raise UrlRefused(f"The server answered {status} instead of taking the file.")
        if status not in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT):
            raise UrlUnusable(f"The server answered {status} instead of 200, 201 or 204.")

    def _read(self, artifact: Artifact, on_progress: OnProgress) -> Iterator[bytes]:
        stored = artifact.stored_object
        read = self._context.services.objects.range_reader(stored.bucket, *stored.version)
        for offset in range(0, stored.size_bytes, BLOCK_BYTES):
            on_progress(offset, "")
            yield read(offset, min(BLOCK_BYTES, stored.size_bytes - offset))
