"""Plain HTTP for the runner: the standard library only, never through a proxy."""

from __future__ import annotations

import http.client
import json
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


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


@dataclass(frozen=True)
class Answer:
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
) -> Answer:
    """One request, JSON out. Raises OSError when nobody answers, never for a status."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"not an HTTP address: {url}")
    data = None if payload is None else json.dumps(payload).encode()
    sent = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))  # noqa: S310 - checked above
    if data is not None:
        sent.add_header("Content-Type", "application/json")
    try:
        with _opener.open(sent, timeout=timeout_s) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.headers, refusal.read())
    except urllib.error.URLError as lost:
        raise OSError(str(lost.reason)) from lost


def answers(url: str, timeout_s: float = 1) -> bool:
    """Whether somebody speaks HTTP there; a refusal is an answer, a server's error is not."""
    try:
        return request("GET", url, timeout_s=timeout_s).status < 500
    except (OSError, ValueError, http.client.HTTPException):
        return False
