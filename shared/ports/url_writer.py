"""Sends files to URLs that users enter, over connections that pass the address policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol


class UrlWriter(Protocol):
    """HTTP client that sends files to servers of users."""

    def put(
        self,
        url: str,
        headers: Mapping[str, str],
        blocks: Iterable[bytes],
        size_bytes: int,
        *,
        deadline: float,
    ) -> int:
        """Sends a PUT request to a public address, without redirects. Returns the status of the
        response. What it contains is discarded.

        Args:
            url: The URL.
            headers: Sent in addition.
            blocks: The body. An error that it raises ends the request.
            size_bytes: The size of the body.
            deadline: Time of `time.monotonic` after which sending raises UrlUnavailable.

        Raises:
            InvalidUrl, PrivateAddress, UrlUnusable, UrlUnavailable (also for the answers after
            which a later request may succeed).
        """
        ...
