"""HTTP for the runner: standard library only, without proxies."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

REQUEST_TIMEOUT_S = 60.0
"""How long a request waits for a server of this machine, which may be busy with many jobs."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Returns redirects to the caller, who must not send the token to the new location."""

    def redirect_request(self, *_: Any) -> None:
        return None


def connect(address: tuple[str, int], timeout_s: float) -> socket.socket:
    """Returns a connection that is not connected to itself.

    Without a listener, a connection to an ephemeral port may get the same port as its local port.
    TCP then connects the socket to itself, and the service that is starting cannot bind the port.

    Raises:
        OSError: There is no listener, or it does not respond in time.
    """
    connection = socket.socket()
    try:
        connection.settimeout(timeout_s)
        connection.bind((address[0], 0))
        if connection.getsockname() == address:
            raise ConnectionRefusedError(f"no listener on port {address[1]}")
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


class _Connection(http.client.HTTPConnection):
    """An HTTP connection that uses `connect`."""

    def connect(self) -> None:
        timeout_s = self.timeout if isinstance(self.timeout, (int, float)) else 60.0
        self.sock = connect((self.host, self.port), timeout_s)


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect, _Handler)


@dataclass(frozen=True)
class Response:
    """A response with any status."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        """Returns the body as JSON. Raises ValueError when it is not JSON."""
        return json.loads(self.body)


def request(
    method: str,
    url: str,
    payload: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = REQUEST_TIMEOUT_S,
) -> Response:
    """Sends a request with a JSON body. Raises OSError without a response, not for a status."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"not an HTTP URL: {url}")
    data = None if payload is None else json.dumps(payload).encode()
    http_request = urllib.request.Request(  # noqa: S310 - checked above
        url, data=data, method=method, headers=dict(headers or {})
    )
    if data is not None:
        http_request.add_header("Content-Type", "application/json")
    try:
        with _opener.open(http_request, timeout=timeout_s) as response:
            return Response(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Response(error.code, error.headers, error.read())
    except urllib.error.URLError as error:
        raise OSError(str(error.reason)) from error


def is_reachable(url: str, timeout_s: float = 5) -> bool:
    """Whether a server responds with a status below 500."""
    try:
        return request("GET", url, timeout_s=timeout_s).status < 500
    except (OSError, ValueError, http.client.HTTPException):
        return False
