"""Requests over a limit are refused before anything is read from Firestore for them."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shared.http.limits.request_limits import BODIES_PER_CALLER, anonymous_slots
from shared.http.request import MAX_BODY_BYTES, MAX_URL_BYTES, ApiRequest, ApiResponse
from shared.http.routing import Route
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fakes.clock import ManualClock
from tests.fixtures.operations import ItemRequest

JOB = "j" * 20
LIMITED = replace(
    SETTINGS, requests_per_minute=3, anonymous_requests_per_minute=2, trusted_proxies=1
)


def answer(_: ApiRequest) -> ApiResponse:
    return ApiResponse(content=b"{}")


ROUTES = (
    Route("GET", "/v1/jobs/{job_id}", answer, "Read."),
    Route("POST", "/v1/jobs/{job_id}", answer, "Change.", body=ItemRequest),
    Route("GET", "/open", answer, "Read.", sign_in_required=False),
)


def statuses(
    harness: AppHarness, count: int, path: str, address: str = "203.0.113.1", token: str = ""
) -> list[int]:
    headers = {"X-Forwarded-For": address} | ({"Authorization": f"Bearer {token}"} if token else {})
    return [harness.request("GET", path, headers=headers).status_code for _ in range(count)]


@pytest.fixture
def harness() -> AppHarness:
    return AppHarness(ROUTES, settings=LIMITED, clock=ManualClock())


def test_reads_of_a_user_are_limited_from_every_address(harness: AppHarness) -> None:
    path = f"/v1/jobs/{JOB}"
    found = [statuses(harness, 1, path, f"203.0.113.{n}", token="alice")[0] for n in range(5)]
    reads = harness.store.read_count
    refused = harness.request("GET", path, headers=ALICE_HEADERS)

    assert found == [404] * 3 + [429] * 2
    assert refused.json["code"] == "rate-limited"
    assert 0 < int(refused.headers["Retry-After"]) <= 80
    assert refused.headers["RateLimit-Policy"] == '"requests";q=3;w=60'
    assert harness.store.read_count == reads
    assert statuses(harness, 1, path, token="bob") == [404]


def test_requests_without_a_sign_in_are_limited_by_client(harness: AppHarness) -> None:
    first, second = "2001:db8:1::7", "2001:db8:2::7"

    assert statuses(harness, 4, "/open", first) == [200, 200, 429, 429]
    assert statuses(harness, 1, "/open", second) == [200]


def test_invalid_tokens_are_limited_by_client(harness: AppHarness) -> None:
    found = statuses(harness, 4, f"/v1/jobs/{JOB}", token="mallory")

    assert found == [401, 401, 429, 429]
    # A signed-in user at the same address is not concerned.
    assert statuses(harness, 1, f"/v1/jobs/{JOB}", token="alice") == [404]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"x" * (MAX_BODY_BYTES + 1), 413, "body-too-large"),
        # Valid or not, a body is parsed only for the owner of the job.
        (b"[" * MAX_BODY_BYTES, 404, "not-found"),
    ],
)
def test_a_large_body_is_refused_without_a_read(body: bytes, status: int, code: str) -> None:
    harness = AppHarness(ROUTES)
    response = harness.request(
        "POST", f"/v1/jobs/{JOB}", data=body, content_type="application/json", headers=ALICE_HEADERS
    )

    assert (response.status_code, response.json["code"]) == (status, code)
    assert harness.store.read_count == (status == 404)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/open", 200),
        ("/open?" + "x" * MAX_URL_BYTES, 414),
        ("/" + "x" * MAX_URL_BYTES, 414),
        (f"/v1/jobs/{JOB}?" + "&".join(f"a{n}=" for n in range(4000)), 414),
    ],
    ids=["short", "query", "path", "parameters"],
)
def test_a_long_url_is_refused_without_a_read(path: str, status: int) -> None:
    harness = AppHarness(ROUTES)
    response = harness.request("GET", path, headers=ALICE_HEADERS)

    assert response.status_code == status
    assert status == 200 or response.json["code"] == "url-too-long"
    assert harness.store.read_count == 0


class SlowBody(io.BytesIO):
    """A body that arrives when `arrived` is set."""

    def __init__(self, started: threading.Semaphore, arrived: threading.Event) -> None:
        super().__init__(b'{"name": "tea"}')
        self._started, self._arrived = started, arrived

    def readinto(self, buffer: Any) -> int:
        self._started.release()
        assert self._arrived.wait(120)
        return super().readinto(buffer)


@pytest.mark.parametrize("sign_in", [True, False])
def test_slow_bodies_of_a_caller_hold_few_threads(sign_in: bool) -> None:
    route = Route("POST", "/slow", answer, "Wait.", body=ItemRequest, sign_in_required=sign_in)
    harness = AppHarness((route,), settings=replace(SETTINGS, trusted_proxies=1))
    limit, arrived = BODIES_PER_CALLER, threading.Event()
    started = threading.Semaphore(0)

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


def test_sign_ins_leave_a_part_of_an_instance_to_others() -> None:
    started, go_on = threading.Semaphore(0), threading.Event()

    def wait(_: ApiRequest) -> ApiResponse:
        started.release()
        assert go_on.wait(120)
        return ApiResponse(content=b"{}")

    sign_in = Route("POST", "/login", wait, "Wait.", body=ItemRequest, sign_in_required=False)
    harness = AppHarness((*ROUTES, sign_in), settings=replace(SETTINGS, trusted_proxies=1))

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
                statuses(harness, 1, f"/v1/jobs/{JOB}", token="alice"),
                statuses(harness, 1, "/open"),
            ]
        finally:
            go_on.set()

    assert (refused.status_code, refused.json["code"]) == (429, "rate-limited")
    assert others == [[404], [200]]
    assert {call.result().status_code for call in waiting} == {200}
    assert send(99).status_code == 200
