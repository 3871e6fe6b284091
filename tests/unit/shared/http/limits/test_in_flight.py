"""Requests that an instance handles at once: a few callers do not take all of them."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import LimitReached
from shared.http.limits.request_limits import (
    ANONYMOUS_SLOTS_PER_CLIENT,
    BODIES_PER_CALLER,
    RequestLimits,
    anonymous_slots,
)
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fakes.clock import ManualClock
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.services import FixedServices
from tests.fixtures.operations import ItemRequest


def answer(_: ApiRequest) -> ApiResponse:
    return ApiResponse(content=b"{}")


def make_services() -> FixedServices:
    return FixedServices(
        store=MemoryJobStore(),
        objects=None,  # type: ignore[arg-type]
        publisher=None,  # type: ignore[arg-type]
        clock=ManualClock(),
        log=lambda *_, **__: None,
        new_token=lambda: "t",
    )


class SlowBody(io.BytesIO):
    """A body that arrives when `arrived` is set."""

    def __init__(self, started: threading.Semaphore, arrived: threading.Event) -> None:
        super().__init__(b'{"name": "tea"}')
        self._started, self._arrived = started, arrived

    def readinto(self, buffer: Any) -> int:
        self._started.release()
        assert self._arrived.wait(120)
        return super().readinto(buffer)


@pytest.mark.parametrize(
    ("sign_in", "limit"), [(True, BODIES_PER_CALLER), (False, ANONYMOUS_SLOTS_PER_CLIENT)]
)
def test_slow_bodies_of_a_caller_hold_few_threads(sign_in: bool, limit: int) -> None:
    route = Route("POST", "/slow", answer, "Wait.", body=ItemRequest, sign_in_required=sign_in)
    harness = AppHarness((route,), settings=replace(SETTINGS, trusted_proxies=1))
    started, arrived = threading.Semaphore(0), threading.Event()

    def send(headers: dict[str, str]) -> Any:
        return harness.request(
            "POST",
            "/slow",
            headers=headers,
            content_type="application/json",
            input_stream=SlowBody(started, arrived),
            environ_overrides={"wsgi.input_terminated": True},
        )

    slow = ALICE_HEADERS if sign_in else {"X-Forwarded-For": "203.0.113.9"}
    other = {"Authorization": "Bearer bob"} if sign_in else {"X-Forwarded-For": "203.0.113.8"}
    with ThreadPoolExecutor(limit + 1) as pool:
        waiting = [pool.submit(send, slow) for _ in range(limit)]
        try:
            assert all(started.acquire(timeout=120) for _ in waiting)
            refused = send(slow)
            another = pool.submit(send, other)
        finally:
            arrived.set()

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert [call.result().status_code for call in (*waiting, another)] == [200] * (limit + 1)


@pytest.mark.parametrize(
    ("clients", "other", "status"),
    [
        (("203.0.113.1", "203.0.113.2"), "203.0.113.3", 200),
        (("203.0.113.1",), "203.0.113.1", 429),
        (tuple(f"203.0.113.{n}" for n in range(5)), "203.0.113.9", 200),
        # As many clients as have all 12 slots: what is left.
        (tuple(f"203.0.113.{n}" for n in range(6)), "203.0.113.9", 429),
    ],
    ids=["two", "one", "five", "six"],
)
def test_few_clients_do_not_take_all_sign_ins_of_an_instance(
    clients: tuple[str, ...], other: str, status: int
) -> None:
    limits, services = RequestLimits("api"), make_services()

    def enter(address: str, held: ExitStack) -> int:
        try:
            limits.admit_anonymous(services, SETTINGS, address, held)
        except LimitReached:
            return 429
        return 200

    with ExitStack() as slow:
        for address in clients * anonymous_slots("api"):
            enter(address, slow)
        with ExitStack() as held:
            assert enter(other, held) == status
    # What was held is free again, also what a refused request held.
    with ExitStack() as held:
        assert [enter(f"203.0.113.{n}", held) for n in (9, 9, 1, 1, 1)] == [200] * 4 + [429]


def test_sign_ins_leave_a_part_of_an_instance_to_others() -> None:
    started, go_on = threading.Semaphore(0), threading.Event()

    def wait(_: ApiRequest) -> ApiResponse:
        started.release()
        assert go_on.wait(120)
        return ApiResponse(content=b"{}")

    sign_in = Route("POST", "/login", wait, "Wait.", body=ItemRequest, sign_in_required=False)
    routes = (
        sign_in,
        Route("GET", "/jobs", answer, "Read."),
        Route("GET", "/open", answer, "Read.", sign_in_required=False),
    )
    harness = AppHarness(routes, settings=replace(SETTINGS, trusted_proxies=1))

    def send(number: int) -> Any:
        return harness.request(
            "POST",
            "/login",
            data='{"name": "tea"}',
            content_type="application/json",
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )

    slots = anonymous_slots("api")
    with ThreadPoolExecutor(slots) as pool:
        waiting = [pool.submit(send, number) for number in range(slots)]
        try:
            assert all(started.acquire(timeout=120) for _ in waiting)
            refused = send(99)
            others = [
                harness.request("GET", "/jobs", headers=ALICE_HEADERS).status_code,
                harness.request("GET", "/open").status_code,
            ]
        finally:
            go_on.set()

    assert (refused.status_code, refused.json["code"]) == (429, "rate-limited")
    assert others == [200, 200]
    assert {call.result().status_code for call in waiting} == {200}
    assert send(99).status_code == 200
