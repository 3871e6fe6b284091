"""Connections to the servers of users: only to addresses that passed the address policy."""

from __future__ import annotations

import socket
import ssl
from typing import ClassVar

from shared.net.address_policy import (
    PUBLIC_AND_PRIVATE,
    PUBLIC_ONLY,
    AddressPolicy,
    Target,
    parse_target,
)
from shared.net.pinned_connection import PinnedSocket, Resolve, connect

MAX_HEAD_BYTES = 256 * 1024
"""Of a response's status and headers, with all 1xx responses before it."""


class PinnedClient:
    """Opens each connection anew, to an address that passed the policy. It uses no proxy and sends
    no credentials.

    Args:
        allow_private: Whether private addresses and http are allowed.
        policy: The addresses that are allowed; by default the public ones, with `allow_private`
            also the private ones.
        resolve: Resolves names, as `socket.getaddrinfo`.
        ssl_context: By default the one of the system's certificates.
        idle_timeout_s: How long a server may send or take nothing; by default IDLE_TIMEOUT_S.
    """

    IDLE_TIMEOUT_S: ClassVar[float]

    def __init__(
        self,
        *,
        allow_private: bool = False,
        policy: AddressPolicy | None = None,
        resolve: Resolve = socket.getaddrinfo,
        ssl_context: ssl.SSLContext | None = None,
        idle_timeout_s: float | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._policy = policy or (PUBLIC_AND_PRIVATE if allow_private else PUBLIC_ONLY)
        self._resolve = resolve
        self._ssl_context = ssl_context or ssl.create_default_context()
        self._idle_timeout_s = self.IDLE_TIMEOUT_S if idle_timeout_s is None else idle_timeout_s

    def _parse(self, url: str, max_chars: int = 0) -> Target:
        """Returns the parts of a URL. Raises InvalidUrl."""
        return parse_target(url, allow_private=self._allow_private, max_chars=max_chars)

    def _connect(self, target: Target, deadline: float) -> PinnedSocket:
        """Returns a connection that may receive the head of a response. Raises AddressRefused,
        NameNotFound, OSError."""
        pinned = connect(
            target.host, target.port, self._policy,
            tls=self._ssl_context if target.scheme == "https" else None,
            idle_timeout_s=self._idle_timeout_s,
            deadline=deadline,
            resolve=self._resolve,
        )  # fmt: skip
        pinned.limit_bytes(MAX_HEAD_BYTES)
        return pinned
