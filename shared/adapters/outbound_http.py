"""Calls to servers of strangers: the address is judged, then connected to as it was judged."""

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
"""From the first packet to the last: below a lease, so none needs renewing meanwhile."""
MAX_RESPONSE_BYTES = 64 * 1024
"""How much of an answer is read, so that its connection ends in good order; none of it is kept."""

Resolve = Callable[..., list[Any]]


class PinnedOutboundHttp:
    """Caller over the standard library's HTTP client. It follows no redirect, keeps no connection
    and asks no proxy."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolve: Resolve = socket.getaddrinfo,
        ssl_context: ssl.SSLContext | None = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        self._private_too = allow_private
        self._resolve = resolve
        self._trust = ssl_context or ssl.create_default_context()
        self._whole_call_s = timeout_s

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> OutboundResponse:
        try:
            target = parse_target(url, allow_private=self._private_too)
            address = self._address(target)
        except InvalidUrl:
            return OutboundResponse(None, "unfit-url")
        except _PrivateAddress:
            return OutboundResponse(None, "private-address")
        except (OSError, UnicodeError):
            return OutboundResponse(None, "name-not-found")
        connection = _Pinned(target, address, self._trust)
        over = threading.Event()

        def end() -> None:
            over.set()
            connection.cut()

        clock = threading.Timer(self._whole_call_s, end)
        clock.daemon = True
        clock.start()
        try:
            return _exchanged(connection, target, headers, body)
        except (OSError, http.client.HTTPException, ValueError) as fault:
            return OutboundResponse(None, "timeout" if over.is_set() else _fault(fault))
        finally:
            clock.cancel()
            connection.close()

    def _address(self, target: Target) -> tuple[Any, ...]:
        """Resolve once; → (family, address) to connect to. One that is not public refuses all."""
        found = self._resolve(target.host, target.port, type=socket.SOCK_STREAM)
        if not found:
            raise OSError("no address")
        if not self._private_too and not all(is_public(str(row[4][0])) for row in found):
            raise _PrivateAddress
        return found[0][0], found[0][4]


class _PrivateAddress(Exception):
    """The name leads to an address that is not public."""


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was judged, under the name that was asked for."""

    def __init__(self, target: Target, address: tuple[Any, ...], trust: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port, timeout=CONNECT_TIMEOUT_S)
        self._target, self._place, self._trust = target, address, trust
        self._raw: socket.socket | None = None

    def connect(self) -> None:
        family, place = self._place
        self._raw = raw = socket.socket(family, socket.SOCK_STREAM)
        raw.settimeout(CONNECT_TIMEOUT_S)
        raw.connect(place)
        raw.settimeout(REQUEST_TIMEOUT_S)
        self.sock = raw
        if self._target.scheme == "https":
            self.sock = self._trust.wrap_socket(raw, server_hostname=self._target.host)

    def cut(self) -> None:
        """End it from another thread, whatever it waits for."""
        for one in (self.sock, self._raw):
            if one is not None:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()
        if self._raw is not None:
            self._raw.close()


def _exchanged(
    connection: _Pinned, target: Target, headers: Mapping[str, str], body: bytes
) -> OutboundResponse:
    sent = {"Host": target.host_header, "Connection": "close", "Accept": "*/*", **headers}
    connection.request("POST", target.path, body, sent)
    answer = connection.getresponse()
    wait = _retry_after(answer.headers.get("Retry-After", ""))
    # The status is the answer: a body that breaks off says nothing against it.
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        answer.read(MAX_RESPONSE_BYTES)
    return OutboundResponse(answer.status, "", wait)


def _fault(fault: Exception) -> str:
    match fault:
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
    """Seconds, or a date after RFC 9110; None for anything else."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    with contextlib.suppress(ValueError, TypeError):
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return None
