"""Reads `multipart/related` uploads as a stream: JSON metadata, then the media."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from infra.local.emulators.gcs.errors import ApiError, invalid_argument
from infra.local.emulators.gcs.json_api.api_request import MAX_JSON_BYTES, parse_json

_BOUNDARY = re.compile(
    r"""boundary\s*=\s*(?:"([^"]{1,200})"|'([^']{1,200})'|([^\s;]{1,200}))""", re.I
)
_MAX_HEADER_BYTES = 16 * 1024


@dataclass(frozen=True)
class MultipartUpload:
    """The metadata of an upload, the media's content type, and the unread media."""

    resource: dict[str, Any]
    content_type: str
    media: AsyncIterator[bytes]


class _BufferedBody:
    """A body that can be read up to a marker, with a small buffer."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = bytearray()

    async def _read_chunk(self) -> None:
        try:
            self._buffer += await anext(self._chunks)
        except StopAsyncIteration:
            raise invalid_argument("Multipart body is missing its closing boundary.") from None

    async def read_until(self, marker: bytes, limit_bytes: int) -> bytes:
        """Returns the bytes before `marker`, which is consumed. Raises 400 above `limit_bytes`."""
        while (position := self._buffer.find(marker)) < 0:
            if len(self._buffer) > limit_bytes:
                raise invalid_argument("A part of the multipart body is too large.")
            await self._read_chunk()
        head = bytes(self._buffer[:position])
        del self._buffer[: position + len(marker)]
        return head

    async def stream_until(self, marker: bytes) -> AsyncIterator[bytes]:
        """Yields the bytes before `marker`, then discards the rest of the body."""
        while (position := self._buffer.find(marker)) < 0:
            # The buffer may end within the marker, so its last bytes are kept back.
            ready_bytes = len(self._buffer) - len(marker) + 1
            if ready_bytes > 0:
                yield bytes(self._buffer[:ready_bytes])
                del self._buffer[:ready_bytes]
            await self._read_chunk()
        yield bytes(self._buffer[:position])
        self._buffer.clear()
        async for _ in self._chunks:
            pass


async def read_multipart(content_type: str, chunks: AsyncIterator[bytes]) -> MultipartUpload:
    """Reads a multipart upload up to the first byte of the media. Raises 400."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise ApiError(400, "badContent", "InvalidArgument", "Missing multipart boundary.")
    boundary = b"--" + next(group for group in match.groups() if group).encode()
    body = _BufferedBody(chunks)
    await body.read_until(boundary, _MAX_HEADER_BYTES)
    # Some clients end lines with a bare LF. The line of the boundary shows which one is used.
    newline = b"\r\n" if (await body.read_until(b"\n", 16)).endswith(b"\r") else b"\n"
    await _read_headers(body)
    resource = parse_json(await body.read_until(newline + boundary, MAX_JSON_BYTES))
    await body.read_until(b"\n", 16)
    headers = await _read_headers(body)
    media = body.stream_until(newline + boundary)
    return MultipartUpload(resource, headers.get("content-type", ""), media)


async def _read_headers(body: _BufferedBody) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := (await body.read_until(b"\n", _MAX_HEADER_BYTES)).rstrip(b"\r"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.strip().lower()] = value.strip()
        if len(headers) > 50:
            raise invalid_argument("Too many headers in a part.")
    return headers
