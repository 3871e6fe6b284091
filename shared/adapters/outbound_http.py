"""HTTP requests to the servers of users: only to addresses that passed the address policy."""

from __future__ import annotations

import contextlib
import http.client
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from shared.adapters.pinned_http import PinnedClient
from shared.net.address_policy import InvalidUrl, Target
from shared.net.pinned_connection import (
    AddressRefused,
    NameNotFound,
    PinnedHttpConnection,
    PinnedSocket,
    ReceiveLimitExceeded,
)
from shared.ports.outbound import OutboundResponse

REQUEST_TIMEOUT_S = 15.0
"""From the first packet to the last. Shorter than a lease, so no lease is renewed during a call."""
MAX_RESPONSE_BYTES = 64 * 1024
"""The part of a response that is read to end the connection cleanly. Its content is discarded."""


class PinnedOutboundHttp(PinnedClient):
    """OutboundHttp with the standard library's HTTP client. It follows no redirects. A call ends
    within the idle timeout."""

    IDLE_TIMEOUT_S = REQUEST_TIMEOUT_S

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> OutboundResponse:
        pinned = None
        try:
            target = self._parse(url)
            pinned = self._connect(target, time.monotonic() + self._idle_timeout_s)
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
