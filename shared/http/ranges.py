"""Byte ranges and conditional requests: RFC 9110, chapters 13 and 14.

Only a single range is served. For several ranges the response is the complete content, which RFC
9110 (14.2) allows: multipart responses cost both sides more than they save, and many small or
overlapping ranges are a known denial-of-service attack. A malformed range, or one beyond the end,
is refused with 416, as nginx does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from shared.http.problems import PreconditionFailed, RangeNotSatisfiable

CONDITION_HEADERS = (
    "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
)  # fmt: skip
"""The headers that this module reads."""
_RANGE = re.compile(r" *(?:([0-9]+) *- *([0-9]*)|-([0-9]+)) *")
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` to `end` (exclusive)."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.end - self.start

    def content_range(self, size: int) -> str:
        """Returns the Content-Range header of a 206 response."""
        return f"bytes {self.start}-{self.end - 1}/{size}"


@dataclass(frozen=True, slots=True)
class Version:
    """The version that conditions refer to: a strong ETag with quotes, and the last change."""

    etag: str
    modified_at: datetime

    @property
    def last_modified(self) -> str:
        """The Last-Modified header: an HTTP date in whole seconds."""
        return format_datetime(self.modified_at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def is_not_modified(headers: Mapping[str, str], version: Version) -> bool:
    """Returns whether the response is 304 (RFC 9110, 13.2.2). Raises PreconditionFailed."""
    if if_match := headers.get("If-Match", ""):
        if if_match.strip() != "*" and version.etag not in _parse_tags(if_match):
            raise PreconditionFailed
    elif (
        unmodified_since := _parse_date(headers.get("If-Unmodified-Since", ""))
    ) and _modified_second(version) > unmodified_since:
        raise PreconditionFailed
    if if_none_match := headers.get("If-None-Match", ""):
        return if_none_match.strip() == "*" or version.etag in {
            tag.removeprefix("W/") for tag in _parse_tags(if_none_match)
        }
    modified_since = _parse_date(headers.get("If-Modified-Since", ""))
    return modified_since is not None and _modified_second(version) <= modified_since


def parse_range(headers: Mapping[str, str], version: Version, size: int) -> ByteRange | None:
    """Returns the requested range, or None for all bytes. Raises RangeNotSatisfiable."""
    header = headers.get("Range", "")
    if header[:6].lower() != "bytes=" or not _is_same_version(headers.get("If-Range", ""), version):
        return None
    if "," in header or len(header) == len("bytes="):
        return None
    match = _RANGE.fullmatch(header[6:])
    if match is None:
        raise RangeNotSatisfiable(size)
    first, last, suffix = match.groups()
    if suffix is not None:
        start, end = max(0, size - _parse_position(suffix)), size
    else:
        start, end = _parse_position(first), min(size, _parse_position(last) + 1) if last else size
    if start == 0 and size == 0 and suffix is None:
        # An empty file has no range; all of it is returned.
        return None
    if start >= end:
        raise RangeNotSatisfiable(size)
    return ByteRange(start, end)


def _parse_position(digits: str) -> int:
    """Returns a number of any length; a very long one is reduced, but stays beyond every file."""
    return int(digits.lstrip("0")[:20] or "0")


def _is_same_version(if_range: str, version: Version) -> bool:
    """Returns whether the client's partial content is of this version. Weak tags never match."""
    if not if_range:
        return True
    if if_range.startswith(('"', "W/")):
        return if_range == version.etag
    time = _parse_date(if_range)
    return time is not None and time == _modified_second(version)


def _parse_tags(text: str) -> list[str]:
    return _TAG.findall(text)


def _modified_second(version: Version) -> datetime:
    return version.modified_at.astimezone(UTC).replace(microsecond=0)


def _parse_date(text: str) -> datetime | None:
    """Parses an HTTP date; returns None for anything else, which is ignored."""
    try:
        time = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
