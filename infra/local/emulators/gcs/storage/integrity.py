"""Checks received bytes against the digests and length ranges that the client sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.local.emulators.gcs.errors import (
    ApiError,
    bad_digest,
    invalid_argument,
    too_large,
    too_small,
)
from infra.local.emulators.gcs.storage.files import Content
from infra.local.emulators.gcs.xml_api.signature import UNSIGNED_PAYLOAD


def read_digests(headers: Mapping[str, list[str]], resource: dict[str, Any]) -> dict[str, str]:
    """Returns the digests that the client sent: `md5` and `crc32c` in base64. Raises 400 when it
    sent two different ones of a kind: no content has both."""
    sent = [
        part.strip().partition("=")[::2]
        for header in headers.get("x-goog-hash", [])
        for part in header.split(",")
    ]
    sent += [("md5", header.strip()) for header in headers.get("content-md5", [])]
    for field, kind in (("md5Hash", "md5"), ("crc32c", "crc32c")):
        if resource.get(field):
            sent.append((kind, str(resource[field])))
    digests: dict[str, str] = {}
    for kind, digest in sent:
        if kind in ("md5", "crc32c") and digests.setdefault(kind, digest) != digest:
            raise bad_digest(kind.upper(), digest, digests[kind])
    return digests


def check_digests(provided: Mapping[str, str], content: Content) -> None:
    """Raises 400 BadDigest unless all provided digests match the calculated ones."""
    if "crc32c" in provided and provided["crc32c"] != content.crc32c:
        raise bad_digest("CRC32C", provided["crc32c"], content.crc32c)
    if "md5" in provided and content.md5 is not None and provided["md5"] != content.md5:
        raise bad_digest("MD5", provided["md5"], content.md5)


def parse_length_range(header: str | None) -> tuple[int, int] | None:
    """Parses `x-goog-content-length-range: MIN,MAX` in bytes, both inclusive. Raises 400."""
    if header is None:
        return None
    low, _, high = header.partition(",")
    bounds = (low.strip(), high.strip())
    if not all(text.isascii() and text.isdigit() and len(text) <= 18 for text in bounds):
        raise invalid_argument("Invalid x-goog-content-length-range.", xml_code="InvalidArgument")
    return int(bounds[0]), int(bounds[1])


def check_length(size_bytes: int, bounds: tuple[int, int] | None, *, final: bool) -> None:
    """Raises 400 when the size is above the range, or below it when `final`."""
    if bounds is None:
        return
    if size_bytes > bounds[1]:
        raise too_large()
    if final and size_bytes < bounds[0]:
        raise too_small()


def check_payload(signed: str, calculated: str) -> None:
    """Raises 400 when the SHA-256 of the body (hex) is not the signed one, if it was signed."""
    if signed not in (UNSIGNED_PAYLOAD, calculated):
        raise ApiError(
            400,
            "invalid",
            "ContentSHA256Mismatch",
            "The provided 'x-goog-content-sha256' header does not match what was computed.",
        )
