"""UrlWriter with the standard library's HTTP client: only addresses that passed the policy."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping

from shared.adapters.outbound_http import (
    MAX_HEAD_BYTES,
    MAX_RESPONSE_BYTES,
    default_policy,
    retry_after,
)
from shared.adapters.url_reader import BUSY, IDLE_TIMEOUT_S, translate_http_errors
from shared.jobs.fetches.fetch import MAX_URL_CHARS
from shared.net.address_policy import AddressPolicy, parse_target
from shared.net.pinned_connection import (
    AddressRefused,
    NameNotFound,
    PinnedHttpConnection,
    Resolve,
    connect,
)
from shared.ports.url_reader import PrivateAddress, UrlUnavailable


class PinnedUrlWriter:
    """Sends each body over a new connection to an address that passed the policy.

    It follows no redirects, sends no credentials and uses no proxy. `policy` defaults as for
    `PinnedOutboundHttp`.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        policy: AddressPolicy | None = None,
        resolve: Resolve = socket.getaddrinfo,
        ssl_context: ssl.SSLContext | None = None,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
    ) -> None:
        self._allow_private = allow_private
        self._policy = policy or default_policy(allow_private=allow_private)
        self._resolve = resolve
        self._ssl_context = ssl_context or ssl.create_default_context()
        self._idle_timeout_s = idle_timeout_s

    def put(
        self,
        url: str,
        headers: Mapping[str, str],
        blocks: Iterable[bytes],
        size_bytes: int,
        *,
        deadline: float,
    ) -> int:
        target = parse_target(url, allow_private=self._allow_private, max_chars=MAX_URL_CHARS)
        with contextlib.ExitStack() as stack:
            try:
                with translate_http_errors():
                    pinned = connect(
                        target.host, target.port, self._policy,
                        tls=self._ssl_context if target.scheme == "https" else None,
                        idle_timeout_s=self._idle_timeout_s,
                        deadline=deadline,
                        resolve=self._resolve,
                    )  # fmt: skip
            except AddressRefused:
                raise PrivateAddress from None
            except NameNotFound:
                raise UrlUnavailable("The name of the server has no address.") from None
            stack.callback(pinned.close)
            pinned.limit_bytes(MAX_HEAD_BYTES)
            connection = PinnedHttpConnection(target.host, target.port, pinned)
            with translate_http_errors():
                connection.putrequest("PUT", target.path, skip_host=True, skip_accept_encoding=True)
                all_headers = {
                    "Host": target.host_header, "Connection": "close", "Accept": "*/*",
                    "Content-Length": str(size_bytes), **headers,
                }  # fmt: skip
                for name, value in all_headers.items():
                    connection.putheader(name, value)
                connection.endheaders()
            was_cut = _send(connection, blocks)
            with translate_http_errors():
                response = connection.getresponse()
            pinned.limit_bytes(MAX_RESPONSE_BYTES)
            # The status is the result; an incomplete body does not change it.
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                response.read(MAX_RESPONSE_BYTES)
            status = response.status
            if status in BUSY:
                wait_s = retry_after(response.headers.get("Retry-After", ""))
                raise UrlUnavailable(f"The server answered {status}.", wait_s or 0)
            if was_cut and 200 <= status < 300:
                raise UrlUnavailable("The server did not take the whole file.")
            return status


def _send(connection: http.client.HTTPConnection, blocks: Iterable[bytes]) -> bool:
    """Sends the body. Returns True if the server closed the connection before its end: it may have
    answered already, such as with 403. An error of `blocks` is raised as it is."""
    for block in _non_empty(blocks):
        try:
            connection.send(block)
        except TimeoutError:
            raise UrlUnavailable("The server did not take the file in time.") from None
        except OSError:
            return True
    return False


def _non_empty(blocks: Iterable[bytes]) -> Iterator[bytes]:
    return (block for block in blocks if block)
