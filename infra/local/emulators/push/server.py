"""Carries every message from Pub/Sub to its function, so that deliveries can be bent and counted.

All push subscriptions of a suite lead here; a message goes on to the function of its topic, and
the function's answer goes back: one hop on this machine. What the rules of
`infra.local.faults.inject` do here, matched by the topic in the path
(`/projects/P/topics/moodreel-<function>`):

=============================  ===================================================================
`{"repeat": 2}`                delivered twice at the same time; acknowledged when one copy was
`{"repeat": 2, "repeat_interval_s": 5}`  delivered, and once more five seconds later,
whatever was answered
`{"stall_s": 5}`               delivered five seconds late (Pub/Sub pushes two messages at a time)
`{"status": 503}`              refused in the function's name; it never sees this delivery
`{"lose_response": true}`      the function does its work, and its answer is lost
=============================  ===================================================================

A camera is held for minutes, and the emulator pushes two messages at a time: what is meant for the
recorder is taken off its hands and seen through here, with the row's backoff, as Pub/Sub would.

`GET /_stats` tells of every function: messages pushed, in flight, acknowledged, refused; copies.
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
"""Pub/Sub takes 10 MB a message; a push carries it in base64."""
_ON_THE_WAY = frozenset(("host", "connection", "content-length", "transfer-encoding", "expect"))
"""Headers that belong to one connection and are not handed on."""


LONG_RUNNING_FUNCTIONS = frozenset({"recorder"})
"""Functions that hold a message for as long as they may."""


@dataclass
class DeliveryCounts:
    """What came by for one function."""

    pushed: int = 0
    in_flight: int = 0
    acknowledged: int = 0
    refused: int = 0
    copies: int = 0
    """Deliveries beyond the first of a message, as rules asked for."""


@dataclass
class PushProxy:
    """Where messages are handed on. Copies that come later are kept in `later` until they went."""

    layout: SuiteLayout
    session: ClientSession
    counts: defaultdict[str, DeliveryCounts] = field(
        default_factory=lambda: defaultdict(DeliveryCounts)
    )
    pending: set[asyncio.Task[web.Response]] = field(default_factory=set)

    async def deliver(self, request: web.Request) -> web.Response:
        """Hand a message on, as often as a rule says; Pub/Sub's answer."""
        row = _row(request)
        body = await request.read()
        kept = {k: v for k, v in request.headers.items() if k.lower() not in _ON_THE_WAY}
        if row.name in LONG_RUNNING_FUNCTIONS:
            self._later_on(self._see_through(row, request.raw_path, kept, body))
            return web.Response(status=204)
        times, apart_s = get_repeat(request)
        if apart_s:
            for number in range(1, times):
                self._later_on(self._later(number * apart_s, row, request, kept, body))
            times = 1
        answers = await asyncio.gather(
            *(self._hand_on(row, request.raw_path, kept, body) for _ in range(times))
        )
        self.counts[row.name].copies += times - 1
        # As with Pub/Sub: whoever acknowledges one delivery acknowledges the message.
        return min(answers, key=lambda answer: answer.status)

    def _later_on(self, work: Coroutine[None, None, web.Response]) -> None:
        task = asyncio.create_task(work)
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)

    async def _see_through(
        self, function: Function, path: str, headers: Mapping[str, str], body: bytes
    ) -> web.Response:
        """Deliver until it is taken; what is given up the sweeper announces again."""
        for attempt in range(1, function.max_deliveries + 1):
            answer = await self._hand_on(function, path, headers, body)
            if answer.status < 300:
                break
            await asyncio.sleep(function.backoff(attempt))
        return answer

    async def _later(
        self,
        wait_s: float,
        function: Function,
        request: web.Request,
        headers: Mapping[str, str],
        body: bytes,
    ) -> web.Response:
        path = request.raw_path
        await asyncio.sleep(wait_s)
        answer = await self._hand_on(function, path, headers, body)
        self.counts[function.name].copies += 1
        return answer

    async def _hand_on(
        self, function: Function, path: str, headers: Mapping[str, str], body: bytes
    ) -> web.Response:
        url = self.layout.url(function.name) + path
        limit = ClientTimeout(total=function.ack_deadline_s)
        try:
            async with self.session.post(url, data=body, headers=headers, timeout=limit) as answer:
                kind = answer.content_type
                return web.Response(
                    status=answer.status, body=await answer.read(), content_type=kind
                )
        except (ClientError, TimeoutError) as lost:
            return web.Response(status=503, text=f"{function.name} does not answer: {lost}")


def build_app(layout: SuiteLayout) -> web.Application:
    """The whole server as an aiohttp application."""
    app = web.Application(client_max_size=_MAX_MESSAGE_BYTES)
    office_key = web.AppKey("office", PushProxy)

    async def run(_app: web.Application) -> AsyncIterator[None]:
        async with ClientSession() as session:
            app[office_key] = PushProxy(layout, session)
            yield
            for task in app[office_key].pending:
                task.cancel()

    async def deliver(request: web.Request) -> web.Response:
        return await app[office_key].deliver(request)

    async def stats(_request: web.Request) -> web.Response:
        told = app[office_key].counts
        return web.json_response({name: asdict(one) for name, one in told.items()})

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "service": "push"})

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_from_browser(request):
            raise web.HTTPForbidden
        if request.path.startswith("/_"):
            return await handler(request)
        one = app[office_key].counts[_row(request).name]
        one.pushed += 1
        one.in_flight += 1
        taken = False
        try:
            response = await handler(request)
            gone = request.transport is None or request.transport.is_closing()
            taken = response.status < 300 and not gone
            return response
        finally:
            one.in_flight -= 1
            one.acknowledged += taken
            one.refused += not taken

    Faults().install(app)
    app.middlewares.insert(0, count)
    app.router.add_get("/_health", health)
    app.router.add_get("/_stats", stats)
    app.router.add_post("/projects/{project}/topics/{topic}", deliver)
    app.cleanup_ctx.append(run)
    return app


def _row(request: web.Request) -> Function:
    """The row whose topic the path names. Raises HTTPNotFound when no row has it."""
    topic = request.match_info.get("topic", "")
    row = FUNCTIONS.get(topic.removeprefix(TOPIC_PREFIX))
    if row is None or row.topic != topic or not row.is_event_driven:
        raise web.HTTPNotFound(text=f"no function is woken by the topic {topic[:100]!r}")
    return row


async def serve(layout: SuiteLayout) -> None:
    """Answer until the process is told to end."""
    runner = web.AppRunner(build_app(layout), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    try:
        await web.TCPSite(runner, HOST, layout.port("push")).start()
        await end.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """`python -m infra.local.emulators.push.server --base B`; 2 when it cannot start, with the
    reason in a line."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.emulators.push.server")
    parser.add_argument("--base", type=int, required=True, help="the port base of the suite")
    try:
        asyncio.run(serve(SuiteLayout(parser.parse_args().base)))
    except OSError as reason:
        print(f"push: cannot start: {reason}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
