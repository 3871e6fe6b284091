"""Multipart uploads of the XML API in the database and on disk.

https://cloud.google.com/storage/docs/multipart-uploads. Parts are files of their own until the
upload is completed or aborted. Unfinished uploads do not expire, as on Google's service.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from infra.local.emulators.gcs.errors import ApiError, invalid_argument
from infra.local.emulators.gcs.server import Emulator
from infra.local.emulators.gcs.storage import objects
from infra.local.emulators.gcs.storage.files import Content, concatenate
from infra.local.emulators.gcs.storage.preconditions import Conditions
from infra.local.emulators.gcs.storage.resources import StoredObjectRow, now_us

MAX_PARTS = 10_000
MIN_PART_BYTES = 5 << 20
"""The smallest part but the last."""


@dataclass(frozen=True)
class Part:
    """A stored part. `md5` is in base64."""

    number: int
    file_id: str
    size_bytes: int
    md5: str

    @property
    def etag(self) -> str:
        """The unquoted ETag: the MD5 in hex."""
        return base64.b64decode(self.md5).hex()


async def start(emulator: Emulator, bucket: str, name: str, settable: dict[str, Any]) -> str:
    """Starts an upload. Returns its id."""
    upload_id = secrets.token_urlsafe(48)

    def step(tx: sqlite3.Connection) -> None:
        objects.check_target(tx, bucket, name, Conditions())
        tx.execute(
            "INSERT INTO multipart_uploads VALUES (?, ?, ?, ?, ?)",
            (upload_id, now_us(), bucket, name, json.dumps(settable)),
        )

    await emulator.db.write(step)
    return upload_id


async def check(emulator: Emulator, upload_id: str, bucket: str, name: str) -> None:
    """Raises 404 when the object has no such upload."""
    await emulator.db.read(lambda tx: _find(tx, upload_id, bucket, name))


async def put_part(
    emulator: Emulator, upload_id: str, bucket: str, name: str, number: int, content: Content
) -> Part:
    """Stores a part and returns it. It replaces an earlier one of the same number."""
    part = Part(number, content.file_id, content.size_bytes, str(content.md5))

    def step(tx: sqlite3.Connection) -> list[Part]:
        _find(tx, upload_id, bucket, name)
        replaced = _list_parts(tx, upload_id, number)
        tx.execute(
            "INSERT OR REPLACE INTO multipart_parts VALUES (?, ?, ?, ?, ?)",
            (upload_id, part.number, part.file_id, part.size_bytes, part.md5),
        )
        return replaced

    try:
        replaced = await emulator.db.write(step)
    except Exception:
        await asyncio.to_thread(emulator.files.remove, content.file_id)
        raise
    await _remove_files(emulator, replaced)
    return part


async def complete(
    emulator: Emulator, upload_id: str, bucket: str, name: str, listed: list[tuple[int, str]]
) -> StoredObjectRow:
    """Makes the listed parts (number and ETag) an object. Other parts are deleted."""

    def read(tx: sqlite3.Connection) -> tuple[dict[str, Any], list[Part]]:
        return _find(tx, upload_id, bucket, name), _list_parts(tx, upload_id)

    settable, parts = await emulator.db.read(read)
    used = _select_parts({part.number: part for part in parts}, listed)
    file_id, size_bytes, crc32c = await asyncio.to_thread(
        concatenate, emulator.files, [part.file_id for part in used]
    )

    def end_upload(tx: sqlite3.Connection, _stored: StoredObjectRow) -> None:
        _find(tx, upload_id, bucket, name)
        _delete(tx, upload_id)

    stored = await emulator.commit(
        bucket,
        name,
        Content(file_id, size_bytes, None, crc32c),
        settable,
        Conditions(),
        extra_write=end_upload,
    )
    await _remove_files(emulator, parts)
    return stored


async def abort(emulator: Emulator, upload_id: str, bucket: str, name: str) -> None:
    """Deletes an upload and its parts."""

    def step(tx: sqlite3.Connection) -> list[Part]:
        _find(tx, upload_id, bucket, name)
        parts = _list_parts(tx, upload_id)
        _delete(tx, upload_id)
        return parts

    await _remove_files(emulator, await emulator.db.write(step))


def _find(tx: sqlite3.Connection, upload_id: str, bucket: str, name: str) -> dict[str, Any]:
    """Returns the settings of the object to create. Raises 404."""
    row = tx.execute(
        "SELECT settable FROM multipart_uploads WHERE id = ? AND bucket = ? AND name = ?",
        (upload_id, bucket, name),
    ).fetchone()
    if row is None:
        raise ApiError(404, "notFound", "NoSuchUpload", "The requested upload was not found.")
    settable: dict[str, Any] = json.loads(row["settable"])
    return settable


def _list_parts(tx: sqlite3.Connection, upload_id: str, number: int | None = None) -> list[Part]:
    """Returns the parts of an upload, or the one with `number`."""
    rows = tx.execute(
        "SELECT number, file_id, size_bytes, md5 FROM multipart_parts"
        " WHERE upload_id = ? AND number = ifnull(?, number)",
        (upload_id, number),
    )
    return [Part(**dict(row)) for row in rows]


def _select_parts(parts: dict[int, Part], listed: list[tuple[int, str]]) -> list[Part]:
    numbers = [number for number, _ in listed]
    if not numbers:
        raise invalid_argument("The list of parts is empty.", xml_code="MalformedXML")
    if numbers != sorted(set(numbers)):
        raise invalid_argument("The parts are not in ascending order.", xml_code="InvalidPartOrder")
    for number, etag in listed:
        if number not in parts or parts[number].etag != etag:
            raise invalid_argument(
                "A part was not found, or its ETag is another one.", xml_code="InvalidPart"
            )
    used = [parts[number] for number in numbers]
    if any(part.size_bytes < MIN_PART_BYTES for part in used[:-1]):
        raise invalid_argument(
            "A part other than the last one is smaller than 5 MiB.", xml_code="EntityTooSmall"
        )
    return used


def _delete(tx: sqlite3.Connection, upload_id: str) -> None:
    tx.execute("DELETE FROM multipart_uploads WHERE id = ?", (upload_id,))
    tx.execute("DELETE FROM multipart_parts WHERE upload_id = ?", (upload_id,))


async def _remove_files(emulator: Emulator, parts: list[Part]) -> None:
    for part in parts:
        await asyncio.to_thread(emulator.files.remove, part.file_id)
