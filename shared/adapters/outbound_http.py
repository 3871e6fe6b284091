"""HTTP requests to the servers of users: only to addresses that passed the address policy."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from shared.net.address_policy import InvalidUrl, Target, is_public, parse_target
from shared.ports.outbound import OutboundResponse

CONNECT_TIMEOUT_S = 5.0
REQUEST_TIMEOUT_S = 15.0
"""From the first packet to the last. Shorter than a lease, so no lease is renewed meanwhile."""
MAX_RESPONSE_BYTES = 64 * 1024
"""The part of a response that is read to end the connection cleanly. Its content is discarded."""

Resolve = Callable[..., list[Any]]


class PinnedOutboundHttp:
    """OutboundHttp with the standard library's HTTP client.

    It follows no redirects, reuses no connections and uses no proxy.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolve: Resolve = socket.getaddrinfo,
        ssl_context: ssl.SSLContext | None = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._ssl_context = ssl_context or ssl.create_default_context()
        self._timeout_s = timeout_s

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> OutboundResponse:
        try:
            target = parse_target(url, allow_private=self._allow_private)
            address = self._choose_address(target)
        except InvalidUrl:
            return OutboundResponse(None, "unfit-url")
        except _PrivateAddress:
            return OutboundResponse(None, "private-address")
        except (OSError, UnicodeError):
            return OutboundResponse(None, "name-not-found")
        connection = _PinnedConnection(target, address, self._ssl_context)
        timed_out = threading.Event()

        def abort() -> None:
            timed_out.set()
            connection.cut()

        timer = threading.Timer(self._timeout_s, abort)
        timer.daemon = True
        timer.start()
        try:
            return _exchange(connection, target, headers, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return OutboundResponse(None, "timeout" if timed_out.is_set() else _error_reason(error))
        finally:
            timer.cancel()
            connection.close()

    def _choose_address(self, target: Target) -> tuple[Any, ...]:
        """Resolves once; returns (family, address). Refuses a name with a non-public address."""
        addresses = self._resolve(target.host, target.port, type=socket.SOCK_STREAM)
        if not addresses:
            raise OSError("no address")
        if not self._allow_private and not all(is_public(str(row[4][0])) for row in addresses):
            raise _PrivateAddress
        return addresses[0][0], addresses[0][4]


class _PrivateAddress(Exception):
    """The name resolves to an address that is not public."""


class _PinnedConnection(http.client.HTTPConnection):
    """A connection to a checked address; TLS and the Host header use the name in the URL."""

    def __init__(
        self, target: Target, address: tuple[Any, ...], ssl_context: ssl.SSLContext
    ) -> None:
        super().__init__(target.host, target.port, timeout=CONNECT_TIMEOUT_S)
        self._target, self._address, self._ssl_context = target, address, ssl_context
        self._raw: socket.socket | None = None

    def connect(self) -> None:
        family, address = self._address
        self._raw = raw = socket.socket(family, socket.SOCK_STREAM)
        raw.settimeout(CONNECT_TIMEOUT_S)
        raw.connect(address)
        raw.settimeout(REQUEST_TIMEOUT_S)
        self.sock = raw
        if self._target.scheme == "https":
            self.sock = self._ssl_context.wrap_socket(raw, server_hostname=self._target.host)

    def cut(self) -> None:
        """Ends the connection from another thread, in every state."""
        for sock in (self.sock, self._raw):
            if sock is not None:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()
        if self._raw is not None:
            self._raw.close()


def _exchange(
    connection: _PinnedConnection, target: Target, headers: Mapping[str, str], body: bytes
) -> OutboundResponse:
    all_headers = {"Host": target.host_header, "Connection": "close", "Accept": "*/*", **headers}
    connection.request("POST", target.path, body, all_headers)
    response = connection.getresponse()
    retry_after_s = _retry_after(response.headers.get("Retry-After", ""))
    # The status is the result; an incomplete body does not change it.
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        response.read(MAX_RESPONSE_BYTES)
    return OutboundResponse(response.status, "", retry_after_s)


def _error_reason(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return "certificate"
        case ssl.SSLError():
            return "tls"
        case TimeoutError():
            return "timeout"
        case ConnectionRefusedError():
            return "connection-refused"
        case http.client.HTTPException() | ValueError():
            return "no-http"
        case _:
            return "connection-lost"


def _retry_after(text: str) -> float | None:
    """Returns seconds from a number or an HTTP date (RFC 9110); None for other values."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    with contextlib.suppress(ValueError, TypeError):
        time = parsedate_to_datetime(text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        return max(0.0, (time - datetime.now(UTC)).total_seconds())
    return None
