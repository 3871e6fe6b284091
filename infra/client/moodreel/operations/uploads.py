"""Uploads of files to Cloud Storage: small ones in one request, large ones in a resumable session.

https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx

from moodreel.api import Api, Retries, path_of
from moodreel.errors import Conflict, TransferFailed, retry_after
from moodreel.flow import Flow, Send, send, sleep, work
from moodreel.models import UploadGrant

CHUNK_BYTES = 8 << 20
"""A multiple of 256 KiB, as Cloud Storage requires. A lost connection costs at most one chunk. A
file that is not larger is uploaded in one request."""
RETRY_S = 180.0
"""How long an upload or a download is retried without any progress."""
OnTransfer = Callable[[str, int, int], None]
"""Called with the name of a file, the number of its bytes that were moved, and its size."""


class Progress:
    """Counts the bytes of a transfer and reports them."""

    def __init__(self, name: str, total: int, on_transfer: OnTransfer | None) -> None:
        self._name, self._total = name, total
        self._on_transfer = on_transfer
        self._done = 0

    def add(self, count: int) -> None:
        """Adds bytes."""
        self.set(self._done + count)

    def set(self, done: int) -> None:
        """Sets the number of bytes that were moved."""
        self._done = done
        if self._on_transfer is not None:
            self._on_transfer(self._name, done, self._total)


def upload_file(
    api: Api,
    job_id: str,
    name: str,
    path: Path,
    grant: UploadGrant | None = None,
    on_transfer: OnTransfer | None = None,
) -> Flow[None]:
    """Uploads the file of an input. Does nothing if it was uploaded already.

    Args:
        grant: The request of the new job; without one, the API is asked for one.

    Raises:
        TransferFailed: Cloud Storage refuses the file, or does not respond for `RETRY_S`.
    """
    size = path.stat().st_size
    progress = Progress(path.name, size, on_transfer)
    try:
        if size > CHUNK_BYTES:
            yield from _Session(api, job_id, name, path, progress).upload()
        else:
            content = yield from work(path.read_bytes)
            yield from _upload_once(api, job_id, name, content, grant, progress)
    except _Exists:
        pass
    except _Refused as error:
        raise TransferFailed(f"Could not upload {path.name}: {error}") from error
    progress.set(size)


class _Exists(Exception):
    """The input was uploaded already."""


class _Refused(Exception):
    """Cloud Storage refuses the upload, or does not respond."""


def _upload_once(
    api: Api, job_id: str, name: str, content: bytes, grant: UploadGrant | None, progress: Progress
) -> Flow[None]:
    retries, renewed = Retries(RETRY_S), grant is None
    while True:
        if grant is None:
            grant = yield from _get_grant(api, job_id, name, resumable=False)
        progress.set(0)
        response = yield from _try_send(
            Send(grant.method, grant.url, grant.headers, content, progress.add)
        )
        if response is not None and (response.is_success or response.status_code == 412):
            return  # 412: objects are written once, and the response of an attempt was lost
        if response is not None and response.status_code in (400, 403) and not renewed:
            grant, renewed = None, True  # the signature has expired
            continue
        yield from _wait_before_retry(retries, response)


class _Session:
    """A resumable session."""

    def __init__(self, api: Api, job_id: str, name: str, path: Path, progress: Progress) -> None:
        self._api, self._job_id, self._name = api, job_id, name
        self._path, self._size = path, path.stat().st_size
        self._progress = progress
        self._retries = Retries(RETRY_S)
        self._url = ""

    def upload(self) -> Flow[None]:
        """Sends the chunks of the file. A session that has expired is begun again."""
        offset: int | None = 0
        while offset is None or offset < self._size:
            if not self._url:
                yield from self._begin()
                offset = 0
            before = offset
            offset = yield from self._send_chunk(offset)
            if offset is not None and before is not None and offset > before:
                self._retries = Retries(RETRY_S)

    def _begin(self) -> Flow[None]:
        while not self._url:
            grant = yield from _get_grant(self._api, self._job_id, self._name, resumable=True)
            response = yield from _try_send(Send(grant.method, grant.url, grant.headers, b""))
            if response is not None and response.status_code == 412:
                raise _Exists
            if response is not None and response.is_success:
                self._url = response.headers["Location"]
            else:
                yield from _wait_before_retry(self._retries, response)

    def _send_chunk(self, offset: int | None) -> Flow[int | None]:
        """Sends one chunk, or asks for the offset if it is None. Returns the next offset; None if
        it is not known."""
        block = b""
        content_range = f"bytes */{self._size}"
        if offset is not None:
            block = yield from work(lambda: _read(self._path, offset))
            if not block:
                raise TransferFailed(f"{self._path.name} became shorter while it was uploaded.")
            content_range = f"bytes {offset}-{offset + len(block) - 1}/{self._size}"
            self._progress.set(offset)
        request = Send(
            "PUT", self._url, {"Content-Range": content_range}, block,
            self._progress.add if block else None,
        )  # fmt: skip
        response = yield from _try_send(request)
        status = 0 if response is None else response.status_code
        if status in (200, 201, 412):
            return self._size
        if status == 308 and response is not None:
            received = re.fullmatch(r"bytes=0-(\d+)", response.headers.get("Range", ""))
            return int(received[1]) + 1 if received else 0
        if status in (404, 410):
            self._url = ""
            yield from self._pause(None)
            return None
        yield from self._pause(response)
        return None

    def _pause(self, response: httpx.Response | None) -> Flow[None]:
        yield from _wait_before_retry(self._retries, response, expired=not self._url)


def _get_grant(api: Api, job_id: str, name: str, *, resumable: bool) -> Flow[UploadGrant]:
    """Returns a new upload request. Raises _Exists if the input was uploaded already."""
    try:
        path = path_of("jobs", job_id, "uploads", name)
        return (yield from api.post(UploadGrant, path, {"resumable": resumable}))
    except Conflict as error:
        if "uploaded already" in error.detail:
            raise _Exists from error
        raise


def _try_send(request: Send) -> Flow[httpx.Response | None]:
    """Returns the response; None if the connection was lost."""
    try:
        return (yield from send(request))
    except httpx.TransportError:
        return None


def _wait_before_retry(
    retries: Retries, response: httpx.Response | None, *, expired: bool = False
) -> Flow[None]:
    """Waits, if another attempt can succeed. Raises _Refused."""
    status = 0 if response is None else response.status_code
    delay_s = None
    if response is None or status in (408, 429) or status >= 500 or expired:
        delay_s = retries.next_delay(None if response is None else retry_after(response))
    if delay_s is None:
        text = "" if response is None else " ".join(response.text.split())[:200]
        raise _Refused(f"{status} {text}" if status else "there was no response")
    yield from sleep(delay_s)


def _read(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(CHUNK_BYTES)
