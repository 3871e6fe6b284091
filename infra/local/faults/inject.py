"""Faults on request for the local servers: fail, stall or cut by rule, and count what was injected.

A rule is data, sent over the wire to the server that shall misbehave::

    POST /_faults  {"match": {"method": "PUT", "path_regex": "^/uploads/", "nth": 2},
                    "action": {"status": 503}, "count": 3, "rate": 0.1}

`match` is optional in every part; `nth` fires on that matching request alone (counted from 1).
`count` is how often the rule may fire (without it: always), `rate` the share of matching requests
(0–1; give `seed` to repeat a run). The first rule that fires wins. Exactly one action:

================================  ================================================================
`{"status": 503}`                 answered without doing the work (+ `"retry_after_s": 2`)
`{"stall_s": 2}`                  the work is done, so many seconds late
`{"cut_after_bytes": N}`          the connection is cut after N bytes of the response's body
`{"cut_request_after_bytes": N}`  the connection is cut after N bytes of the request's body
`{"lose_response": true}`         the work is done, the connection is cut before a byte is answered
`{"repeat": N}`                   a message goes out N times (+ `"repeat_interval_s": 5`,
see push.py): what
                                  gcs publishes (method `PUBLISH`), what push hands to a function
================================  ================================================================

`GET /_faults` lists the rules with `matched_count` (requests) and `fired_count` (injected faults);
`DELETE /_faults` drops them all, `DELETE /_faults/{id}` one. Paths under `/_` are never hit, nor
are those that a server leaves out.

A server takes part with `Faults(error_response).install(app)`; a handler that streams uses
`CuttableResponse` and reads bodies through `request_body`, so that a cut falls on the exact byte.
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
    """The connection was cut because a fault rule asked for it."""


def default_error_response(_request: web.Request, status: int) -> web.Response:
    """An injected failure in the JSON shape of Google's APIs."""
    body = {"error": {"code": status, "message": "Injected fault.", "status": "UNAVAILABLE"}}
    return web.json_response(body, status=status)


def match_any_path(_path: str) -> bool:
    """Rules are meant for every path."""
    return True


@dataclass
class Faults:
    """The rules of one server. `error_response` shapes an injected status as the server would."""

    error_response: ErrorResponse = default_error_response
    applies_to: Callable[[str], bool] = match_any_path
    """Whether rules are meant for this path; those under `/_` are never hit."""
    rules: dict[int, FaultRule] = field(default_factory=dict)
    _next_id: int = 1

    def install(self, app: web.Application) -> None:
        """Put the middleware outermost and serve `/_faults`."""
        app.middlewares.insert(0, self.middleware)
        app.router.add_post("/_faults", self._add)
        app.router.add_get("/_faults", self._list)
        app.router.add_delete("/_faults", self._clear)
        app.router.add_delete("/_faults/{id}", self._clear)

    def match(self, method: str, path: str) -> FaultRule | None:
        """The rule that fires on this request, already counted as met."""
        return next((rule for rule in self.rules.values() if rule.fires(method, path)), None)

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
        wanted = request.match_info.get("id")
        gone = [r for r in self.rules.values() if wanted is None or str(r.id) == wanted]
        for rule in gone:
            del self.rules[rule.id]
        return web.json_response({"rules": [rule.to_dict() for rule in gone]})

    @property
    def middleware(self) -> Middleware:
        """The aiohttp middleware that carries the rules out."""

        @web.middleware
        async def inject(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.raw_path.startswith("/_") or not self.applies_to(request.raw_path):
                return await handler(request)
            rule = self.match(request.method, request.raw_path)
            if rule is None:
                return await handler(request)
            return await self._carry_out(rule.action, request, handler)

        return inject

    async def _carry_out(
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
        # A lost response is a cut before the first byte: even the status line is held back.
        lose = "lose_response" in action
        request[_CUT_RESPONSE] = -1 if lose else int(action["cut_after_bytes"])
        response = await handler(request)
        return response if response.prepared else await _cut_short(request, response)


def is_from_browser(request: web.Request) -> bool:
    """Whether a page in a browser sent this: no page may bend a server on this machine.

    `Sec-Fetch-Site` tells a page's own requests ("same-origin" too: an uploaded page opened from
    this very server) from an address that a person typed ("none").
    """
    site = request.headers.get("Sec-Fetch-Site", "none")
    return site != "none" or "Origin" in request.headers or has_foreign_host(request)


def has_foreign_host(request: web.Request) -> bool:
    """Whether a foreign name led here: what a page does with a name rebound to 127.0.0.1."""
    return urlsplit(f"//{request.host}").hostname not in _LOOPBACK


def cut_connection(request: web.Request) -> FaultCutError:
    """Reset the request's connection; raise what this returns to leave the handler."""
    if request.transport is not None:
        request.transport.abort()
    return FaultCutError("connection cut by a fault rule")


async def _cut_short(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    if request[_CUT_RESPONSE] < 0:
        cut_connection(request)
        return response
    body = response.body if isinstance(response, web.Response) else b""
    payload = body if isinstance(body, bytes | bytearray) else b""
    short = CuttableResponse(status=response.status, headers=response.headers)
    short.content_length = len(payload)
    await short.prepare(request)
    await short.write(bytes(payload))
    await short.write_eof()
    return short


def get_repeat(request: web.Request) -> tuple[int, float]:
    """How often a server that hands on messages delivers this one, and how many seconds apart."""
    asked: tuple[int, float] = request.get(_REPEAT, (1, 0.0))
    return asked


async def read_request_body(request: web.Request) -> AsyncIterator[bytes]:
    """The request's body in chunks as they arrive, cut where a rule says so."""
    left: int | None = request.get(_CUT_REQUEST)
    async for chunk in request.content.iter_any():
        if left is not None:
            if len(chunk) >= left:
                yield chunk[:left]
                raise cut_connection(request)
            left -= len(chunk)
        yield chunk


class CuttableResponse(web.StreamResponse):
    """A streamed response that obeys `cut_after_bytes` and `lose_response`."""

    _left: int | None = None
    _owner: web.Request | None = None

    async def prepare(self, request: web.BaseRequest) -> Any:
        """Send the head, unless the whole response shall be lost."""
        if isinstance(request, web.Request):
            self._left = request.get(_CUT_RESPONSE)
            self._owner = request
            if self._left is not None and self._left < 0:
                raise cut_connection(request)
        return await super().prepare(request)

    async def write(self, data: Any) -> None:
        """Send `data`, or as much of it as the rule lets through before the cut."""
        if self._left is None or len(data) <= self._left:
            if self._left is not None:
                self._left -= len(data)
            await super().write(data)
            return
        await super().write(data[: self._left])
        if self._owner is not None:
            await asyncio.sleep(0.05)  # lets the kernel hand over what was written before the reset
            raise cut_connection(self._owner)
