"""Faults on request for the local servers: fail, stall or cut by rule, and count what was met.

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
`{"repeat": N}`                   what a server publishes (method `PUBLISH`) is delivered N times
================================  ================================================================

`GET /_faults` lists the rules with `seen` (requests that matched) and `met` (times it fired);
`DELETE /_faults` drops them all, `DELETE /_faults/{id}` one. Paths under `/_` are never hit.

A server takes part with `Faults(error_response).install(app)`; a handler that streams uses
`CuttableResponse` and reads bodies through `request_body`, so that a cut falls on the exact byte.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

_CUT_RESPONSE = "faults.cut_after_bytes"
_CUT_REQUEST = "faults.cut_request_after_bytes"
_ACTIONS = (
    "status",
    "stall_s",
    "cut_after_bytes",
    "cut_request_after_bytes",
    "lose_response",
    "repeat",
)
_MAX_STALL_S = 3600.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ErrorResponse = Callable[[web.Request, int], web.Response]


class FaultCutError(ConnectionResetError):
    """The connection was cut because a fault rule asked for it."""


@dataclass
class Rule:
    """One fault rule and how often it was met."""

    id: int
    method: str | None
    path_regex: re.Pattern[str] | None
    nth: int | None
    action: dict[str, Any]
    count: int | None
    rate: float | None
    source: dict[str, Any]
    dice: random.Random
    seen: int = 0
    met: int = 0

    def fires(self, method: str, path: str) -> bool:
        """Count a request against the rule; True when the rule hits it."""
        if self.method is not None and self.method != method:
            return False
        if self.path_regex is not None and not self.path_regex.search(path):
            return False
        self.seen += 1
        if self.nth is not None and self.seen != self.nth:
            return False
        if self.count is not None and self.met >= self.count:
            return False
        if self.rate is not None and self.dice.random() >= self.rate:
            return False
        self.met += 1
        return True

    def report(self) -> dict[str, Any]:
        """The rule as it was sent, with its id and its two counters."""
        return {"id": self.id, **self.source, "seen": self.seen, "met": self.met}


def _number(value: Any, name: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}")
    return float(value)


def _whole(value: Any, name: str, low: int, high: int = 1 << 62) -> int:
    number = _number(value, name, low, high)
    if number != int(number):
        raise ValueError(f"{name} must be a whole number")
    return int(number)


def _parse_action(action: Any) -> dict[str, Any]:
    if not isinstance(action, dict) or sum(name in action for name in _ACTIONS) != 1:
        raise ValueError(f"action must hold exactly one of {', '.join(_ACTIONS)}")
    unknown = set(action) - {*_ACTIONS, "retry_after_s"}
    if unknown:
        raise ValueError(f"unknown action part: {sorted(unknown)[0]}")
    if "status" in action:
        _whole(action["status"], "status", 400, 599)
    if "retry_after_s" in action:
        _whole(action["retry_after_s"], "retry_after_s", 0)
    if "stall_s" in action:
        _number(action["stall_s"], "stall_s", 0, _MAX_STALL_S)
    if "repeat" in action:
        _whole(action["repeat"], "repeat", 2, 100)
    for name in ("cut_after_bytes", "cut_request_after_bytes"):
        if name in action:
            _whole(action[name], name, 0)
    return dict(action)


def parse_rule(rule_id: int, body: Any) -> Rule:
    """Build a rule from its JSON form; ValueError names what is wrong with it."""
    if not isinstance(body, dict):
        raise ValueError("a rule is a JSON object")  # noqa: TRY004 - a matter of content
    unknown = set(body) - {"match", "action", "count", "rate", "seed"}
    if unknown:
        raise ValueError(f"unknown rule part: {sorted(unknown)[0]}")
    match = body.get("match", {})
    if not isinstance(match, dict) or set(match) - {"method", "path_regex", "nth"}:
        raise ValueError("match may hold method, path_regex and nth")
    try:
        pattern = re.compile(str(match["path_regex"])) if "path_regex" in match else None
    except re.error as error:
        raise ValueError(f"path_regex does not compile: {error}") from error
    return Rule(
        id=rule_id,
        method=str(match["method"]).upper() if "method" in match else None,
        path_regex=pattern,
        nth=_whole(match["nth"], "nth", 1) if "nth" in match else None,
        action=_parse_action(body.get("action")),
        count=_whole(body["count"], "count", 1) if "count" in body else None,
        rate=_number(body["rate"], "rate", 0, 1) if "rate" in body else None,
        source=body,
        dice=random.Random(body.get("seed", rule_id)),  # noqa: S311 - dice for tests, no secret
    )


def plain_error(_request: web.Request, status: int) -> web.Response:
    """An injected failure in the JSON shape of Google's APIs."""
    body = {"error": {"code": status, "message": "Injected fault.", "status": "UNAVAILABLE"}}
    return web.json_response(body, status=status)


@dataclass
class Faults:
    """The rules of one server. `error_response` shapes an injected status as the server would."""

    error_response: ErrorResponse = plain_error
    rules: dict[int, Rule] = field(default_factory=dict)
    _next_id: int = 1

    def install(self, app: web.Application) -> None:
        """Put the middleware outermost and serve `/_faults`."""
        app.middlewares.insert(0, self.middleware)
        app.router.add_post("/_faults", self._add)
        app.router.add_get("/_faults", self._list)
        app.router.add_delete("/_faults", self._clear)
        app.router.add_delete("/_faults/{id}", self._clear)

    def hit(self, method: str, path: str) -> Rule | None:
        """The rule that fires on this request, already counted as met."""
        return next((rule for rule in self.rules.values() if rule.fires(method, path)), None)

    async def _add(self, request: web.Request) -> web.Response:
        if is_from_page(request):
            raise web.HTTPForbidden
        try:
            rule = parse_rule(self._next_id, await request.json())
        except ValueError as error:
            return web.json_response({"error": {"code": 400, "message": str(error)}}, status=400)
        self._next_id += 1
        self.rules[rule.id] = rule
        return web.json_response(rule.report(), status=201)

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response({"rules": [rule.report() for rule in self.rules.values()]})

    async def _clear(self, request: web.Request) -> web.Response:
        if is_from_page(request):
            raise web.HTTPForbidden
        wanted = request.match_info.get("id")
        gone = [r for r in self.rules.values() if wanted is None or str(r.id) == wanted]
        for rule in gone:
            del self.rules[rule.id]
        return web.json_response({"rules": [rule.report() for rule in gone]})

    @property
    def middleware(self) -> Middleware:
        """The aiohttp middleware that carries the rules out."""

        @web.middleware
        async def inject(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.raw_path.startswith("/_"):
                return await handler(request)
            rule = self.hit(request.method, request.raw_path)
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
            return await handler(request)
        # A lost response is a cut before the first byte: even the status line is held back.
        lose = "lose_response" in action
        request[_CUT_RESPONSE] = -1 if lose else int(action["cut_after_bytes"])
        response = await handler(request)
        return response if response.prepared else await _cut_short(request, response)


def is_from_page(request: web.Request) -> bool:
    """Whether a page in a browser sent this: no page may bend a server on this machine.

    `Sec-Fetch-Site` tells a page's own requests ("same-origin" too: an uploaded page opened from
    this very server) from an address that a person typed ("none").
    """
    site = request.headers.get("Sec-Fetch-Site", "none")
    return site != "none" or "Origin" in request.headers or is_rebound(request)


def is_rebound(request: web.Request) -> bool:
    """Whether a foreign name led here: what a page does with a name rebound to 127.0.0.1."""
    return urlsplit(f"//{request.host}").hostname not in _LOOPBACK


def cut(request: web.Request) -> FaultCutError:
    """Reset the request's connection; raise what this returns to leave the handler."""
    if request.transport is not None:
        request.transport.abort()
    return FaultCutError("connection cut by a fault rule")


async def _cut_short(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    if request[_CUT_RESPONSE] < 0:
        cut(request)
        return response
    body = response.body if isinstance(response, web.Response) else b""
    payload = body if isinstance(body, bytes | bytearray) else b""
    short = CuttableResponse(status=response.status, headers=response.headers)
    short.content_length = len(payload)
    await short.prepare(request)
    await short.write(bytes(payload))
    await short.write_eof()
    return short


async def request_body(request: web.Request) -> AsyncIterator[bytes]:
    """The request's body in chunks as they arrive, cut where a rule says so."""
    left: int | None = request.get(_CUT_REQUEST)
    async for chunk in request.content.iter_any():
        if left is not None:
            if len(chunk) >= left:
                yield chunk[:left]
                raise cut(request)
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
                raise cut(request)
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
            raise cut(self._owner)
