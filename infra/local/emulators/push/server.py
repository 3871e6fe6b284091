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

`PUT /_instances {"max": 2}` limits every function to that many instances, as Cloud Run does:
deliveries beyond their concurrency are refused with 429, and messages are not repeated by rules.
`{"max": null}` removes the limit.

`GET /_stats` returns the counts of every function: pushed, in flight, acknowledged, refused (of
which beyond the instances), copies.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict

from aiohttp import ClientSession, web

from infra.local.emulators.push.proxy import PushProxy, find_function
from infra.local.faults.inject import Faults, Handler, is_from_browser
from infra.local.suite.layout import HOST, SuiteLayout

_MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Pub/Sub allows 10 MB per message, and a push encodes it in base64."""


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

    async def limit_instances(request: web.Request) -> web.Response:
        limit = (await request.json()).get("max")
        if limit is not None and (type(limit) is not int or limit < 1):
            raise web.HTTPBadRequest(text="max must be a whole number from 1, or null")
        app[proxy_key].max_instances = limit
        return web.json_response({"max": limit})

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "service": "push"})

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_from_browser(request):
            raise web.HTTPForbidden
        if request.path.startswith("/_"):
            return await handler(request)
        counts = app[proxy_key].counts[find_function(request).name]
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
    app.router.add_put("/_instances", limit_instances)
    app.router.add_post("/projects/{project}/topics/{topic}", deliver)
    app.cleanup_ctx.append(run_proxy)
    return app


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
