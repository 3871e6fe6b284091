"""Tests of the rate limits: in any window, and for concurrent requests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import LimitReached
from shared.http.limits.policy import Policy
from shared.http.limits.rate_limits import consume, peek
from shared.http.request import ApiRequest
from tests.fakes.application import SETTINGS
from tests.fakes.clock import START, ManualClock
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.services import FixedServices

POLICY = Policy("jobs", 5, 60, "At most five.")


def make_request(clock: ManualClock, **fields: Any) -> ApiRequest:
    services = FixedServices(
        store=MemoryJobStore(),
        objects=None,  # type: ignore[arg-type]
        publisher=None,  # type: ignore[arg-type]
        clock=clock,
        log=lambda *_, **__: None,
        new_token=lambda: "t",
    )
    return ApiRequest(services=services, settings=SETTINGS, path_params={}, **fields)


def is_accepted(request: ApiRequest, key: str = "alice") -> bool:
    try:
        consume(request, POLICY, key)
    except LimitReached:
        return False
    return True


def test_requests_are_accepted_up_to_the_quota() -> None:
    request = make_request(ManualClock())

    assert [is_accepted(request) for _ in range(8)] == [True] * 5 + [False] * 3
    assert is_accepted(request, "bob")


def test_remaining_quota_is_reported() -> None:
    request = make_request(ManualClock(START + timedelta(seconds=45)))

    assert peek(request, POLICY, "alice").headers == {
        "RateLimit-Policy": '"jobs";q=5;w=60',
        "RateLimit": '"jobs";r=5;t=15',
    }
    assert consume(request, POLICY, "alice").remaining == 4
    assert peek(request, POLICY, "alice").remaining == 4


@given(st.lists(st.floats(0, 200), max_size=60), st.floats(0, 60))
def test_accepted_requests_per_window_are_bounded(steps: list[float], offset: float) -> None:
    clock = ManualClock(START + timedelta(seconds=offset))
    request = make_request(clock)
    times: list[float] = []
    for step in sorted(steps):
        clock.time = START + timedelta(seconds=offset + step)
        if is_accepted(request):
            times.append(offset + step)

    for end in times:
        # The previous window is weighted as if its requests were spread evenly.
        assert sum(end - 60 < time <= end for time in times) <= 2 * POLICY.quota - 1
        same_clock_window = [time for time in times if time // 60 == end // 60]
        assert len(same_clock_window) <= POLICY.quota


def test_burst_across_a_window_edge_counts_as_one() -> None:
    clock = ManualClock(START + timedelta(seconds=59.9))
    request = make_request(clock)
    accepted = [is_accepted(request) for _ in range(3)]
    clock.time += timedelta(seconds=0.2)

    assert sum(accepted) + sum(is_accepted(request) for _ in range(10)) == 5


@given(st.integers(0, 59), st.integers(0, 90), st.integers(1, 12))
def test_request_is_accepted_after_retry_after(start: int, pause: int, count: int) -> None:
    clock = ManualClock(START + timedelta(seconds=start))
    request = make_request(clock)
    for _ in range(count):
        is_accepted(request)
    clock.time += timedelta(seconds=pause)
    while is_accepted(request):
        pass

    with pytest.raises(LimitReached) as refusal:
        consume(request, POLICY, "alice")
    clock.time += timedelta(seconds=refusal.value.retry_after_s)

    assert is_accepted(request)


def test_refusal_writes_nothing_and_keys_are_hashed() -> None:
    request = make_request(ManualClock())
    for _ in range(5):
        is_accepted(request, "alice@moodreel.test")
    docs = dict(request.services.store.documents)  # type: ignore[attr-defined]

    assert not is_accepted(request, "alice@moodreel.test")
    assert request.services.store.documents == docs  # type: ignore[attr-defined]
    assert "alice" not in str(docs)
    [(data, _)] = docs.values()
    assert data["expires_at"] > START + timedelta(seconds=2 * POLICY.window_s)
