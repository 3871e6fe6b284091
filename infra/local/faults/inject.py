"""Fault injection for the local servers: fails, delays or cuts requests by rule, and counts them.

A rule is a JSON object that is sent to the server::

    POST /_faults  {"match": {"method": "PUT", "path_regex": "^/uploads/", "nth": 2},
                    "action": {"status": 503}, "count": 3, "rate": 0.1}

Every field of `match` is optional. `nth` fires only on that matching request (counted from 1).
`count` limits how often the rule fires (default: no limit). `rate` is the share of matching
requests that it hits (0–1; set `seed` to repeat a run). The first rule that fires is applied.
Exactly one action:

================================  ================================================================
`{"status": 503}`                 responds without doing the work (+ `"retry_after_s": 2`)
`{"stall_s": 2}`                  does the work after that many seconds
`{"cut_after_bytes": N}`          cuts the connection after N bytes of the response body
`{"cut_request_after_bytes": N}`  cuts the connection after N bytes of the request body
`{"lose_response": true}`         does the work, cuts the connection before the first response byte
`{"repeat": N}`                   delivers a message N times (+ `"repeat_interval_s": 5`): a message
                                  that gcs publishes (method `PUBLISH`) or that push delivers to a
                                  function
================================  ================================================================

`GET /_faults` lists the rules with `matched_count` (requests) and `fired_count` (injected faults).
`DELETE /_faults` deletes all rules, `DELETE /_faults/{id}` deletes one. Rules never apply to paths
under `/_` and to paths that the server excludes.

A server installs the rules with `Faults(error_response).install(app)`. A handler that streams uses
`CuttableResponse` and reads bodies with `read_request_body`, so that the cut is at the exact byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from infra.local.faults.rules import FaultRule, parse_rule

_CUT_RESPONSE = "faults.cut_after_bytes"
_CUT_REQUEST = "faults.cut_request_after_bytes"
_REPEAT = "faults.repeat"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ErrorResponse = Callable[[web.Request, int], web.Response]


class FaultCutError(ConnectionResetError):
    """A fault rule cut the connection."""


def default_error_response(_request: web.Request, status: int) -> web.Response:
    """Returns an injected failure as JSON error of a Google API."""
    body = {"error": {"code": status, "message": "Injected fault.", "status": "UNAVAILABLE"}}
    return web.json_response(body, status=status)


def match_any_path(_path: str) -> bool:
    """Returns True: rules apply to every path."""
    return True


@dataclass
class Faults:
    """The rules of one server. `error_response` builds the server's response for a status."""

    error_response: ErrorResponse = default_error_response
    applies_to: Callable[[str], bool] = match_any_path
    """Whether rules apply to a path. Paths under `/_` are always excluded."""
    rules: dict[int, FaultRule] = field(default_factory=dict)
    _next_id: int = 1

    def install(self, app: web.Application) -> None:
        """Adds the outermost middleware and the routes of `/_faults`."""
        app.middlewares.insert(0, self.middleware)
        app.router.add_post("/_faults", self._add)
        app.router.add_get("/_faults", self._list)
        app.router.add_delete("/_faults", self._clear)
        app.router.add_delete("/_faults/{id}", self._clear)

    def match(self, method: str, path: str) -> FaultRule | None:
        """Returns the rule that fires on this request. The request is counted."""
        return next(
            (rule for rule in self.rules.values() if rule.count_and_match(method, path)), None
        )

    async def _add(self, request: web.Request) -> web.Response:
        if is_from_browser(request):
            raise web.HTTPForbidden
        try:
            rule = parse_rule(self._next_id, await request.json())
        except ValueError as error:
            return web.json_response({"error": {"code": 400, "message": str(error)}}, status=400)
        self._next_id += 1
        self.rules[rule.id] = rule
        return web.json_response(rule.to_dict(), status=201)

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response({"rules": [rule.to_dict() for rule in self.rules.values()]})

    async def _clear(self, request: web.Request) -> web.Response:
        if is_from_browser(request):
            raise web.HTTPForbidden
        rule_id = request.match_info.get("id")
        removed = [
            rule for rule in self.rules.values() if rule_id is None or str(rule.id) == rule_id
        ]
        for rule in removed:
            del self.rules[rule.id]
        return web.json_response({"rules": [rule.to_dict() for rule in removed]})

    @property
    def middleware(self) -> Middleware:
        """The aiohttp middleware that applies the rules."""

        @web.middleware
        async def inject(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.raw_path.startswith("/_") or not self.applies_to(request.raw_path):
                return await handler(request)
            rule = self.match(request.method, request.raw_path)
            if rule is None:
                return await handler(request)
            return await self._apply(rule.action, request, handler)

        return inject

    async def _apply(
        self, action: dict[str, Any], request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if "status" in action:
            failed = self.error_response(request, int(action["status"]))
            if "retry_after_s" in action:
                failed.headers["Retry-After"] = str(action["retry_after_s"])
            return failed
        if "stall_s" in action:
            await asyncio.sleep(float(action["stall_s"]))
            return await handler(request)
        if "cut_request_after_bytes" in action:
            request[_CUT_REQUEST] = int(action["cut_request_after_bytes"])
            return await handler(request)
        if "repeat" in action:
            request[_REPEAT] = int(action["repeat"]), float(action.get("repeat_interval_s", 0))
            return await handler(request)
        # A lost response is cut before the first byte, including the status line.
        lose = "lose_response" in action
        request[_CUT_RESPONSE] = -1 if lose else int(action["cut_after_bytes"])
        response = await handler(request)
        return response if response.prepared else await _truncate_response(request, response)


def is_from_browser(request: web.Request) -> bool:
    """Whether a web page sent the request. Web pages must not control servers on this machine.

    `Sec-Fetch-Site` is "none" for a URL that the user typed and has another value for requests of
    pages. "same-origin" counts as a page: uploaded pages can be opened from this server.
    """
    site = request.headers.get("Sec-Fetch-Site", "none")
    return site != "none" or "Origin" in request.headers or has_foreign_host(request)


def has_foreign_host(request: web.Request) -> bool:
    """Whether the Host header names another host, as in DNS rebinding to 127.0.0.1."""
    return urlsplit(f"//{request.host}").hostname not in _LOOPBACK


def cut_connection(request: web.Request) -> FaultCutError:
    """Resets the request's connection. Returns the exception that the handler must raise."""
    if request.transport is not None:
        request.transport.abort()
    return FaultCutError("connection cut by a fault rule")


async def _truncate_response(
    request: web.Request, response: web.StreamResponse
) -> web.StreamResponse:
    if request[_CUT_RESPONSE] < 0:
        cut_connection(request)
        return response
    body = response.body if isinstance(response, web.Response) else b""
    data = body if isinstance(body, bytes | bytearray) else b""
    truncated = CuttableResponse(status=response.status, headers=response.headers)
    truncated.content_length = len(data)
    await truncated.prepare(request)
    await truncated.write(bytes(data))
    await truncated.write_eof()
    return truncated


def get_repeat(request: web.Request) -> tuple[int, float]:
    """Returns how often to deliver the message, and the interval in seconds."""
    repeat: tuple[int, float] = request.get(_REPEAT, (1, 0.0))
    return repeat


async def read_request_body(request: web.Request) -> AsyncIterator[bytes]:
    """Yields the request body in chunks as they arrive, cut at the byte that a rule names."""
    remaining: int | None = request.get(_CUT_REQUEST)
    async for chunk in request.content.iter_any():
        if remaining is not None:
            if len(chunk) >= remaining:
                yield chunk[:remaining]
                raise cut_connection(request)
            remaining -= len(chunk)
        yield chunk


class CuttableResponse(web.StreamResponse):
    """A streamed response that supports `cut_after_bytes` and `lose_response`."""

    _remaining_bytes: int | None = None
    _request: web.Request | None = None

    async def prepare(self, request: web.BaseRequest) -> Any:
        """Sends the headers, unless the rule drops the whole response."""
        if isinstance(request, web.Request):
            self._remaining_bytes = request.get(_CUT_RESPONSE)
            self._request = request
            if self._remaining_bytes is not None and self._remaining_bytes < 0:
                raise cut_connection(request)
        return await super().prepare(request)

    async def write(self, data: Any) -> None:
        """Sends `data`, or the part of it before the cut."""
        if self._remaining_bytes is None or len(data) <= self._remaining_bytes:
            if self._remaining_bytes is not None:
                self._remaining_bytes -= len(data)
            await super().write(data)
            return
        await super().write(data[: self._remaining_bytes])
        if self._request is not None:
            await asyncio.sleep(0.05)  # lets the kernel send the written bytes before the reset
            raise cut_connection(self._request)
