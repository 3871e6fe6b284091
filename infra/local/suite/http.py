"""Plain HTTP for the runner: the standard library only, never through a proxy."""

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


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: whoever follows it must not send the token along."""

    def redirect_request(self, *_: Any) -> None:
        return None


def connect(address: tuple[str, int], timeout_s: float) -> socket.socket:
    """Returns a connection that is never one to itself.

    Without a listener, a connection to a port of the ephemeral range may get that very port as its
    own; TCP then connects it to itself, and the service that is starting finds its port taken.

    Raises:
        OSError: nobody listens there, or nobody answers in time.
    """
    connection = socket.socket()
    try:
        connection.settimeout(timeout_s)
        connection.bind((address[0], 0))
        if connection.getsockname() == address:
            raise ConnectionRefusedError(f"nobody listens on {address[1]}")
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


class _Connection(http.client.HTTPConnection):
    """HTTP over `connect`."""

    def connect(self) -> None:
        timeout_s = self.timeout if isinstance(self.timeout, (int, float)) else 60.0
        self.sock = connect((self.host, self.port), timeout_s)


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect, _Handler)


@dataclass(frozen=True)
class Response:
    """What came back, whatever the status."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises ValueError when it is none."""
        return json.loads(self.body)


def request(
    method: str,
    url: str,
    payload: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 10,
) -> Response:
    """One request, JSON out. Raises OSError when nobody answers, never for a status."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"not an HTTP address: {url}")
    data = None if payload is None else json.dumps(payload).encode()
    sent = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))  # noqa: S310 - checked above
    if data is not None:
        sent.add_header("Content-Type", "application/json")
    try:
        with _opener.open(sent, timeout=timeout_s) as answer:
            return Response(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Response(refusal.code, refusal.headers, refusal.read())
    except urllib.error.URLError as lost:
        raise OSError(str(lost.reason)) from lost


def is_reachable(url: str, timeout_s: float = 5) -> bool:
    """Whether somebody speaks HTTP there; a refusal is an answer, a server's error is not."""
    try:
        return request("GET", url, timeout_s=timeout_s).status < 500
    except (OSError, ValueError, http.client.HTTPException):
        return False
