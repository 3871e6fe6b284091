"""Buckets in the database. Every function runs inside a transaction."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import Any

from infra.local.emulators.gcs.errors import (
    conflict,
    invalid_argument,
    missing_parameter,
    no_such_bucket,
)
from infra.local.emulators.gcs.storage.preconditions import Conditions
from infra.local.emulators.gcs.storage.resources import BUCKET_SETTABLE_FIELDS, Bucket, now_us
from infra.local.emulators.gcs.unsupported import check_bucket_fields

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


def find(tx: sqlite3.Connection, name: str) -> Bucket:
    """Returns the bucket. Raises 404 when it does not exist."""
    row = tx.execute("SELECT * FROM buckets WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise no_such_bucket(name)
    return Bucket.from_row(row)


def list_all(tx: sqlite3.Connection, prefix: str, start: str, limit: int) -> list[Bucket]:
    """Returns up to `limit` buckets with `prefix`, sorted by name, from `start` on."""
    rows = tx.execute(
        "SELECT * FROM buckets WHERE name >= ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
        (start, len(prefix), prefix, limit),
    )
    return [Bucket.from_row(row) for row in rows]


def create(tx: sqlite3.Connection, body: dict[str, Any]) -> Bucket:
    """`buckets.insert`."""
    name = body.get("name")
    if not name:
        raise missing_parameter("name")
    parts_are_valid = all(0 < len(part) <= 63 for part in str(name).split("."))
    if not _NAME.fullmatch(str(name)) or _IP_ADDRESS.fullmatch(str(name)) or not parts_are_valid:
        raise invalid_argument(f"Invalid bucket name: '{name}'", xml_code="InvalidBucketName")
    if tx.execute("SELECT 1 FROM buckets WHERE name = ?", (name,)).fetchone():
        message = (
            "Your previous request to create the named bucket succeeded and you already own it."
        )
        raise conflict(message, "BucketAlreadyOwnedByYou")
    created_us = now_us()
    settable = _merge_settings({}, body)
    tx.execute(
        "INSERT INTO buckets VALUES (?, 1, ?, ?, ?)", (name, created_us, created_us, settable)
    )
    return find(tx, str(name))


def patch(
    tx: sqlite3.Connection,
    name: str,
    body: dict[str, Any],
    conditions: Conditions,
    *,
    replace: bool = False,
) -> Bucket:
    """`buckets.patch`, or `buckets.update` with `replace`."""
    bucket = find(tx, name)
    conditions.check(bucket.created_us, bucket.metageneration, read=False)
    settable = _merge_settings({} if replace else bucket.settable, body)
    tx.execute(
        "UPDATE buckets SET metageneration = metageneration + 1, updated_us = ?, settable = ?"
        " WHERE name = ?",
        (now_us(), settable, name),
    )
    return find(tx, name)


def delete(tx: sqlite3.Connection, name: str, conditions: Conditions) -> None:
    """`buckets.delete`. Raises 409 when the bucket is not empty."""
    bucket = find(tx, name)
    conditions.check(bucket.created_us, bucket.metageneration, read=False)
    if tx.execute("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", (name,)).fetchone():
        raise conflict("The bucket you tried to delete is not empty.", "BucketNotEmpty")
    tx.execute("DELETE FROM notification_configs WHERE bucket = ?", (name,))
    tx.execute("DELETE FROM buckets WHERE name = ?", (name,))


def _merge_settings(base: dict[str, Any], body: dict[str, Any]) -> str:
    check_bucket_fields(body)
    merged = dict(base)
    for field in BUCKET_SETTABLE_FIELDS:
        if field not in body:
            continue
        value = body[field]
        if field == "labels" and isinstance(value, dict):
            labels = {**merged.get("labels", {}), **value}
            value = {key: label for key, label in labels.items() if label is not None}
        if field == "cors":
            _check_cors(value)
        if field == "iamConfiguration":
            _check_iam_configuration(value)
        if value is None or value in ({}, []):
            merged.pop(field, None)
        else:
            merged[field] = value
    return json.dumps(merged)


def _check_iam_configuration(value: Any) -> None:
    if not isinstance(value, dict | None):
        raise invalid_argument("Invalid value for iamConfiguration.")
    prevention = (value or {}).get("publicAccessPrevention", "inherited")
    if prevention not in ("enforced", "inherited", "unspecified"):
        raise invalid_argument("Invalid value for iamConfiguration.publicAccessPrevention.")


def _check_cors(rules: Any) -> None:
    field_types = {"origin": list, "method": list, "responseHeader": list, "maxAgeSeconds": int}
    for rule in rules or []:
        if not isinstance(rule, dict):
            raise invalid_argument("Invalid value for cors.")
        for field, value in rule.items():
            is_string_list = isinstance(value, list) and all(
                isinstance(item, str) for item in value
            )
            if field not in field_types or not isinstance(value, field_types[field]):
                raise invalid_argument(f"Invalid value for cors.{field}.")
            if isinstance(value, list) and not is_string_list:
                raise invalid_argument(f"Invalid value for cors.{field}: must be strings.")
