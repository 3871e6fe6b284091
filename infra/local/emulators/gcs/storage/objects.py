"""Objects in the database: every function is one step of a transaction.

Writing an object's row, taking the old one away and putting the messages about both into the outbox
happen together or not at all.
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
    """https://cloud.google.com/storage/docs/objects#naming."""
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
    """The live object, or None; 404 when the bucket does not exist."""
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
    """The object, once the conditions hold; 404 when it, or that generation of it, is gone."""
    stored = lookup(tx, bucket, name)
    if stored is None or generation not in (None, stored.generation):
        raise no_such_object(bucket, name)
    etags = (stored.etag, stored.xml_etag)
    conditions.check(stored.generation, stored.metageneration, etags, read=read)
    return stored


def check_target(tx: sqlite3.Connection, bucket: str, name: str, conditions: Conditions) -> None:
    """Raise what a write of this object would meet; an early answer, repeated when it commits."""
    check_name(name)
    old = lookup(tx, bucket, name)
    if old is None:
        conditions.check(0, 0, read=False)
    else:
        etags = (old.etag, old.xml_etag)
        conditions.check(old.generation, old.metageneration, etags, read=False)
        _check_holds(old)


def put(
    tx: sqlite3.Connection,
    bucket: str,
    name: str,
    content: Content,
    settable: dict[str, Any],
    conditions: Conditions,
    base_url: str,
) -> tuple[StoredObjectRow, str | None]:
    """Make `content` the live object: (the object, the file that it replaced)."""
    check_target(tx, bucket, name, conditions)
    old = lookup(tx, bucket, name)
    at_us = now_us()
    stored = StoredObjectRow(
        bucket=bucket,
        name=name,
        generation=next_generation(tx, at_us),
        metageneration=1,
        file_id=content.file_id,
        size_bytes=content.size_bytes,
        md5=content.md5,
        crc32c=content.crc32c,
        component_count=content.component_count,
        created_us=at_us,
        updated_us=at_us,
        settable=settable,
    )
    _store(tx, stored)
    overwrote = old.generation if old else None
    add_to_outbox(tx, FINALIZE, stored, base_url, overwroteGeneration=overwrote)
    if old is None:
        return stored, None
    add_to_outbox(tx, DELETE, old, base_url, overwrittenByGeneration=stored.generation)
    return stored, old.file_id


def _store(tx: sqlite3.Connection, stored: StoredObjectRow) -> None:
    values = {**vars(stored), "settable": json.dumps(stored.settable)}
    marks = ", ".join(f":{column}" for column in values)
    columns = ", ".join(values)
    statement = f"INSERT OR REPLACE INTO objects ({columns}) VALUES ({marks})"  # noqa: S608 - own names
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
    """`objects.patch`, or with `replace` `objects.update`: metadata alone, a new metageneration."""
    old = find(tx, bucket, name, conditions, generation, read=False)
    settable = merge_settable(body, {} if replace else old.settable)
    new = StoredObjectRow(
        **{
            **vars(old),
            "settable": settable,
            "metageneration": old.metageneration + 1,
            "updated_us": max(now_us(), old.updated_us + 1),
        }
    )
    _store(tx, new)
    add_to_outbox(tx, METADATA_UPDATE, new, base_url)
    return new


def delete(
    tx: sqlite3.Connection,
    bucket: str,
    name: str,
    conditions: Conditions,
    base_url: str,
    generation: int | None = None,
) -> str:
    """`objects.delete`; returns the file that no row names any more."""
    old = find(tx, bucket, name, conditions, generation, read=False)
    _check_holds(old)
    tx.execute("DELETE FROM objects WHERE bucket = ? AND name = ?", (bucket, name))
    add_to_outbox(tx, DELETE, old, base_url)
    return old.file_id


def _check_holds(stored: StoredObjectRow) -> None:
    for hold in ("temporaryHold", "eventBasedHold"):
        if stored.settable.get(hold):
            message = f"Object '{stored.bucket}/{stored.name}' is under active {hold}."
            raise ApiError(403, "forbidden", "ObjectUnderActiveHold", message)


def list_referenced_files(tx: sqlite3.Connection) -> list[str]:
    """Every file that an object or an unfinished upload stands on."""
    rows = tx.execute(
        "SELECT file_id FROM objects UNION ALL SELECT file_id FROM sessions WHERE finished IS NULL"
    )
    return [row["file_id"] for row in rows]
