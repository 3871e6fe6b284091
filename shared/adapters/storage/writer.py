"""An object being written: small ones in one request, large ones in chunks, never half of one."""

from __future__ import annotations

from typing import Any

import google.cloud.storage as storage
from google.api_core.exceptions import PreconditionFailed

from shared.adapters.storage.errors import translate_errors
from shared.errors import StorageUnavailable
from shared.recipes.stored_object import StoredObject

CHUNK_BYTES = 8 << 20
"""A multiple of 256 KiB, as resumable uploads ask; the client's default of 40 MiB is kept in
memory."""


class CloudObjectWriter:
    """Collects up to one chunk; goes over to a resumable upload when there is more."""

    stored_object: StoredObject
    adopted: bool = False

    def __init__(self, blob: storage.Blob, content_type: str, retry: Any) -> None:
        self.blob = blob
        self._content_type = content_type
        self._retry = retry
        self._buffer = bytearray()
        self._stream: Any = None
        self._there = False

    def write(self, data: bytes, /) -> int:
        """Append `data`; → its length. Raises StorageUnavailable."""
        if self._there:
            return len(data)
        if self._stream is None and len(self._buffer) + len(data) <= CHUNK_BYTES:
            self._buffer += data
            return len(data)
        try:
            with translate_errors(not_found=StorageUnavailable):
                if self._stream is None:
                    self._begin()
                self._stream.write(data)
        except PreconditionFailed:
            # An object stands there: the store says so when a large upload begins, not at its end.
            self._there = True
            self.abandon()
        return len(data)

    def finish(self, timeout_s: tuple[int, int]) -> bool:
        """Make the object appear, whole; → False when one is there already."""
        if self._there:
            return False
        try:
            with translate_errors(not_found=StorageUnavailable):
                if self._stream is None:
                    self._send(timeout_s)
                else:
                    self._stream.close()
                    self.blob.reload(retry=self._retry, timeout=timeout_s)
        except PreconditionFailed:
            self.abandon()
            return False
        return True

    def abandon(self) -> None:
        """Nothing appears. An upload session that was begun expires by itself."""
        if self._stream is not None:
            # Collected as garbage, an open stream would send its rest as if it were the end.
            self._stream.close = _nothing
            self._stream = None
        self._buffer.clear()

    def _begin(self) -> None:
        self._stream = self.blob.open(
            "wb",
            chunk_size=CHUNK_BYTES,
            ignore_flush=True,
            content_type=self._content_type,
            if_generation_match=0,
            retry=self._retry,
        )
        self._stream.write(bytes(self._buffer))
        self._buffer.clear()

    def _send(self, timeout_s: tuple[int, int]) -> None:
        self.blob.upload_from_string(
            bytes(self._buffer),
            content_type=self._content_type,
            if_generation_match=0,
            checksum="crc32c",
            retry=self._retry,
            timeout=timeout_s,
        )


def _nothing() -> None:
    """In the place of a stream's close."""
