"""UrlReader with the standard library's HTTP client: only addresses that passed the policy."""

from __future__ import annotations

import contextlib
import http.client
import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urldefrag, urljoin

from shared.adapters.outbound_http import retry_after
from shared.adapters.pinned_http import PinnedClient
from shared.jobs.fetches.fetch import MAX_URL_CHARS
from shared.net.address_policy import InvalidUrl
from shared.net.pinned_connection import (
    AddressRefused,
    NameNotFound,
    PinnedHttpConnection,
    ReceiveLimitExceeded,
)
from shared.ports.url_reader import PrivateAddress, UrlResponse, UrlUnavailable, UrlUnusable

MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
BUSY = (408, 425, 429, 500, 502, 503, 504)
"""The statuses after which a later request may succeed."""
_ASCII = "".join(map(chr, range(33, 127)))
IDLE_TIMEOUT_S = 30.0
"""Shorter than a lease, so that a stalled server keeps no worker from noticing a lost lease."""


class PinnedUrlReader(PinnedClient):
    """Follows redirects, each over a new connection, and never from https to http unless
    `allow_private`."""

    IDLE_TIMEOUT_S = IDLE_TIMEOUT_S

    @contextlib.contextmanager
    def open(
        self, url: str, headers: Mapping[str, str], *, deadline: float
    ) -> Iterator[UrlResponse]:
        for _ in range(MAX_REDIRECTS + 1):
            with contextlib.ExitStack() as stack:
                response = self._request(url, headers, deadline, stack)
                if response.status not in REDIRECTS:
                    yield UrlResponse(
                        response.status,
                        response.headers,
                        response.length,
                        response.length is not None or bool(response.chunked),
                        _BodyReader(response).read,
                    )
                    return
                url = _redirect_target(url, response)
        raise UrlUnusable(f"The server redirects more than {MAX_REDIRECTS} times.")

    def _request(
        self, url: str, headers: Mapping[str, str], deadline: float, stack: contextlib.ExitStack
    ) -> http.client.HTTPResponse:
        target = self._parse(url, MAX_URL_CHARS)
        try:
            with translate_http_errors():
                pinned = self._connect(target, deadline)
                stack.callback(pinned.close)
                connection = PinnedHttpConnection(target.host, target.port, pinned)
                all_headers = {
                    "Host": target.host_header, "Connection": "close", "Accept": "*/*",
                    # The bytes of the file itself, which ranges and checksums are about.
                    "Accept-Encoding": "identity", **headers,
                }  # fmt: skip
                connection.request("GET", target.path, headers=all_headers)
                response = connection.getresponse()
        except AddressRefused:
            raise PrivateAddress from None
        except NameNotFound:
            raise UrlUnavailable("The name of the server has no address.") from None
        # The caller limits the body.
        pinned.limit_bytes(None)
        if response.status in BUSY:
            wait_s = retry_after(response.headers.get("Retry-After", ""))
            raise UrlUnavailable(f"The server answered {response.status}.", wait_s or 0)
        return response


class _BodyReader:
    """Reads a body. A connection that ends before the body does is an error."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self._missing = response.length

    def read(self, max_bytes: int) -> bytes:
        """Returns the next bytes, b"" at the end. Raises UrlUnavailable."""
        with translate_http_errors():
            data = self._response.read1(max_bytes)
        if self._missing is not None:
            self._missing -= len(data)
            if not data and self._missing > 0:
                raise UrlUnavailable("The connection to the server broke off.")
        return data


def _redirect_target(url: str, response: http.client.HTTPResponse) -> str:
    """Returns the URL of a redirect. Raises UrlUnusable, InvalidUrl."""
    location = response.headers.get("Location", "")
    if not location:
        raise UrlUnusable(f"The server answered {response.status} without a new address.")
    # Some servers send what browsers encode.
    location = quote(location, safe=_ASCII, encoding="latin-1")
    try:
        return urldefrag(urljoin(url, location)).url
    except ValueError:
        # Not `from`: the message of the cause contains the URL.
        raise InvalidUrl("The server redirects to what is not a URL.") from None


@contextlib.contextmanager
def translate_http_errors() -> Iterator[None]:
    """Translates errors of sockets and of http.client, whose messages may contain the URL."""
    try:
        yield
    except ssl.SSLCertVerificationError:
        raise UrlUnusable("The certificate of the server is not valid for its name.") from None
    except TimeoutError:
        raise UrlUnavailable("The server did not send in time.") from None
    except ConnectionRefusedError:
        raise UrlUnavailable("The server refused the connection.") from None
    except ReceiveLimitExceeded:
        raise UrlUnusable("The headers of the server's response are too long.") from None
    except (http.client.IncompleteRead, http.client.RemoteDisconnected, OSError):
        raise UrlUnavailable("The connection to the server broke off.") from None
    except (http.client.HTTPException, ValueError):
        raise UrlUnusable("The server did not answer with HTTP.") from None
