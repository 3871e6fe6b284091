"""Writes an object: a small one in one request, a large one in chunks, never a partial one."""

from __future__ import annotations

from typing import Any

import google.cloud.storage as storage
from google.api_core.exceptions import PreconditionFailed

from shared.adapters.storage.errors import translate_errors
from shared.errors import StorageUnavailable
from shared.recipes.stored_object import StoredObject

CHUNK_BYTES = 8 << 20
"""A multiple of 256 KiB, as resumable uploads require; the client's default of 40 MiB would be held
in memory."""


class CloudObjectWriter:
    """Buffers up to one chunk; starts a resumable upload when there is more."""

    stored_object: StoredObject
    adopted: bool = False

    def __init__(self, blob: storage.Blob, content_type: str, retry: Any) -> None:
        self.blob = blob
        self._content_type = content_type
        self._retry = retry
        self._buffer = bytearray()
        self._stream: Any = None
        self._already_exists = False

    def write(self, data: bytes, /) -> int:
        """Appends `data` and returns its length. Raises StorageUnavailable."""
        if self._already_exists:
            return len(data)
        if self._stream is None and len(self._buffer) + len(data) <= CHUNK_BYTES:
            self._buffer += data
            return len(data)
        try:
            with translate_errors(not_found=StorageUnavailable):
                if self._stream is None:
                    self._start_stream()
                self._stream.write(data)
        except PreconditionFailed:
            # The object exists. Cloud Storage reports it at the start of a resumable upload.
            self._already_exists = True
            self.abandon()
        return len(data)

    def finish(self, timeout_s: tuple[int, int]) -> bool:
        """Creates the object; returns False when it exists already."""
        if self._already_exists:
            return False
        try:
            with translate_errors(not_found=StorageUnavailable):
                if self._stream is None:
                    self._upload_buffer(timeout_s)
                else:
                    self._stream.close()
                    self.blob.reload(retry=self._retry, timeout=timeout_s)
        except PreconditionFailed:
            self.abandon()
            return False
        return True

    def abandon(self) -> None:
        """Cancels the upload. A resumable session expires by itself."""
        if self._stream is not None:
            # When it is garbage collected, an open stream would send its rest as the last chunk.
            self._stream.close = _skip_close
            self._stream = None
        self._buffer.clear()

    def _start_stream(self) -> None:
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

    def _upload_buffer(self, timeout_s: tuple[int, int]) -> None:
        self.blob.upload_from_string(
            bytes(self._buffer),
            content_type=self._content_type,
            if_generation_match=0,
            checksum="crc32c",
            retry=self._retry,
            timeout=timeout_s,
        )


def _skip_close() -> None:
    """Replaces the stream's `close`."""
