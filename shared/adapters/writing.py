"""An object being written: small ones in one request, large ones in chunks, never half of one."""

from __future__ import annotations

from typing import Any

import google.cloud.storage as storage

from shared.ports import Stored

CHUNK_BYTES = 8 << 20
"""A multiple of 256 KiB, as resumable uploads ask; the client's default of 40 MiB is kept in
memory."""


class ObjectWriter:
    """Collects up to one chunk; goes over to a resumable upload when there is more."""

    stored: Stored
    adopted: bool = False

    def __init__(self, blob: storage.Blob, content_type: str, retry: Any) -> None:
        self.blob = blob
        self._content_type = content_type
        self._retry = retry
        self._buffer = bytearray()
        self._stream: Any = None

    def write(self, data: bytes, /) -> int:
        """Append `data`; → its length."""
        if self._stream is None and len(self._buffer) + len(data) > CHUNK_BYTES:
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
        if self._stream is not None:
            self._stream.write(data)
        else:
            self._buffer += data
        return len(data)

    def finish(self, timeout_s: tuple[int, int]) -> None:
        """Make the object appear, whole. Raises PreconditionFailed when one is there already."""
        if self._stream is not None:
            self._stream.close()
            self.blob.reload(retry=self._retry, timeout=timeout_s)
            return
        self.blob.upload_from_string(
            bytes(self._buffer),
            content_type=self._content_type,
            if_generation_match=0,
            checksum="crc32c",
            retry=self._retry,
            timeout=timeout_s,
        )

    def abandon(self) -> None:
        """Nothing appears. An upload session that was begun expires by itself."""
        if self._stream is not None:
            self._stream.terminate()
        self._buffer.clear()
