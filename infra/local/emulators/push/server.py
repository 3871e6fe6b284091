"""A proxy between Pub/Sub and the functions that counts deliveries and injects faults.

All push subscriptions of a suite point to this server. It forwards a message to the function of the
topic and returns the function's response. Fault rules of `infra.local.faults.inject` match the
topic in the path (`/projects/P/topics/moodreel-<function>`):

=======================================  =========================================================
`{"repeat": 2}`                          delivers twice at the same time; the message is
                                         acknowledged when one delivery is
`{"repeat": 2, "repeat_interval_s": 5}`  delivers, and again five seconds later, regardless of the
                                         response
`{"stall_s": 5}`                         delivers after five seconds (Pub/Sub pushes two messages at
                                         a time)
`{"status": 503}`                        refuses without calling the function
`{"lose_response": true}`                calls the function and drops its response
=======================================  =========================================================

The recorder holds a message for minutes, and the Pub/Sub emulator pushes only two messages at a
time. The proxy therefore acknowledges messages for the recorder at once and delivers them itself,
with the function's backoff, as Pub/Sub would.

`GET /_stats` returns the counts of every function: pushed, in flight, acknowledged, refused,
copies.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import asdict, dataclass, field

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from infra.local.faults.inject import Faults, Handler, get_repeat, is_from_browser
from infra.local.suite.layout import HOST, SuiteLayout
from shared.pipeline import FUNCTIONS, TOPIC_PREFIX, Function

_MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Pub/Sub allows 10 MB per message, and a push encodes it in base64."""
_HOP_BY_HOP_HEADERS = frozenset(
    ("host", "connection", "content-length", "transfer-encoding", "expect")
)
"""Headers that belong to one connection and are not forwarded."""
LONG_RUNNING_FUNCTIONS = frozenset({"recorder"})
"""Functions that hold a message up to their timeout."""


@dataclass
class DeliveryCounts:
    """The delivery counts of one function."""

    pushed: int = 0
    in_flight: int = 0
    acknowledged: int = 0
    refused: int = 0
    copies: int = 0
    """Additional deliveries of messages, requested by fault rules."""


@dataclass
class PushProxy:
    """Forwards messages to functions. `pending` holds the tasks of later deliveries."""

    layout: SuiteLayout
    session: ClientSession
    counts: defaultdict[str, DeliveryCounts] = field(
        default_factory=lambda: defaultdict(DeliveryCounts)
    )
    pending: set[asyncio.Task[web.Response]] = field(default_factory=set)

    async def deliver(self, request: web.Request) -> web.Response:
        """Delivers a message as often as a fault rule says. Returns the response for Pub/Sub."""
        function = _find_function(request)
        body = await request.read()
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _HOP_BY_HOP_HEADERS
        }
        if function.name in LONG_RUNNING_FUNCTIONS:
            self._start_task(
                self._deliver_until_accepted(function, request.raw_path, headers, body)
            )
            return web.Response(status=204)
        count, interval_s = get_repeat(request)
        if interval_s:
            for number in range(1, count):
                self._start_task(
                    self._deliver_later(number * interval_s, function, request, headers, body)
                )
            count = 1
        responses = await asyncio.gather(
            *(self._forward(function, request.raw_path, headers, body) for _ in range(count))
        )
        self.counts[function.name].copies += count - 1
        # As with Pub/Sub, acknowledging one delivery acknowledges the message.
        return min(responses, key=lambda response: response.status)

    def _start_task(self, work: Coroutine[None, None, web.Response]) -> None:
        task = asyncio.create_task(work)
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)

    async def _deliver_until_accepted(
        self, function: Function, path: str, headers: Mapping[str, str], body: bytes
    ) -> web.Response:
        """Delivers until the function accepts. After the last attempt, the sweeper announces the
        work again."""
        for attempt in range(1, function.max_deliveries + 1):
            response = await self._forward(function, path, headers, body)
            if response.status < 300:
                break
            await asyncio.sleep(function.backoff(attempt))
        return response

    async def _deliver_later(
        self,
        wait_s: float,
        function: Function,
        request: web.Request,
        headers: Mapping[str, str],
        body: bytes,
    ) -> web.Response:
        path = request.raw_path
        await asyncio.sleep(wait_s)
        response = await self._forward(function, path, headers, body)
        self.counts[function.name].copies += 1
        return response

    async def _forward(
        self, function: Function, path: str, headers: Mapping[str, str], body: bytes
    ) -> web.Response:
        url = self.layout.url(function.name) + path
        timeout = ClientTimeout(total=function.ack_deadline_s)
        try:
            async with self.session.post(
                url, data=body, headers=headers, timeout=timeout
            ) as response:
                content_type = response.content_type
                return web.Response(
                    status=response.status, body=await response.read(), content_type=content_type
                )
        except (ClientError, TimeoutError) as error:
            return web.Response(status=503, text=f"{function.name} does not respond: {error}")


def build_app(layout: SuiteLayout) -> web.Application:
    """Returns the server as an aiohttp application."""
    app = web.Application(client_max_size=_MAX_MESSAGE_BYTES)
    proxy_key = web.AppKey("proxy", PushProxy)

    async def run_proxy(_app: web.Application) -> AsyncIterator[None]:
        async with ClientSession() as session:
            app[proxy_key] = PushProxy(layout, session)
            yield
            for task in app[proxy_key].pending:
                task.cancel()

    async def deliver(request: web.Request) -> web.Response:
        return await app[proxy_key].deliver(request)

    async def stats(_request: web.Request) -> web.Response:
        counts = app[proxy_key].counts
        return web.json_response({name: asdict(count) for name, count in counts.items()})

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "service": "push"})

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_from_browser(request):
            raise web.HTTPForbidden
        if request.path.startswith("/_"):
            return await handler(request)
        counts = app[proxy_key].counts[_find_function(request).name]
        counts.pushed += 1
        counts.in_flight += 1
        is_acknowledged = False
        try:
            response = await handler(request)
            is_disconnected = request.transport is None or request.transport.is_closing()
            is_acknowledged = response.status < 300 and not is_disconnected
            return response
        finally:
            counts.in_flight -= 1
            counts.acknowledged += is_acknowledged
            counts.refused += not is_acknowledged

    Faults().install(app)
    app.middlewares.insert(0, count)
    app.router.add_get("/_health", health)
    app.router.add_get("/_stats", stats)
    app.router.add_post("/projects/{project}/topics/{topic}", deliver)
    app.cleanup_ctx.append(run_proxy)
    return app


def _find_function(request: web.Request) -> Function:
    """Returns the function of the topic in the path. Raises HTTPNotFound when there is none."""
    topic = request.match_info.get("topic", "")
    function = FUNCTIONS.get(topic.removeprefix(TOPIC_PREFIX))
    if function is None or function.topic != topic or not function.is_event_driven:
        raise web.HTTPNotFound(text=f"no function has the topic {topic[:100]!r}")
    return function


async def serve(layout: SuiteLayout) -> None:
    """Runs the server until SIGINT or SIGTERM."""
    runner = web.AppRunner(build_app(layout), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    stop_requested = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
    try:
        await web.TCPSite(runner, HOST, layout.port("push")).start()
        await stop_requested.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Runs `python -m infra.local.emulators.push.server --base B`.

    Returns 2 and prints the reason when the server cannot start.
    """
    parser = argparse.ArgumentParser(prog="python -m infra.local.emulators.push.server")
    parser.add_argument("--base", type=int, required=True, help="the port base of the suite")
    try:
        asyncio.run(serve(SuiteLayout(parser.parse_args().base)))
    except OSError as error:
        print(f"push: cannot start: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
