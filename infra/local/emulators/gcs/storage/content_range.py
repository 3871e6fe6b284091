"""The header Content-Range of resumable uploads."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.local.emulators.gcs.errors import ApiError, invalid_argument

_RANGE = re.compile(r"bytes (?:\*|(\d{1,18})-(\d{1,18}))/(\*|\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class ContentRange:
    """A parsed Content-Range. `first` is None for a status probe, `last` for a complete body."""

    first: int | None
    last: int | None
    total: int | None


def parse_content_range(content_range: str | None, length: int | None) -> ContentRange:
    """Parses the header. Without it, the body is complete and has `length` bytes. Raises 400."""
    if content_range is None:
        return ContentRange(0, None, length)
    match = _RANGE.fullmatch(content_range.strip())
    if match is None:
        raise invalid_argument(f"Failed to parse Content-Range header: {content_range[:80]}")
    total = None if match[3] == "*" else int(match[3])
    if match[1] is None:
        return ContentRange(None, None, total)
    first, last = int(match[1]), int(match[2])
    if last < first or (total is not None and last >= total):
        raise invalid_argument(f"Failed to parse Content-Range header: {content_range[:80]}")
    return ContentRange(first, last, total)


def check_offset(span: ContentRange, size_bytes: int, length: int | None) -> None:
    """Raises 503 when a chunk starts after the `size_bytes` received before, and 400 when its
    `length` does not match the range."""
    if span.first is not None and span.first > size_bytes:
        raise ApiError(
            503,
            "backendError",
            "ServiceUnavailable",
            "Invalid request.  According to the Content-Range header, the upload offset is "
            f"{span.first} byte(s), which exceeds already uploaded size of {size_bytes} byte(s).",
        )
    if span.last is not None and length not in (None, span.last - (span.first or 0) + 1):
        raise length_mismatch(length, span)


def length_mismatch(length: int | None, span: ContentRange) -> ApiError:
    """400: the body does not have the length of its range."""
    expected = (span.last or 0) - (span.first or 0) + 1
    return invalid_argument(
        f"Invalid request.  There were {length} byte(s) in the request body.  There should have "
        f"been {expected} byte(s) (starting at offset {span.first} and ending at offset "
        f"{span.last}) according to the Content-Range header."
    )
