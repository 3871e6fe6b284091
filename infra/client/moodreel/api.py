"""Requests to the API: sign-in, retries, conditional requests and pages."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
from pydantic import BaseModel

from moodreel.__about__ import __version__
from moodreel.credentials import Credentials
from moodreel.errors import ConnectionFailed, api_error, retry_after
from moodreel.flow import Flow, Receiver, Send, send, sleep
from moodreel.models import SessionView
from moodreel.transport import LOOPBACK

M = TypeVar("M", bound=BaseModel)
_SAFE_METHODS = ("GET", "PUT", "PATCH", "DELETE")
"""Methods that are repeated after a lost response: repeating them changes nothing more."""
_MIN_DELAY_S = 0.5
_MAX_DELAY_S = 30.0


class Api:
    """The address, the credentials and the patience of a client.

    Args:
        base_url: The address of the API, such as `https://api.example.org`.
        credentials: Signs requests in; None for requests that need no sign-in.
        retry_s: For how long a request is repeated after 429, 503 and lost connections.
        allow_http: Whether credentials may be sent without TLS to a host that is not this machine.

    Raises:
        ValueError: The address is not one of HTTPS.
    """

    def __init__(
        self, base_url: str, credentials: Credentials | None, retry_s: float, *, allow_http: bool
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError(f"Not the address of an API: {base_url!r}")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK and not allow_http:
            raise ValueError(
                f"{base_url} would send your key without encryption. Use https, or allow_http."
            )
        self.base_url = base_url.rstrip("/")
        self._credentials = credentials
        self._retry_s = retry_s

    def get(self, model: type[M], path: str, **query: object) -> Flow[M]:
        """Returns a resource."""
        response = yield from self.call("GET", with_query(path, query))
        return model.model_validate_json(response.content)

    def post(self, model: type[M], path: str, body: object = None, *, key: str = "") -> Flow[M]:
        """Posts a body and returns the response.

        Args:
            key: The Idempotency-Key. With one, the request is repeated after a lost response.
        """
        response = yield from self.call("POST", path, body, key=key)
        return model.model_validate_json(response.content)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "",
        etag: str = "",
        receiver: Receiver | None = None,
    ) -> Flow[httpx.Response]:
        """Sends a request and returns its response, whose status is below 400.

        Args:
            key: The Idempotency-Key, or "".
            etag: The version that the caller has: If-None-Match of a GET, else If-Match.

        Raises:
            ApiError: The API refused the request.
            ConnectionFailed: The server does not respond.
        """
        headers = {"Idempotency-Key": key} if key else {}
        if etag:
            headers["If-None-Match" if method == "GET" else "If-Match"] = etag
        may_repeat = bool(key) or (method in _SAFE_METHODS and not (etag and method != "GET"))
        renewed = False
        retries = Retries(self._retry_s)
        while True:
            if self._credentials is not None:
                token = yield from self._credentials.get_token(self._sign_in)
                headers["Authorization"] = f"Bearer {token}"
            try:
                response = yield from self._send(method, path, body, headers, receiver)
            except httpx.TransportError as error:
                delay_s = retries.next_delay(None) if may_repeat else None
                if delay_s is None:
                    raise ConnectionFailed(
                        f"{self.base_url} does not respond: {error or type(error).__name__}"
                    ) from error
                yield from sleep(delay_s)
                continue
            if response.status_code == 401 and self._credentials is not None and not renewed:
                renewed = True
                if (yield from self._credentials.renew(self._sign_in)):
                    continue
            delay_s = None
            if _is_worth_repeating(response, may_repeat=may_repeat):
                delay_s = retries.next_delay(retry_after(response))
            if delay_s is not None:
                yield from sleep(delay_s)
            elif response.status_code >= 400:
                raise api_error(response)
            else:
                return response

    def _sign_in(self, path: str, body: dict[str, str]) -> Flow[SessionView]:
        response = yield from self._send("POST", path, body, {}, None)
        if response.status_code >= 400:
            raise api_error(response)
        return SessionView.model_validate_json(response.content)

    def _send(
        self,
        method: str,
        path: str,
        body: object,
        headers: Mapping[str, str],
        receiver: Receiver | None,
    ) -> Flow[httpx.Response]:
        if not path.startswith("/") or path.startswith("//"):
            # The credentials are sent to this API only.
            raise ValueError(f"Not a path of the API: {path!r}")
        sent = {"User-Agent": f"moodreel-python/{__version__}", **headers}
        content = b"" if method in ("POST", "PUT", "PATCH") else None
        if body is not None:
            content = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        return (
            yield from send(
                Send(method, self.base_url + path, sent, content=content, receiver=receiver)
            )
        )


class Retries:
    """The delays between attempts: exponential with full jitter, up to a total time."""

    def __init__(self, total_s: float) -> None:
        self._deadline = time.monotonic() + total_s
        self._delay_s = _MIN_DELAY_S

    def next_delay(self, retry_after_s: float | None) -> float | None:
        """Returns how long to wait before the next attempt, or None when the time is over.

        Args:
            retry_after_s: What the server asked for. The delay is not shorter.
        """
        delay_s = random.uniform(0, self._delay_s) + (retry_after_s or 0.0)  # noqa: S311 - jitter  # nosec B311
        self._delay_s = min(_MAX_DELAY_S, 2 * self._delay_s)
        return delay_s if time.monotonic() + delay_s <= self._deadline else None


def path_of(*segments: object) -> str:
    """Returns the path of segments, each quoted: `path_of("jobs", "a/b")` is `/v1/jobs/a%2Fb`."""
    return "/v1/" + "/".join(quote(str(segment), safe="") for segment in segments)


def with_query(path: str, query: Mapping[str, object]) -> str:
    """Returns the path with a query of the values that are not None."""
    values = {name: str(value) for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(values)}" if values else path


def new_key() -> str:
    """Returns a new Idempotency-Key."""
    return str(uuid.uuid4())


def without_none(**members: Any) -> dict[str, Any]:
    """Returns the members of a request body that are not None."""
    return {name: value for name, value in members.items() if value is not None}


def _is_worth_repeating(response: httpx.Response, *, may_repeat: bool) -> bool:
    """Whether another attempt can succeed. 429 and 503 with Retry-After were not executed."""
    status = response.status_code
    if status in (429, 503):
        return may_repeat or "Retry-After" in response.headers
    if status == 409:  # the first request with this Idempotency-Key is still in progress
        return "Retry-After" in response.headers
    return status in (500, 502, 504) and may_repeat
