"""Reads files from URLs that users enter, over connections that pass the address policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import Message
from typing import Protocol

from shared.errors import PermanentError, TransientError


class UrlRefused(PermanentError):
    """The server refuses to send the file."""

    code = "url-refused"


class PrivateAddress(PermanentError):
    """The URL, or a redirect of its server, leads to an address that is not public."""

    code = "private-address"


class UrlUnusable(PermanentError):
    """The server does not send a file as it should."""

    code = "url-unusable"


class UrlUnavailable(TransientError):
    """The server of the URL cannot be reached, or its connection broke off."""

    code = "url-unavailable"

    def __init__(self, message: str = "", retry_after_s: float = 0) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class UrlResponse:
    """The response to a GET request, after all redirects.

    Attributes:
        headers: Its headers, in any case.
        length: The size of the body that is to come, or None when the server does not state it.
        is_delimited: Whether the server marks the end of the body. Otherwise it is the end of the
            connection, and a body that was cut off looks complete.
        read: Returns the next 1 to n bytes of the body, b"" at its end. Raises UrlUnavailable when
            the connection breaks off before.
    """

    status: int
    headers: Message
    length: int | None
    is_delimited: bool
    read: Callable[[int], bytes]


class UrlReader(Protocol):
    """HTTP client for the files of users."""

    def open(
        self, url: str, headers: Mapping[str, str], *, deadline: float
    ) -> AbstractContextManager[UrlResponse]:
        """Sends a GET request and follows redirects, each to a public address.

        Args:
            url: The URL.
            headers: Sent with every request.
            deadline: Time of `time.monotonic` after which reading raises UrlUnavailable.

        Raises:
            InvalidUrl, PrivateAddress, UrlUnusable, UrlUnavailable.
        """
        ...
