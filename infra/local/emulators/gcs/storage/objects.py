"""Objects in the database. Every function runs inside a transaction.

A transaction writes the object's row, removes the previous one and adds the messages about both to
the outbox.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from infra.local.emulators.gcs.errors import ApiError, invalid_argument, no_such_object
from infra.local.emulators.gcs.storage import buckets
from infra.local.emulators.gcs.storage.database import next_generation
from infra.local.emulators.gcs.storage.files import Content
from infra.local.emulators.gcs.storage.notifications import (
    DELETE,
    FINALIZE,
    METADATA_UPDATE,
    add_to_outbox,
)
from infra.local.emulators.gcs.storage.preconditions import Conditions
from infra.local.emulators.gcs.storage.resources import StoredObjectRow, merge_settable, now_us

MAX_NAME_BYTES = 1024


def check_name(name: str) -> None:
    """Raises 400 for an invalid name (https://cloud.google.com/storage/docs/objects#naming)."""
    try:
        size_bytes = len(name.encode())
    except UnicodeEncodeError as error:
        raise invalid_argument(
            "Object names must be valid UTF-8.", xml_code="InvalidURI"
        ) from error
    forbidden = name in (".", "..") or name.startswith(".well-known/acme-challenge/")
    if not 0 < size_bytes <= MAX_NAME_BYTES or forbidden or "\r" in name or "\n" in name:
        raise invalid_argument(
            "The specified object name is not valid.", xml_code="InvalidObjectName"
        )


def lookup(tx: sqlite3.Connection, bucket: str, name: str) -> StoredObjectRow | None:
    """Returns the live object, or None. Raises 404 when the bucket does not exist."""
    buckets.find(tx, bucket)
    row = tx.execute(
        "SELECT * FROM objects WHERE bucket = ? AND name = ?", (bucket, name)
    ).fetchone()
    return None if row is None else StoredObjectRow.from_row(row)


def find(
    tx: sqlite3.Connection,
    bucket: str,
    name: str,
    conditions: Conditions,
    generation: int | None = None,
    *,
    read: bool = True,
) -> StoredObjectRow:
    """Returns the object. Raises 404 when the object or generation does not exist, and 412 or 304
    when the conditions fail."""
    stored = lookup(tx, bucket, name)
    if stored is None or generation not in (None, stored.generation):
        raise no_such_object(bucket, name)
    etags = (stored.etag, stored.xml_etag)
    conditions.check(stored.generation, stored.metageneration, etags, read=read)
    return stored


def check_target(tx: sqlite3.Connection, bucket: str, name: str, conditions: Conditions) -> None:
    """Raises the error that a write of this object would cause. The commit repeats the check."""
    check_name(name)
    current = lookup(tx, bucket, name)
    if current is None:
        conditions.check(0, 0, read=False)
    else:
        etags = (current.etag, current.xml_etag)
        conditions.check(current.generation, current.metageneration, etags, read=False)
        _check_holds(current)


def put(
    tx: sqlite3.Connection,
    bucket: str,
    name: str,
    content: Content,
    settable: dict[str, Any],
    conditions: Conditions,
    base_url: str,
) -> tuple[StoredObjectRow, str | None]:
    """Makes `content` the live object. Returns the object and the id of the replaced file."""
    check_target(tx, bucket, name, conditions)
    previous = lookup(tx, bucket, name)
    if buckets.find(tx, bucket).settable.get("defaultEventBasedHold"):
        settable = {"eventBasedHold": True, **settable}
    created_us = now_us()
    stored = StoredObjectRow(
        bucket=bucket,
        name=name,
        generation=next_generation(tx, created_us),
        metageneration=1,
        file_id=content.file_id,
        size_bytes=content.size_bytes,
        md5=content.md5,
        crc32c=content.crc32c,
        component_count=content.component_count,
        created_us=created_us,
        updated_us=created_us,
        settable=settable,
    )
    _write_row(tx, stored)
    overwritten = previous.generation if previous else None
    add_to_outbox(tx, FINALIZE, stored, base_url, overwroteGeneration=overwritten)
    if previous is None:
        return stored, None
    add_to_outbox(tx, DELETE, previous, base_url, overwrittenByGeneration=stored.generation)
    return stored, previous.file_id


def _write_row(tx: sqlite3.Connection, stored: StoredObjectRow) -> None:
    values = {**vars(stored), "settable": json.dumps(stored.settable)}
    placeholders = ", ".join(f":{column}" for column in values)
    columns = ", ".join(values)
    statement = f"INSERT OR REPLACE INTO objects ({columns}) VALUES ({placeholders})"  # noqa: S608 - column names only
    tx.execute(statement, values)


def patch(
    tx: sqlite3.Connection,
    bucket: str,
    name: str,
    body: dict[str, Any],
    conditions: Conditions,
    base_url: str,
    generation: int | None = None,
    *,
    replace: bool = False,
) -> StoredObjectRow:
    """`objects.patch`, or `objects.update` with `replace`. Increments the metageneration."""
    current = find(tx, bucket, name, conditions, generation, read=False)
    settable = merge_settable(body, {} if replace else current.settable)
    updated = StoredObjectRow(
        **{
            **vars(current),
            "settable": settable,
            "metageneration": current.metageneration + 1,
            "updated_us": max(now_us(), current.updated_us + 1),
        }
    )
    _write_row(tx, updated)
    add_to_outbox(tx, METADATA_UPDATE, updated, base_url)
    return updated


def delete(
    tx: sqlite3.Connection,
    bucket: str,
    name: str,
    conditions: Conditions,
    base_url: str,
    generation: int | None = None,
) -> str:
    """`objects.delete`. Returns the id of the file that is no longer referenced."""
    stored = find(tx, bucket, name, conditions, generation, read=False)
    _check_holds(stored)
    tx.execute("DELETE FROM objects WHERE bucket = ? AND name = ?", (bucket, name))
    add_to_outbox(tx, DELETE, stored, base_url)
    return stored.file_id


def _check_holds(stored: StoredObjectRow) -> None:
    for hold in ("temporaryHold", "eventBasedHold"):
        if stored.settable.get(hold):
            message = f"Object '{stored.bucket}/{stored.name}' is under active {hold}."
            raise ApiError(403, "forbidden", "ObjectUnderActiveHold", message)


def list_referenced_files(tx: sqlite3.Connection) -> list[str]:
    """Returns the ids of all files of objects and unfinished uploads."""
    rows = tx.execute(
        "SELECT file_id FROM objects UNION ALL SELECT file_id FROM sessions WHERE finished IS NULL"
        " UNION ALL SELECT file_id FROM multipart_parts"
    )
    return [row["file_id"] for row in rows]
