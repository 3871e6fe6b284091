"""Receives a body: writes it to a file and checks it, with constant memory."""

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
    """The digests, length range and payload hash that the bytes must have."""

    digests: Mapping[str, str]
    bounds: tuple[int, int] | None = None
    payload: str = UNSIGNED_PAYLOAD


def header_lists(request: web.Request) -> dict[str, list[str]]:
    """Returns all values of each header, by lower-case name."""
    values: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        values.setdefault(name.lower(), []).append(value)
    return values


async def receive_content(
    emulator: Emulator,
    bucket: str,
    name: str,
    chunks: AsyncIterator[bytes],
    expected: ExpectedContent,
) -> Content:
    """Writes a body to disk and checks it. The file is deleted when a check fails."""
    is_signed = expected.payload != UNSIGNED_PAYLOAD
    writer = FileWriter(emulator.files, emulator.files.create_id(), sha256=is_signed)
    try:
        async for chunk in chunks:
            emulator.count_bytes(bucket, name, bytes_in=len(chunk))
            check_length(writer.size_bytes + len(chunk), expected.bounds, final=False)
            await writer.write(chunk)
        check_length(writer.size_bytes, expected.bounds, final=True)
        content = await writer.finish()
        check_digests(expected.digests, content)
        check_payload(expected.payload, writer.sha256_hex)
    except BaseException:
        await writer.discard()
        raise
    return content
