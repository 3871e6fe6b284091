"""Which bytes a request asks for, and under which conditions: RFC 9110, chapters 13 and 14.

Of Range only one range of bytes is served. Several are answered with the whole, which RFC 9110
(14.2) leaves to the server: multipart answers cost both sides more than they bring, and many small
or overlapping ranges are an old way to wear a server out. What cannot be read, or lies behind the
end, is refused with 416, as nginx does.
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
    """Bytes from `start` to before `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many they are."""
        return self.end - self.start

    def content_range(self, size: int) -> str:
        """As a 206 says it."""
        return f"bytes {self.start}-{self.end - 1}/{size}"


@dataclass(frozen=True, slots=True)
class Version:
    """What conditions are compared with: a strong ETag with its quotes, and the last change."""

    etag: str
    modified_at: datetime

    @property
    def last_modified(self) -> str:
        """An HTTP date: whole seconds."""
        return format_datetime(self.modified_at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def is_not_modified(headers: Mapping[str, str], version: Version) -> bool:
    """Whether 304 is the answer, in the order of RFC 9110, 13.2.2. Raises PreconditionFailed."""
    if wanted := headers.get("If-Match", ""):
        if wanted.strip() != "*" and version.etag not in _tags(wanted):
            raise PreconditionFailed
    elif (before := _date(headers.get("If-Unmodified-Since", ""))) and _second(version) > before:
        raise PreconditionFailed
    if known := headers.get("If-None-Match", ""):
        return known.strip() == "*" or version.etag in {
            one.removeprefix("W/") for one in _tags(known)
        }
    since = _date(headers.get("If-Modified-Since", ""))
    return since is not None and _second(version) <= since


def parse_range(headers: Mapping[str, str], version: Version, size: int) -> ByteRange | None:
    """The one range that is asked for; None for the whole. Raises RangeNotSatisfiable."""
    asked = headers.get("Range", "")
    if asked[:6].lower() != "bytes=" or not _still_that(headers.get("If-Range", ""), version):
        return None
    if "," in asked or len(asked) == len("bytes="):
        return None
    found = _RANGE.fullmatch(asked[6:])
    if found is None:
        raise RangeNotSatisfiable(size)
    first, last, suffix = found.groups()
    if suffix is not None:
        start, end = max(0, size - _whole(suffix)), size
    else:
        start, end = _whole(first), min(size, _whole(last) + 1) if last else size
    if start == 0 and size == 0 and suffix is None:
        # Of nothing the whole is all that can be had.
        return None
    if start >= end:
        raise RangeNotSatisfiable(size)
    return ByteRange(start, end)


def _whole(digits: str) -> int:
    """A number of any length, or one that is as far behind every end."""
    return int(digits.lstrip("0")[:20] or "0")


def _still_that(if_range: str, version: Version) -> bool:
    """Whether a part of this version completes what the other side has. Weak tags never match."""
    if not if_range:
        return True
    if if_range.startswith(('"', "W/")):
        return if_range == version.etag
    moment = _date(if_range)
    return moment is not None and moment == _second(version)


def _tags(text: str) -> list[str]:
    return _TAG.findall(text)


def _second(version: Version) -> datetime:
    return version.modified_at.astimezone(UTC).replace(microsecond=0)


def _date(text: str) -> datetime | None:
    """An HTTP date; None for anything else, which then counts as not sent."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
