"""Sends objects and byte ranges, block by block."""

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
    """Returns the first and last byte of a range, or None for the whole object.

    Raises 416 when the range starts after the end. As on Google's service, a header that is not a
    single range of bytes is ignored (RFC 9110, 14.2).
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
    """Returns the headers that describe an object, for both APIs."""
    settable = stored.settable
    updated_at = datetime.fromtimestamp(stored.updated_us / 1_000_000, UTC)
    etag = f'"{stored.xml_etag}"' if xml else stored.etag
    hashes = [f"crc32c={stored.crc32c}"] + ([f"md5={stored.md5}"] if stored.md5 else [])
    headers = [
        ("ETag", etag),
        ("Last-Modified", format_datetime(updated_at, usegmt=True)),
        ("X-Goog-Generation", str(stored.generation)),
        ("X-Goog-Metageneration", str(stored.metageneration)),
        ("X-Goog-Stored-Content-Encoding", str(settable.get("contentEncoding") or "identity")),
        ("X-Goog-Stored-Content-Length", str(stored.size_bytes)),
        ("X-Goog-Storage-Class", str(settable.get("storageClass", "STANDARD"))),
        ("Accept-Ranges", "bytes"),
    ]
    # The XML API sends one header per digest, the JSON API one header with all digests.
    headers += [("X-Goog-Hash", header) for header in (hashes if xml else [",".join(hashes)])]
    if stored.component_count:
        headers.append(("X-Goog-Component-Count", str(stored.component_count)))
    field_headers = {
        "cacheControl": "Cache-Control",
        "contentDisposition": "Content-Disposition",
        "contentEncoding": "Content-Encoding",
        "contentLanguage": "Content-Language",
    }
    headers += [
        (header, _header_text(settable[field]))
        for field, header in field_headers.items()
        if settable.get(field)
    ]
    for key, value in settable.get("metadata", {}).items():
        if re.fullmatch(r"[A-Za-z0-9_.-]+", key):
            headers.append((f"X-Goog-Meta-{key}", _header_text(value)))
    return headers


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
    """Responds to GET or HEAD with the object's bytes. Closes `file`."""
    try:
        headers = object_headers(stored, xml=xml)
        decompress = stored.settable.get(
            "contentEncoding"
        ) == "gzip" and "gzip" not in request.headers.get("Accept-Encoding", "")
        response = CuttableResponse()
        for name, value in headers:
            response.headers.add(name, value)
        response.headers.update(extra or {})
        response.headers.update(override or {})
        response.headers.setdefault("Content-Type", _header_text(stored.content_type))
        byte_range = (
            None if decompress else parse_range(request.headers.get("Range"), stored.size_bytes)
        )
        first, last = byte_range or (0, stored.size_bytes - 1)
        if decompress:
            # Decompressive transcoding: the length is unknown, and ranges are ignored.
            response.headers.popall("Content-Encoding", None)
            response.headers["Warning"] = "214 UploadServer gunzipped"
            response.headers.add("Vary", "Accept-Encoding")
        else:
            response.content_length = last - first + 1
        if byte_range is not None:
            response.set_status(206)
            response.headers["Content-Range"] = f"bytes {first}-{last}/{stored.size_bytes}"
        await response.prepare(request)
        if request.method != "HEAD":
            await _stream_bytes(
                emulator, stored, file, response, first, last, decompress=decompress
            )
        await response.write_eof()
        return response
    finally:
        file.close()


async def _stream_bytes(
    emulator: Emulator,
    stored: StoredObjectRow,
    file: BinaryIO,
    response: CuttableResponse,
    first: int,
    last: int,
    *,
    decompress: bool,
) -> None:
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16) if decompress else None
    file.seek(first)
    remaining = last - first + 1
    while remaining > 0:
        block = await asyncio.to_thread(file.read, min(remaining, _READ_BYTES))
        if not block:
            raise OSError(f"{stored.bucket}/{stored.name}: bytes missing on disk")
        remaining -= len(block)
        if decompressor is None:
            await response.write(block)
            emulator.count_bytes(stored.bucket, stored.name, bytes_out=len(block))
            continue
        while block:
            # Bounded output: a small object may decompress to a large one.
            output = decompressor.decompress(block, BLOCK_BYTES)
            block = decompressor.unconsumed_tail
            if output:
                await response.write(output)
                emulator.count_bytes(stored.bucket, stored.name, bytes_out=len(output))
