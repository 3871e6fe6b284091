"""Bytes in: one body becomes one file, with its digests, in constant memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from aiohttp import web

from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage.files import Content, FileWriter
from infra.local.emulators.gcs.storage.integrity import check_digests, check_length, check_payload
from infra.local.emulators.gcs.xml_api.signature import UNSIGNED_PAYLOAD


@dataclass(frozen=True)
class ExpectedContent:
    """What the bytes must turn out to be."""

    digests: Mapping[str, str]
    bounds: tuple[int, int] | None = None
    payload: str = UNSIGNED_PAYLOAD


def header_lists(request: web.Request) -> dict[str, list[str]]:
    """Lower-case header names to all values sent."""
    found: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        found.setdefault(name.lower(), []).append(value)
    return found


async def receive_content(
    emulator: Emulator,
    bucket: str,
    name: str,
    chunks: AsyncIterator[bytes],
    expected: ExpectedContent,
) -> Content:
    """Take a whole body to disk and check it; nothing is left of it when it is refused."""
    signed = expected.payload != UNSIGNED_PAYLOAD
    sink = FileWriter(emulator.files, emulator.files.create_id(), sha256=signed)
    try:
        async for chunk in chunks:
            emulator.count_bytes(bucket, name, bytes_in=len(chunk))
            check_length(sink.size_bytes + len(chunk), expected.bounds, final=False)
            await sink.write(chunk)
        check_length(sink.size_bytes, expected.bounds, final=True)
        content = await sink.finish()
        check_digests(expected.digests, content)
        check_payload(expected.payload, sink.sha256_hex)
    except BaseException:
        await sink.discard()
        raise
    return content
