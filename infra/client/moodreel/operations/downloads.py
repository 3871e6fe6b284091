"""Downloads of results: with ranges after a lost connection, and with the checksum of the file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import IO
from urllib.parse import urljoin

import httpx

from moodreel.api import Api, Retries
from moodreel.errors import TransferFailed, retry_after
from moodreel.files.checksums import Crc32c, checksum_file
from moodreel.flow import Flow, Send, send, sleep, work
from moodreel.operations.uploads import RETRY_S, OnTransfer, Progress

_CRC32C = re.compile(r"crc32c=([A-Za-z0-9+/]{6}==)")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
"""The first byte of a range, and the size of the file (RFC 9110, section 14.4)."""
_MAX_STARTS = 4
"""How often a download begins at the first byte, where a server does not continue it."""


def download_file(
    api: Api,
    url: str,
    name: str,
    size_bytes: int,
    target: Path,
    on_transfer: OnTransfer | None = None,
) -> Flow[None]:
    """Downloads what a path of the API redirects to. The file is complete or does not appear.

    What an earlier attempt left in `.NAME.part` is continued.

    Args:
        url: The path, such as `/v1/jobs/ID/artifacts/frames.zip`.
        size_bytes: The expected size; -1 if it is not known.

    Raises:
        TransferFailed: There is no response for `RETRY_S`, or the bytes are not those of the file.
    """
    part = target.with_name(f".{target.name}.part")
    progress = Progress(name, size_bytes, on_transfer)
    retries, start_count, wrong_count, refused_count = Retries(RETRY_S), 0, 0, 0
    while True:
        sink = yield from work(lambda: _Sink(part, size_bytes, progress))
        response, reason = None, ""
        try:
            location = yield from _find_location(api, url)
            # The signed URL carries the permission. The token must not go to the object store.
            response = yield from send(Send("GET", location, sink.request_headers(), receiver=sink))
        except httpx.TransportError as error:
            reason = f"the connection was lost ({type(error).__name__})"
        else:
            sink.end()
            reason = f"{response.status_code} {' '.join(_text(response).split())[:200]}"
        finally:
            sink.close()
        if sink.is_complete:
            if sink.is_intact:
                yield from work(lambda: os.replace(part, target))
                return
            part.unlink(missing_ok=True)
            wrong_count += 1
            reason = "the checksum or the size is not that of the file"
        if response is not None and response.status_code in (400, 403):
            refused_count += 1  # The link has expired. The next attempt gets another one.
        if sink.has_received:
            retries = Retries(RETRY_S)
            start_count += sink.has_started_anew
        delay_s = _delay(retries, response, restarted=sink.is_complete or sink.is_useless)
        is_hopeless = max(wrong_count, refused_count) > 1 or start_count >= _MAX_STARTS
        if delay_s is None or is_hopeless:
            raise TransferFailed(f"Could not download {name}: {reason}.")
        yield from sleep(delay_s)


def read_file(api: Api, url: str, name: str, folder: Path) -> Flow[bytes]:
    """Returns the bytes of a result, which are downloaded to a file in `folder`."""
    target = folder / "result"
    yield from download_file(api, url, name, -1, target)
    return (yield from work(target.read_bytes))


def _find_location(api: Api, url: str) -> Flow[str]:
    response = yield from api.call("GET", url)
    if not response.is_redirect:
        raise TransferFailed(f"{url} has no download link ({response.status_code}).")
    return urljoin(api.base_url, response.headers["Location"])


class _Sink:
    """The file to which a download is written, and what is known of its bytes."""

    def __init__(self, part: Path, size_bytes: int, progress: Progress) -> None:
        self._part, self._expected = part, size_bytes
        self._progress = progress
        self._offset = part.stat().st_size if part.is_file() else 0
        if 0 <= size_bytes <= self._offset:
            self._offset = 0
        self._checksum = checksum_file(part, self._offset) if self._offset else Crc32c()
        self._file: IO[bytes] | None = None
        self._total = -1
        self._crc32c = ""
        self.has_received = False
        self.has_started_anew = False
        """Whether the response has the file from its first byte."""
        self.is_useless = False
        """Whether the bytes of the earlier attempt cannot be continued."""

    def request_headers(self) -> dict[str, str]:
        """Returns the headers of the request for the missing bytes."""
        # A compressed response would have another size, and no ranges.
        headers = {"Accept-Encoding": "identity"}
        return headers | ({"Range": f"bytes={self._offset}-"} if self._offset else {})

    def start(self, response: httpx.Response) -> bool:
        """Takes the headers of the response. A complete one replaces what was there."""
        if response.status_code == 416:
            self._discard()
        if response.status_code not in (200, 206):
            return False
        match = _CRC32C.search(response.headers.get("x-goog-hash", ""))
        self._crc32c = match[1] if match else ""
        if response.status_code == 200:
            self._offset, self._checksum = 0, Crc32c()
            self._total = int(response.headers.get("Content-Length", -1))
        else:
            span = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if not match or not span or int(span[1]) != self._offset:
                # Nothing tells whether the earlier bytes are those of this file.
                self._discard()
                return False
            self._total = self._expected if span[2] == "*" else int(span[2])
        self.has_started_anew = self._offset == 0
        self._file = self._part.open("r+b" if self._offset else "wb")
        self._file.seek(self._offset)
        self._file.truncate()
        self._progress.set(self._offset)
        return True

    def write(self, block: bytes) -> None:
        """Takes the next bytes."""
        assert self._file is not None  # noqa: S101 - `start` opened it
        self._file.write(block)
        self._checksum.update(block)
        self._offset += len(block)
        self.has_received = True
        self._progress.add(len(block))

    def end(self) -> None:
        """Takes the normal end of the response. Without a length, its bytes are all."""
        if self._total < 0:
            self._total = self._offset

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()

    def _discard(self) -> None:
        self._part.unlink(missing_ok=True)
        self.is_useless = True

    @property
    def is_complete(self) -> bool:
        """Whether all bytes of the file have arrived."""
        return self._file is not None and self._offset >= self._total >= 0

    @property
    def is_intact(self) -> bool:
        """Whether size and checksum are those of the file."""
        has_size = self._expected in (-1, self._offset)
        return has_size and self._crc32c in ("", self._checksum.text)


def _delay(retries: Retries, response: httpx.Response | None, *, restarted: bool) -> float | None:
    """Returns the seconds before another attempt; None if it cannot succeed."""
    if response is None or restarted:
        return retries.next_delay(None)
    status = response.status_code
    if status in (200, 206, 400, 403, 408, 429) or status >= 500:
        return retries.next_delay(retry_after(response))
    return None


def _text(response: httpx.Response) -> str:
    return "" if response.status_code in (200, 206) else response.text
