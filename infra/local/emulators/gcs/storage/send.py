"""Bytes out: whole objects and ranges of them, block by block."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import BinaryIO
from urllib.parse import quote

from aiohttp import web

from infra.local.emulators.gcs.errors import range_not_satisfiable
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage.files import BLOCK_BYTES
from infra.local.emulators.gcs.storage.resources import StoredObjectRow
from infra.local.faults.inject import CuttableResponse

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII)
_READ_BYTES = BLOCK_BYTES // 4


def parse_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """First and last byte asked for; None for the whole object, 416 past its end.

    What is not one range of bytes is ignored (RFC 9110, 14.2), as Google does.
    """
    match = _RANGE.fullmatch(header or "")
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        length = int(match[2][:20])
        if length == 0 or size_bytes == 0:
            raise range_not_satisfiable(str(header), size_bytes)
        return max(size_bytes - length, 0), size_bytes - 1
    first = int(match[1][:20])
    last = int(match[2][:20]) if match[2] else size_bytes - 1
    if match[2] and last < first:
        return None
    if first >= size_bytes:
        raise range_not_satisfiable(str(header), size_bytes)
    return first, min(last, size_bytes - 1)


def _header_text(text: str) -> str:
    return text if text.isascii() and text.isprintable() else quote(text, safe=" /:;,=()+@~")


def object_headers(stored: StoredObjectRow, *, xml: bool) -> list[tuple[str, str]]:
    """The headers that describe an object on both APIs."""
    settable = stored.settable
    at = datetime.fromtimestamp(stored.updated_us / 1_000_000, UTC)
    etag = f'"{stored.xml_etag}"' if xml else stored.etag
    hashes = [f"crc32c={stored.crc32c}"] + ([f"md5={stored.md5}"] if stored.md5 else [])
    found = [
        ("ETag", etag),
        ("Last-Modified", format_datetime(at, usegmt=True)),
        ("X-Goog-Generation", str(stored.generation)),
        ("X-Goog-Metageneration", str(stored.metageneration)),
        ("X-Goog-Stored-Content-Encoding", str(settable.get("contentEncoding") or "identity")),
        ("X-Goog-Stored-Content-Length", str(stored.size_bytes)),
        ("X-Goog-Storage-Class", str(settable.get("storageClass", "STANDARD"))),
        ("Accept-Ranges", "bytes"),
    ]
    # The XML API sends one header a digest, the JSON API one list of them.
    found += [("X-Goog-Hash", h) for h in (hashes if xml else [",".join(hashes)])]
    if stored.component_count:
        found.append(("X-Goog-Component-Count", str(stored.component_count)))
    named = {
        "cacheControl": "Cache-Control",
        "contentDisposition": "Content-Disposition",
        "contentEncoding": "Content-Encoding",
        "contentLanguage": "Content-Language",
    }
    found += [(h, _header_text(settable[f])) for f, h in named.items() if settable.get(f)]
    for key, value in settable.get("metadata", {}).items():
        if re.fullmatch(r"[A-Za-z0-9_.-]+", key):
            found.append((f"X-Goog-Meta-{key}", _header_text(value)))
    return found


async def send_object(
    emulator: Emulator,
    request: web.Request,
    stored: StoredObjectRow,
    file: BinaryIO,
    *,
    xml: bool,
    override: Mapping[str, str] | None = None,
    extra: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Answer GET or HEAD with the object's bytes; closes `file`."""
    try:
        headers = object_headers(stored, xml=xml)
        gunzip = stored.settable.get(
            "contentEncoding"
        ) == "gzip" and "gzip" not in request.headers.get("Accept-Encoding", "")
        response = CuttableResponse()
        for name, value in headers:
            response.headers.add(name, value)
        response.headers.update(extra or {})
        response.headers.update(override or {})
        response.headers.setdefault("Content-Type", _header_text(stored.content_type))
        span = None if gunzip else parse_range(request.headers.get("Range"), stored.size_bytes)
        first, last = span or (0, stored.size_bytes - 1)
        if gunzip:
            # Decompressive transcoding: length unknown beforehand, ranges ignored.
            response.headers.popall("Content-Encoding", None)
            response.headers["Warning"] = "214 UploadServer gunzipped"
            response.headers.add("Vary", "Accept-Encoding")
        else:
            response.content_length = last - first + 1
        if span is not None:
            response.set_status(206)
            response.headers["Content-Range"] = f"bytes {first}-{last}/{stored.size_bytes}"
        await response.prepare(request)
        if request.method != "HEAD":
            await _pour(emulator, stored, file, response, first, last, gunzip=gunzip)
        await response.write_eof()
        return response
    finally:
        file.close()


async def _pour(
    stand: Emulator,
    stored: StoredObjectRow,
    file: BinaryIO,
    response: CuttableResponse,
    first: int,
    last: int,
    *,
    gunzip: bool,
) -> None:
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16) if gunzip else None
    file.seek(first)
    left = last - first + 1
    while left > 0:
        block = await asyncio.to_thread(file.read, min(left, _READ_BYTES))
        if not block:
            raise OSError(f"{stored.bucket}/{stored.name}: bytes missing on disk")
        left -= len(block)
        if inflate is None:
            await response.write(block)
            stand.count_bytes(stored.bucket, stored.name, bytes_out=len(block))
            continue
        while block:
            # Bounded: a small object may unfold into very much.
            part = inflate.decompress(block, BLOCK_BYTES)
            block = inflate.unconsumed_tail
            if part:
                await response.write(part)
                stand.count_bytes(stored.bucket, stored.name, bytes_out=len(part))
