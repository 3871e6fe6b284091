"""`multipart/related` uploads: JSON metadata, then the media, read as a stream."""

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
_MAX_HEAD_BYTES = 16 * 1024


@dataclass(frozen=True)
class MultipartUpload:
    """The metadata of an upload, its media's content type, and the media still to be read."""

    resource: dict[str, Any]
    content_type: str
    media: AsyncIterator[bytes]


class _Buffered:
    """A body with look-ahead: hands out bytes up to a marker, never holding much."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._held = bytearray()

    async def _more(self) -> None:
        try:
            self._held += await anext(self._chunks)
        except StopAsyncIteration:
            raise invalid_argument("Multipart body is missing its closing boundary.") from None

    async def until(self, marker: bytes, limit_bytes: int) -> bytes:
        """Everything before `marker`, which is consumed."""
        while (at := self._held.find(marker)) < 0:
            if len(self._held) > limit_bytes:
                raise invalid_argument("A part of the multipart body is too large.")
            await self._more()
        head = bytes(self._held[:at])
        del self._held[: at + len(marker)]
        return head

    async def stream_until(self, marker: bytes) -> AsyncIterator[bytes]:
        """Yield what comes before `marker`, then swallow the rest of the body."""
        while (at := self._held.find(marker)) < 0:
            # The marker may be cut by the end of what has arrived: that much is held back.
            ready = len(self._held) - len(marker) + 1
            if ready > 0:
                yield bytes(self._held[:ready])
                del self._held[:ready]
            await self._more()
        yield bytes(self._held[:at])
        self._held.clear()
        async for _ in self._chunks:
            pass


async def read_multipart(content_type: str, chunks: AsyncIterator[bytes]) -> MultipartUpload:
    """Read up to the first byte of the media."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise ApiError(400, "badContent", "InvalidArgument", "Missing multipart boundary.")
    boundary = b"--" + next(group for group in match.groups() if group).encode()
    body = _Buffered(chunks)
    await body.until(boundary, _MAX_HEAD_BYTES)
    # Some clients end lines with a bare LF: the boundary's own line says which it is.
    newline = b"\r\n" if (await body.until(b"\n", 16)).endswith(b"\r") else b"\n"
    await _head(body)
    resource = parse_json(await body.until(newline + boundary, MAX_JSON_BYTES))
    await body.until(b"\n", 16)
    head = await _head(body)
    media = body.stream_until(newline + boundary)
    return MultipartUpload(resource, head.get("content-type", ""), media)


async def _head(body: _Buffered) -> dict[str, str]:
    found: dict[str, str] = {}
    while line := (await body.until(b"\n", _MAX_HEAD_BYTES)).rstrip(b"\r"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        found[name.strip().lower()] = value.strip()
        if len(found) > 50:
            raise invalid_argument("Too many headers in a part.")
    return found
