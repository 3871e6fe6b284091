"""Notification configs of a bucket, and the outbox of their messages.

The transaction that makes an object visible also writes its messages, so both happen or neither.
Format: https://cloud.google.com/storage/docs/pubsub-notifications.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from typing import Any

from infra.local.emulators.gcs.errors import (
    ApiError,
    invalid_argument,
    missing_parameter,
    not_found,
)
from infra.local.emulators.gcs.storage.resources import StoredObjectRow, now_us, rfc3339

FINALIZE = "OBJECT_FINALIZE"
DELETE = "OBJECT_DELETE"
METADATA_UPDATE = "OBJECT_METADATA_UPDATE"
EVENT_TYPES = (FINALIZE, METADATA_UPDATE, DELETE, "OBJECT_ARCHIVE")

MAX_CONFIGS_PER_EVENT = 10
"""Maximum number of configs of a bucket per event (Google's limit)."""

_TOPIC = re.compile(
    r"(//pubsub\.googleapis\.com/)?(projects/[a-z0-9.:-]{2,}/topics/[A-Za-z][\w.~+%-]{2,254})"
)


def add_config(
    tx: sqlite3.Connection, bucket: str, body: dict[str, Any], base_url: str
) -> dict[str, Any]:
    """`notificationConfigs.insert`."""
    if not body.get("topic"):
        raise missing_parameter("topic")
    topic = _TOPIC.fullmatch(str(body["topic"]))
    if topic is None:
        raise invalid_argument(f"Invalid topic: {body['topic']}")
    event_types = body.get("event_types") or []
    if not isinstance(event_types, list) or any(event not in EVENT_TYPES for event in event_types):
        raise invalid_argument("Invalid value for event_types.")
    payload_format = body.get("payload_format", "JSON_API_V1")
    if payload_format not in ("JSON_API_V1", "NONE"):
        raise invalid_argument("Invalid value for payload_format.")
    attributes = body.get("custom_attributes") or {}
    if not isinstance(attributes, dict) or len(attributes) > 5:
        raise invalid_argument("Invalid value for custom_attributes: at most 5 are allowed.")
    for event in EVENT_TYPES:
        if (
            len([config for config in _read_configs(tx, bucket) if _matches_event(config, event)])
            >= MAX_CONFIGS_PER_EVENT
        ):
            raise invalid_argument("Too many overlapping notifications.")
    row = tx.execute(
        "SELECT coalesce(max(id), 0) + 1 FROM notification_configs WHERE bucket = ?", (bucket,)
    ).fetchone()
    settable: dict[str, Any] = {
        "topic": f"//pubsub.googleapis.com/{topic[2]}",
        "payload_format": payload_format,
    }
    if event_types:
        settable["event_types"] = event_types
    if attributes:
        settable["custom_attributes"] = {str(key): str(value) for key, value in attributes.items()}
    if body.get("object_name_prefix"):
        settable["object_name_prefix"] = str(body["object_name_prefix"])
    values = (bucket, row[0], json.dumps(settable))
    tx.execute("INSERT INTO notification_configs VALUES (?, ?, ?)", values)
    return get_config(tx, bucket, str(row[0]), base_url)


def _read_configs(tx: sqlite3.Connection, bucket: str) -> list[dict[str, Any]]:
    rows = tx.execute(
        "SELECT id, settable FROM notification_configs WHERE bucket = ? ORDER BY id", (bucket,)
    )
    return [{"id": str(row["id"]), **json.loads(row["settable"])} for row in rows]


def list_configs(tx: sqlite3.Connection, bucket: str, base_url: str) -> list[dict[str, Any]]:
    """Returns all configs of a bucket as `storage#notification` resources."""
    return [
        {
            "kind": "storage#notification",
            "selfLink": f"{base_url}/storage/v1/b/{bucket}/notificationConfigs/{config['id']}",
            "etag": config["id"],
            **config,
        }
        for config in _read_configs(tx, bucket)
    ]


def get_config(
    tx: sqlite3.Connection, bucket: str, config_id: str, base_url: str
) -> dict[str, Any]:
    """Returns a config. Raises 404 when it does not exist."""
    for config in list_configs(tx, bucket, base_url):
        if config["id"] == config_id:
            return config
    raise _config_not_found(bucket, config_id)


def delete_config(tx: sqlite3.Connection, bucket: str, config_id: str) -> None:
    """`notificationConfigs.delete`."""
    cursor = tx.execute(
        "DELETE FROM notification_configs WHERE bucket = ? AND CAST(id AS TEXT) = ?",
        (bucket, config_id),
    )
    if cursor.rowcount == 0:
        raise _config_not_found(bucket, config_id)


def _config_not_found(bucket: str, config_id: str) -> ApiError:
    return not_found(f"Notification {config_id} on bucket {bucket} not found.")


def _matches_event(config: dict[str, Any], event: str) -> bool:
    return event in config.get("event_types", EVENT_TYPES)


def add_to_outbox(
    tx: sqlite3.Connection,
    event: str,
    stored: StoredObjectRow,
    base_url: str,
    **generations: int | None,
) -> None:
    """Adds the messages for `event` to the outbox, inside the caller's transaction.

    `generations` may hold `overwroteGeneration` or `overwrittenByGeneration`.
    """
    created_us = now_us()
    for config in _read_configs(tx, stored.bucket):
        if not _matches_event(config, event):
            continue
        if not stored.name.startswith(config.get("object_name_prefix", "")):
            continue
        attributes = {
            **config.get("custom_attributes", {}),
            "notificationConfig": (
                f"projects/_/buckets/{stored.bucket}/notificationConfigs/{config['id']}"
            ),
            "eventType": event,
            "payloadFormat": config["payload_format"],
            "bucketId": stored.bucket,
            "objectId": stored.name,
            "objectGeneration": str(stored.generation),
            "eventTime": rfc3339(created_us)[:-1] + f"{created_us % 1000:03d}Z",
        }
        attributes.update(
            {name: str(generation) for name, generation in generations.items() if generation}
        )
        message: dict[str, Any] = {"attributes": attributes}
        if config["payload_format"] == "JSON_API_V1":
            payload = json.dumps(stored.as_json(base_url), indent=2, ensure_ascii=False)
            message["data"] = base64.b64encode(payload.encode()).decode()
        topic = config["topic"].removeprefix("//pubsub.googleapis.com/")
        tx.execute(
            "INSERT INTO outbox (created_us, topic, message) VALUES (?, ?, ?)",
            (created_us, topic, json.dumps(message)),
        )
