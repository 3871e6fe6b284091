"""The version of a file at a URL, and whether a response continues it (RFC 9110 §13 and §14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from shared.ports.url_reader import UrlRefused, UrlResponse, UrlUnusable

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_CREDENTIALS = (401, 403)
MAX_VALIDATOR_CHARS = 1000


@dataclass(frozen=True, slots=True)
class Source:
    """A version of the file.

    Attributes:
        folder: The folder of its parts, a name of its own, so that no parts of two versions mix.
        validator: A strong ETag or a date for If-Range, or "": then an interrupted download cannot
            be continued.
        total_bytes: The size of the file, or None when the server does not state it.
    """

    folder: str
    validator: str
    total_bytes: int | None

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields for a document."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Source | None:
        """Reads what `to_dict` wrote."""
        return None if data is None else cls(**{name: data[name] for name in cls.__slots__})

    def range_headers(self, offset: int) -> dict[str, str]:
        """Returns the headers that request the rest of this version from `offset`."""
        return {"Range": f"bytes={offset}-", "If-Range": self.validator}


def read_source(response: UrlResponse, folder: str) -> Source:
    """Returns the version that a response sends from its beginning. Raises UrlRefused,
    UrlUnusable."""
    _check_status(response, HTTPStatus.OK)
    return Source(folder, find_validator(response.headers), response.length)


def continues(source: Source, response: UrlResponse, offset: int) -> bool:
    """Returns whether a response sends the rest of a version from `offset`. If not, the file has
    changed, or the server ignores ranges and sends the file from its beginning.

    Raises UrlRefused, UrlUnusable.
    """
    if response.status in (HTTPStatus.OK, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE):
        return False
    _check_status(response, HTTPStatus.PARTIAL_CONTENT)
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None or int(match[1]) != offset:
        raise UrlUnusable("The server sent another part of the file than it was asked for.")
    total = source.total_bytes if match[3] == "*" else int(match[3])
    # Some servers ignore If-Range.
    is_same = find_validator(response.headers) in ("", source.validator)
    return is_same and source.total_bytes in (None, total)


def find_validator(headers: Message) -> str:
    """Returns a validator for If-Range: a strong ETag, or a Last-Modified that is at least one
    second older than the response (RFC 9110 §8.8.2.2); "" without one."""
    etag, changed = headers.get("ETag", "").strip(), headers.get("Last-Modified", "").strip()
    if etag.startswith('"') and etag.isascii() and len(etag) <= MAX_VALIDATOR_CHARS:
        return etag
    try:
        age = parsedate_to_datetime(headers.get("Date", "")) - parsedate_to_datetime(changed)
        return changed if age >= timedelta(seconds=1) else ""
    except (ValueError, TypeError):
        return ""


def _check_status(response: UrlResponse, expected: HTTPStatus) -> None:
    status = response.status
    if status in _CREDENTIALS:
        raise UrlRefused(f"The server answered {status}: the signature of a URL may have expired.")
    if 400 <= status < 600:
        raise UrlRefused(f"The server answered {status} instead of sending the file.")
    if status != expected:
        raise UrlUnusable(f"The server answered {status} instead of {expected.value}.")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UrlUnusable("The server sends the file only with a content encoding.")
