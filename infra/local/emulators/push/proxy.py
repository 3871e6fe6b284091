"""Delivers messages to functions: once for Pub/Sub, or until they are accepted."""

from __future__ import annotations

import asyncio
import json
from asyncio import sleep
from collections import Counter, defaultdict
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from infra.local.faults.inject import get_repeat
from infra.local.suite.layout import PROJECT, SuiteLayout
from shared.pipeline import FUNCTIONS, TOPIC_PREFIX, Function, ScheduleTrigger

_HOP_BY_HOP_HEADERS = frozenset(
    ("host", "connection", "content-length", "transfer-encoding", "expect")
)
"""Headers that belong to one connection and are not forwarded."""
LONG_RUNNING_FUNCTIONS = frozenset({"recorder"})
"""Functions that hold a message up to their timeout."""
DEAD_LETTER = FUNCTIONS["dead_letter"]


@dataclass
class DeliveryCounts:
    """The delivery counts of one function."""

    pushed: int = 0
    in_flight: int = 0
    acknowledged: int = 0
    refused: int = 0
    beyond_instances: int = 0
    """Refused deliveries, because all instances were busy."""
    copies: int = 0
    """Additional deliveries of messages, requested by fault rules."""


@dataclass
class PushProxy:
    """Forwards messages to functions.

    The recorder holds a message for minutes, and the Pub/Sub emulator pushes only two messages at a
    time. The proxy therefore acknowledges messages for the recorder at once and delivers them
    itself, with the function's backoff, as Pub/Sub would. With a limit of instances it does so for
    every function: Pub/Sub pushes more messages than the instances accept.

    Attributes:
        pending: The tasks of later deliveries.
        max_instances: The instances of each function, or None for no limit.
        running: The requests that each function is processing.
    """

    layout: SuiteLayout
    session: ClientSession
    counts: defaultdict[str, DeliveryCounts] = field(
        default_factory=lambda: defaultdict(DeliveryCounts)
    )
    pending: set[asyncio.Task[web.Response]] = field(default_factory=set)
    max_instances: int | None = None
    running: Counter[str] = field(default_factory=Counter)

    async def deliver(self, request: web.Request) -> web.Response:
        """Delivers a message as often as a fault rule says. Returns the response for Pub/Sub."""
        function = find_function(request)
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
        if self.max_instances is not None:
            self._start_task(self._deliver_limited(function, request.raw_path, headers, body))
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
        """Delivers until the function accepts, or to its last attempt. The sweeper announces the
        work of lost messages again."""
        for attempt in range(1, function.max_deliveries + 1):
            response = await self._forward(function, path, headers, body)
            if response.status < 300:
                break
            await sleep(function.backoff(attempt))
        return response

    async def _deliver_limited(
        self, function: Function, path: str, headers: Mapping[str, str], body: bytes
    ) -> web.Response:
        """Delivers until the function accepts. After the last delivery, the message goes to
        dead_letter."""
        counts = self.counts[function.name]
        counts.in_flight += 1
        try:
            for attempt in range(1, function.max_deliveries + 1):
                counts.pushed += attempt > 1  # the first one is counted with the push of Pub/Sub
                response = await self._forward_within_instances(function, path, headers, body)
                if response.status < 300:
                    return response
                counts.refused += 1
                await sleep(function.backoff(attempt))
        finally:
            counts.in_flight -= 1
        if function is not DEAD_LETTER and not isinstance(function.trigger, ScheduleTrigger):
            await self._publish_dead_letter(body)
        return response

    async def _forward_within_instances(
        self, function: Function, path: str, headers: Mapping[str, str], body: bytes
    ) -> web.Response:
        """Forwards a message, or refuses it as Cloud Run does when all instances are busy."""
        instances = self.max_instances
        if instances and self.running[function.name] >= instances * function.concurrency:
            self.counts[function.name].beyond_instances += 1
            return web.Response(status=429, text="no available instance")
        self.running[function.name] += 1
        try:
            return await self._forward(function, path, headers, body)
        finally:
            self.running[function.name] -= 1

    async def _publish_dead_letter(self, body: bytes) -> None:
        """Publishes a message for dead_letter, with an attribute of Pub/Sub's dead letters."""
        pushed = json.loads(body)["message"]
        attributes = {
            **pushed.get("attributes", {}),
            "CloudPubSubDeadLetterSourceTopicPublishTime": pushed["publishTime"],
        }
        message = {"data": pushed.get("data", ""), "attributes": attributes}
        topic = f"projects/{PROJECT}/topics/{DEAD_LETTER.topic}"
        url = f"{self.layout.url('pubsub')}/v1/{topic}:publish"
        async with self.session.post(url, json={"messages": [message]}) as response:
            response.raise_for_status()

    async def _deliver_later(
        self,
        wait_s: float,
        function: Function,
        request: web.Request,
        headers: Mapping[str, str],
        body: bytes,
    ) -> web.Response:
        path = request.raw_path
        await sleep(wait_s)
        response = await self._deliver_until_accepted(function, path, headers, body)
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


def find_function(request: web.Request) -> Function:
    """Returns the function of the topic in the path. Raises HTTPNotFound when there is none."""
    topic = request.match_info.get("topic", "")
    function = FUNCTIONS.get(topic.removeprefix(TOPIC_PREFIX))
    if function is None or function.topic != topic or not function.is_event_driven:
        raise web.HTTPNotFound(text=f"no function has the topic {topic[:100]!r}")
    return function
