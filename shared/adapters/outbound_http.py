"""HTTP requests to the servers of users: only to addresses that passed the address policy."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from shared.net.address_policy import (
    PUBLIC_AND_PRIVATE,
    PUBLIC_ONLY,
    AddressPolicy,
    InvalidUrl,
    Target,
    parse_target,
)
from shared.net.pinned_connection import (
    AddressRefused,
    NameNotFound,
    PinnedHttpConnection,
    PinnedSocket,
    ReceiveLimitExceeded,
    Resolve,
    connect,
)
from shared.ports.outbound import OutboundResponse

REQUEST_TIMEOUT_S = 15.0
"""From the first packet to the last. Shorter than a lease, so no lease is renewed during a call."""
MAX_HEAD_BYTES = 256 * 1024
"""Of a response's status and headers, with all 1xx responses before it."""
MAX_RESPONSE_BYTES = 64 * 1024
"""The part of a response that is read to end the connection cleanly. Its content is discarded."""


class PinnedOutboundHttp:
    """OutboundHttp with the standard library's HTTP client.

    It follows no redirects, reuses no connections and uses no proxy. `policy` defaults to public
    addresses, with `allow_private` also to private ones.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        policy: AddressPolicy | None = None,
        resolve: Resolve = socket.getaddrinfo,
        ssl_context: ssl.SSLContext | None = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        self._allow_private = allow_private
        self._policy = policy or default_policy(allow_private=allow_private)
        self._resolve = resolve
        self._ssl_context = ssl_context or ssl.create_default_context()
        self._timeout_s = timeout_s

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> OutboundResponse:
        pinned = None
        try:
            target = parse_target(url, allow_private=self._allow_private)
            pinned = connect(
                target.host, target.port, self._policy,
                tls=self._ssl_context if target.scheme == "https" else None,
                idle_timeout_s=self._timeout_s,
                deadline=time.monotonic() + self._timeout_s,
                resolve=self._resolve,
            )  # fmt: skip
            pinned.limit_bytes(MAX_HEAD_BYTES)
            connection = PinnedHttpConnection(target.host, target.port, pinned)
            return _exchange(connection, pinned, target, headers, body)
        except InvalidUrl:
            return OutboundResponse(None, "unfit-url")
        except AddressRefused:
            return OutboundResponse(None, "private-address")
        except NameNotFound:
            return OutboundResponse(None, "name-not-found")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return OutboundResponse(None, _error_reason(error))
        finally:
            if pinned is not None:
                pinned.close()


def default_policy(*, allow_private: bool) -> AddressPolicy:
    """Returns the policy of public addresses, with `allow_private` of private ones as well."""
    return PUBLIC_AND_PRIVATE if allow_private else PUBLIC_ONLY


def _exchange(
    connection: PinnedHttpConnection,
    pinned: PinnedSocket,
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
) -> OutboundResponse:
    all_headers = {"Host": target.host_header, "Connection": "close", "Accept": "*/*", **headers}
    connection.request("POST", target.path, body, all_headers)
    response = connection.getresponse()
    pinned.limit_bytes(MAX_RESPONSE_BYTES)
    retry_after_s = retry_after(response.headers.get("Retry-After", ""))
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
        case http.client.HTTPException() | ValueError() | ReceiveLimitExceeded():
            return "no-http"
        case _:
            return "connection-lost"


def retry_after(text: str) -> float | None:
    """Returns seconds from a number or an HTTP date (RFC 9110); None for other values."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    with contextlib.suppress(ValueError, TypeError):
        date = parsedate_to_datetime(text)
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max(0.0, (date - datetime.now(UTC)).total_seconds())
    return None
