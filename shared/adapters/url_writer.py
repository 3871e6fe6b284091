"""UrlWriter with the standard library's HTTP client: only addresses that passed the policy."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterable, Iterator, Mapping

from shared.adapters.outbound_http import (
    MAX_RESPONSE_BYTES,
    retry_after,
)
from shared.adapters.pinned_http import PinnedClient
from shared.adapters.url_reader import BUSY, IDLE_TIMEOUT_S, translate_http_errors
from shared.jobs.fetches.fetch import MAX_URL_CHARS
from shared.net.pinned_connection import (
    AddressRefused,
    NameNotFound,
    PinnedHttpConnection,
)
from shared.ports.url_reader import PrivateAddress, UrlUnavailable


class PinnedUrlWriter(PinnedClient):
    """Sends each body over a new connection. It follows no redirects."""

    IDLE_TIMEOUT_S = IDLE_TIMEOUT_S

    def put(
        self,
        url: str,
        headers: Mapping[str, str],
        blocks: Iterable[bytes],
        size_bytes: int,
        *,
        deadline: float,
    ) -> int:
        target = self._parse(url, MAX_URL_CHARS)
        with contextlib.ExitStack() as stack:
            try:
                with translate_http_errors():
                    pinned = self._connect(target, deadline)
            except AddressRefused:
                raise PrivateAddress from None
            except NameNotFound:
                raise UrlUnavailable("The name of the server has no address.") from None
            stack.callback(pinned.close)
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
