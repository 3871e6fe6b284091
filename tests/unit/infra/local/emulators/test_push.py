"""The push proxy with a limit of instances: as Cloud Run and Pub/Sub deliver."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from infra.local.emulators.push.server import build_app
from infra.local.suite.layout import HOST, PROJECT, SuiteLayout
from infra.local.suite.ports import find_free_base
from shared.pipeline import FUNCTIONS

FUNCTION = FUNCTIONS["frame_extraction"]
MESSAGE = {
    "data": base64.b64encode(b"{}").decode(),
    "attributes": {"part": "0"},
    "publishTime": "2026-11-01T10:00:00Z",
}

Client = TestClient[Any, Any]


@dataclass
class FakeServices:
    """A function and Pub/Sub, as servers on the ports of a suite."""

    handle: Callable[[], Awaitable[int]]
    published: list[dict[str, Any]] = field(default_factory=list)

    async def call_function(self, _request: web.Request) -> web.Response:
        return web.Response(status=await self.handle())

    async def publish(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.published += [{"topic": request.path} | message for message in body["messages"]]
        return web.json_response({"messageIds": ["1"]})


@asynccontextmanager
async def run_proxy(services: FakeServices, max_instances: int) -> AsyncIterator[Client]:
    layout = SuiteLayout(find_free_base())
    function, pubsub = web.Application(), web.Application()
    function.router.add_post("/{path:.*}", services.call_function)
    pubsub.router.add_post("/{path:.*}", services.publish)
    servers = [
        TestServer(function, host=HOST, port=layout.port(FUNCTION.name)),
        TestServer(pubsub, host=HOST, port=layout.port("pubsub")),
    ]
    for server in servers:
        await server.start_server()
    async with TestClient(TestServer(build_app(layout), host=HOST)) as client:
        response = await client.put("/_instances", json={"max": max_instances})
        assert response.status == 200
        yield client
    for server in servers:
        await server.close()


async def push(client: Client) -> None:
    """Pushes a message, which the proxy must take over."""
    topic = f"/projects/{PROJECT}/topics/{FUNCTION.topic}"
    response = await client.post(topic, json={"message": MESSAGE})
    assert response.status == 204


async def read_counts(client: Client) -> dict[str, int]:
    stats = await (await client.get("/_stats")).json()
    return dict(stats[FUNCTION.name])


async def wait_until_delivered(client: Client) -> dict[str, int]:
    while (counts := await read_counts(client))["in_flight"]:
        await asyncio.sleep(0.01)
    return counts


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits of the proxy before later deliveries, which take no time."""
    waited: list[float] = []
    sleep = asyncio.sleep

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0.02)

    monkeypatch.setattr("infra.local.emulators.push.proxy.sleep", wait)
    return waited


def test_deliveries_beyond_the_instances_are_refused_and_repeated(waits: list[float]) -> None:
    running: list[int] = []
    active = 0
    may_end = asyncio.Event()

    async def handle() -> int:
        nonlocal active
        active += 1
        running.append(active)
        await may_end.wait()
        active -= 1
        return 204

    async def deliver() -> dict[str, int]:
        async with run_proxy(FakeServices(handle), max_instances=2) as client:
            for _ in range(6):
                await push(client)
            # The others are refused while as many run as there are instances.
            while (await read_counts(client))["refused"] < 4:
                await asyncio.sleep(0.01)
            may_end.set()
            return await wait_until_delivered(client)

    counts = asyncio.run(deliver())
    assert max(running) == 2 * FUNCTION.concurrency
    assert len(running) == 6
    assert counts["beyond_instances"] == counts["refused"] == len(waits) >= 4
    assert counts["pushed"] == 6 + counts["refused"]


def test_message_that_is_refused_too_often_goes_to_dead_letter(waits: list[float]) -> None:
    async def refuse() -> int:
        return 503

    services = FakeServices(refuse)

    async def deliver() -> dict[str, int]:
        async with run_proxy(services, max_instances=1) as client:
            await push(client)
            counts = await wait_until_delivered(client)
            while not services.published:
                await asyncio.sleep(0.01)
            return counts

    counts = asyncio.run(deliver())
    assert counts["pushed"] == counts["refused"] == FUNCTION.max_deliveries
    assert waits[:3] == [FUNCTION.backoff(1), FUNCTION.backoff(2), FUNCTION.backoff(3)]
    (message,) = services.published
    topic = f"/v1/projects/{PROJECT}/topics/{FUNCTIONS['dead_letter'].topic}:publish"
    assert (message["topic"], message["data"]) == (topic, MESSAGE["data"])
    assert message["attributes"] == {
        "part": "0",
        "CloudPubSubDeadLetterSourceTopicPublishTime": MESSAGE["publishTime"],
    }


@pytest.mark.parametrize("limit", [0, -1, 1.5, "2", True])
def test_limit_must_be_a_whole_number(limit: object) -> None:
    async def put() -> int:
        app = build_app(SuiteLayout(find_free_base()))
        async with TestClient(TestServer(app, host=HOST)) as client:
            return (await client.put("/_instances", json={"max": limit})).status

    assert asyncio.run(put()) == 400
