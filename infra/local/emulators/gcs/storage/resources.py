"""Rows of buckets and objects, and their JSON resources."""

from __future__ import annotations

import base64
import json
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from infra.local.emulators.gcs.errors import invalid_argument
from infra.local.emulators.gcs.unsupported import check_object_fields

OBJECT_SETTABLE_FIELDS = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "eventBasedHold",
    "metadata",
    "storageClass",
    "temporaryHold",
)
BUCKET_SETTABLE_FIELDS = (
    "billing",
    "cors",
    "defaultEventBasedHold",
    "hierarchicalNamespace",
    "iamConfiguration",
    "labels",
    "lifecycle",
    "location",
    "logging",
    "softDeletePolicy",
    "storageClass",
    "versioning",
    "website",
)
MAX_METADATA_BYTES = 8 * 1024
"""Maximum custom metadata of an object (https://cloud.google.com/storage/quotas)."""


def now_us() -> int:
    """Returns the time in microseconds since the epoch."""
    return time.time_ns() // 1000


def rfc3339(at_us: int) -> str:
    """Returns a timestamp such as `2026-11-21T00:02:03.123Z`."""
    moment = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def make_etag(generation: int, metageneration: int) -> str:
    """Returns the ETag of the JSON API: both numbers as a protobuf message in base64."""
    packed = b"\x08" + _varint(generation) + b"\x10" + _varint(metageneration)
    return base64.b64encode(packed).decode()


@dataclass(frozen=True)
class Bucket:
    """A bucket's row."""

    name: str
    metageneration: int
    created_us: int
    updated_us: int
    settable: dict[str, Any]

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Bucket:
        """Returns the bucket of a row of `buckets`."""
        return cls(**{**dict(row), "settable": json.loads(row["settable"])})

    def as_json(self, base_url: str) -> dict[str, Any]:
        """Returns the `storage#bucket` resource."""
        return {
            "kind": "storage#bucket",
            "id": self.name,
            "selfLink": f"{base_url}/storage/v1/b/{self.name}",
            "projectNumber": "0",
            "name": self.name,
            "generation": str(self.created_us),
            "metageneration": str(self.metageneration),
            "location": "US",
            "locationType": "multi-region",
            "storageClass": "STANDARD",
            "etag": make_etag(0, self.metageneration),
            "timeCreated": rfc3339(self.created_us),
            "updated": rfc3339(self.updated_us),
            **self.settable,
        }


@dataclass(frozen=True)
class StoredObjectRow:
    """An object's row."""

    bucket: str
    name: str
    generation: int
    metageneration: int
    file_id: str
    size_bytes: int
    md5: str | None
    crc32c: str
    component_count: int | None
    created_us: int
    updated_us: int
    settable: dict[str, Any]

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> StoredObjectRow:
        """Returns the object of a row of `objects`."""
        return cls(**{**dict(row), "settable": json.loads(row["settable"])})

    @property
    def etag(self) -> str:
        """The JSON API's ETag."""
        return make_etag(self.generation, self.metageneration)

    @property
    def xml_etag(self) -> str:
        """The XML API's ETag, unquoted: the MD5 in hex, or the JSON API's ETag for composites."""
        return base64.b64decode(self.md5).hex() if self.md5 else self.etag

    @property
    def content_type(self) -> str:
        """The content type, with application/octet-stream as default."""
        return str(self.settable.get("contentType") or "application/octet-stream")

    def as_json(self, base_url: str) -> dict[str, Any]:
        """Returns the `storage#object` resource."""
        path = f"b/{self.bucket}/o/{quote(self.name, safe='')}"
        created = rfc3339(self.created_us)
        resource = {
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "selfLink": f"{base_url}/storage/v1/{path}",
            "mediaLink": (
                f"{base_url}/download/storage/v1/{path}?generation={self.generation}&alt=media"
            ),
            "name": self.name,
            "bucket": self.bucket,
            "generation": str(self.generation),
            "metageneration": str(self.metageneration),
            "storageClass": "STANDARD",
            "size": str(self.size_bytes),
            "crc32c": self.crc32c,
            "etag": self.etag,
            "timeCreated": created,
            "updated": rfc3339(self.updated_us),
            "timeStorageClassUpdated": created,
            "timeFinalized": created,
            **self.settable,
        }
        if self.md5:
            resource["md5Hash"] = self.md5
        if self.component_count:
            resource["componentCount"] = self.component_count
        return resource


def merge_settable(resource: dict[str, Any], base: dict[str, Any] | None = None) -> dict[str, Any]:
    """Merges the settable fields of `resource` into `base`. Null removes a field; metadata is
    merged by key. Raises 400, and 501 for fields that are not supported."""
    check_object_fields(resource)
    merged = dict(base or {})
    for field in OBJECT_SETTABLE_FIELDS:
        if field not in resource:
            continue
        value = resource[field]
        if field == "metadata" and isinstance(value, dict):
            metadata = {**merged.get("metadata", {}), **value}
            value = {str(key): item for key, item in metadata.items() if item is not None} or None
            _check_metadata(value)
        elif field == "metadata" and value is not None:
            raise invalid_argument("Invalid value for metadata: must be an object of strings.")
        elif value is not None and field.endswith("Hold") != isinstance(value, bool):
            raise invalid_argument(f"Invalid value for {field}.")
        elif isinstance(value, str) and any(
            ord(character) < 32 or ord(character) == 127 for character in value
        ):
            raise invalid_argument(f"Invalid value for {field}: control characters.")
        if value is None:
            merged.pop(field, None)
        else:
            merged[field] = value
    return merged


def _check_metadata(metadata: dict[str, Any] | None) -> None:
    for key, value in (metadata or {}).items():
        if not isinstance(value, str):
            raise invalid_argument(f"Invalid value for metadata.{key[:64]}: must be a string.")
    total_bytes = sum(
        len(key.encode()) + len(value.encode()) for key, value in (metadata or {}).items()
    )
    if total_bytes > MAX_METADATA_BYTES:
        raise invalid_argument(
            f"The maximum size of custom metadata is {MAX_METADATA_BYTES} bytes."
        )
