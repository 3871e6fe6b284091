"""Tests of the limits that count in memory first: over several instances, functions and keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import FirestoreUnavailable, LimitReached
from shared.flows.documents import CommitResult, Doc, Write
from shared.http.limits import limiter
from shared.http.limits.limiter import RateLimiter
from shared.http.limits.policies import COUNTING_FUNCTIONS, requests_from, requests_of
from shared.http.limits.policy import Policy
from shared.http.limits.shared_counters import MAX_TRIES
from tests.fakes.application import SETTINGS
from tests.fakes.clock import START, ManualClock
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.services import FixedServices

USERS = Policy("requests", 60, 60, "At most 60.", batch=10)
CLIENTS = replace(USERS, name="requests-of-client", anonymous=True)
BOTH = pytest.mark.parametrize("policy", [USERS, CLIENTS], ids=["users", "clients"])


def make_services(clock: ManualClock | None = None) -> FixedServices:
    return FixedServices(
        store=MemoryJobStore(),
        objects=None,  # type: ignore[arg-type]
        publisher=None,  # type: ignore[arg-type]
        clock=clock or ManualClock(),
        log=lambda *_, **__: None,
        new_token=lambda: "t",
    )


def is_accepted(
    instance: RateLimiter, services: FixedServices, policy: Policy, key: str = "alice"
) -> bool:
    try:
        instance.check(services, policy, key)
    except LimitReached:
        return False
    return True


@BOTH
@settings(max_examples=40)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=400))
def test_instances_together_accept_at_most_the_stated_number(
    policy: Policy, instances: list[int]
) -> None:
    services = make_services()
    limiters = [RateLimiter() for _ in range(5)]
    accepted = sum(is_accepted(limiters[number], services, policy) for number in instances)

    assert accepted <= policy.max_accepted(5) == 60 + 5 * 9
    assert accepted >= min(len(instances), policy.quota)


@BOTH
def test_a_request_costs_a_tenth_of_a_write(policy: Policy) -> None:
    services, instance = make_services(), RateLimiter()
    for _ in range(9):
        instance.check(services, policy, "alice")
    assert (services.store.read_count, services.store.documents) == (0, {})  # type: ignore[attr-defined]

    for _ in range(51):
        instance.check(services, policy, "alice")
    assert services.store.read_count == 6  # type: ignore[attr-defined]
    assert len(services.store.documents) == 1  # type: ignore[attr-defined]


@BOTH
def test_a_refused_key_is_refused_from_memory_until_retry_after(policy: Policy) -> None:
    clock = ManualClock()
    services, instance = make_services(clock), RateLimiter()
    while is_accepted(instance, services, policy):
        pass
    reads = services.store.read_count  # type: ignore[attr-defined]
    with pytest.raises(LimitReached) as refusal:
        instance.check(services, policy, "alice")
    assert services.store.read_count == reads  # type: ignore[attr-defined]
    assert refusal.value.headers["RateLimit-Policy"] == f'"{policy.name}";q=60;w=60'

    clock.time += timedelta(seconds=refusal.value.retry_after_s)
    assert is_accepted(instance, services, policy)
    assert is_accepted(instance, services, policy, "bob")


def test_one_user_does_not_use_up_the_requests_of_another() -> None:
    services, instance = make_services(), RateLimiter()
    while is_accepted(instance, services, USERS, "alice"):
        pass

    assert sum(is_accepted(instance, services, USERS, "bob") for _ in range(60)) == 60


def test_random_clients_create_no_document() -> None:
    services, instance = make_services(), RateLimiter()
    for number in range(3000):
        instance.check(services, CLIENTS, f"2001:db8:{number:x}::")

    assert services.store.documents == {}  # type: ignore[attr-defined]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "MAX_KEYS", 100)
    services, instance = make_services(), RateLimiter()
    for number in range(1000):
        instance.check(services, CLIENTS, str(number))

    assert len(instance._keys) == 100


class UnavailableStore(MemoryJobStore):
    def read(self, paths: Iterable[str]) -> tuple[Doc | None, ...]:
        raise FirestoreUnavailable(f"cannot read {paths}")


def test_requests_are_accepted_while_firestore_is_unavailable() -> None:
    services = replace(make_services(), store=UnavailableStore())
    instance = RateLimiter()

    assert all(is_accepted(instance, services, USERS) for _ in range(100))
    with pytest.raises(FirestoreUnavailable):
        instance.check(services, replace(CLIENTS, batch=1), "alice@moodreel.test")


class ContendedStore(MemoryJobStore):
    """Another request writes a document first, before each of the next `conflicts` commits."""

    conflicts = 0

    def commit(self, writes: Iterable[Write]) -> CommitResult:
        if self.conflicts:
            self.conflicts -= 1
            return CommitResult.CONFLICT
        return super().commit(writes)


@pytest.mark.parametrize(
    ("conflicts", "accepted"),
    [(MAX_TRIES - 1, True), (MAX_TRIES, False)],
)
def test_a_contended_counter_is_written_again_and_then_refused(
    conflicts: int, accepted: bool
) -> None:
    store = ContendedStore()
    store.conflicts = conflicts
    services = replace(make_services(), store=store)

    assert is_accepted(RateLimiter(), services, replace(CLIENTS, batch=1)) is accepted


def test_shared_counters_count_over_the_edge_of_a_window() -> None:
    clock = ManualClock(START + timedelta(seconds=59))
    services, policy = make_services(clock), replace(CLIENTS, batch=1)
    for _ in range(60):
        assert is_accepted(RateLimiter(), services, policy)
    clock.time += timedelta(seconds=2)

    assert [is_accepted(RateLimiter(), services, policy) for _ in range(2)] == [True, False]
    clock.time += timedelta(seconds=150)
    assert sum(is_accepted(RateLimiter(), services, policy) for _ in range(70)) == 60


EDGE = START + timedelta(seconds=60)
"""Where the second window of a policy with windows of 60 seconds begins."""


@pytest.mark.parametrize("late_s", [0.001, 1, 59, 61, 119])
def test_a_request_that_read_the_clock_before_an_edge_does_not_reset_the_counter(
    late_s: float,
) -> None:
    clock = ManualClock(EDGE)
    services, policy = make_services(clock), replace(CLIENTS, batch=1)
    accepted = sum(is_accepted(RateLimiter(), services, policy) for _ in range(60))
    # It has waited for this long after it read the clock.
    clock.time = EDGE - timedelta(seconds=late_s)
    late = is_accepted(RateLimiter(), services, policy)
    clock.time = EDGE
    accepted += sum(is_accepted(RateLimiter(), services, policy) for _ in range(60))

    assert (accepted, late) == (60, False)


def test_a_late_request_is_added_to_the_window_that_was_written_last() -> None:
    clock = ManualClock(EDGE)
    services, policy = make_services(clock), replace(CLIENTS, batch=1)
    assert is_accepted(RateLimiter(), services, policy)
    clock.time = EDGE - timedelta(seconds=1)
    assert is_accepted(RateLimiter(), services, policy)

    (data, _) = next(iter(services.store.documents.values()))  # type: ignore[attr-defined]
    assert (data["window"], data["current"]) == (policy.window_number(EDGE), 2)
    assert data["expires_at"] == policy.expiry(policy.window_number(EDGE))


def test_a_late_request_counts_the_previous_window_as_at_the_edge() -> None:
    clock = ManualClock(EDGE - timedelta(seconds=1))
    services, policy = make_services(clock), replace(CLIENTS, batch=1)
    assert sum(is_accepted(RateLimiter(), services, policy) for _ in range(50)) == 50
    # At the edge all of the previous window counts: 10 of 60 are left.
    clock.time = EDGE
    assert is_accepted(RateLimiter(), services, policy)
    clock.time = EDGE - timedelta(seconds=1)

    assert sum(is_accepted(RateLimiter(), services, policy) for _ in range(20)) == 9


@BOTH
@settings(max_examples=40)
@given(st.lists(st.integers(-60, 60), max_size=200))
def test_clocks_that_differ_accept_at_most_the_quota_of_each_window(
    policy: Policy, offsets: list[int]
) -> None:
    clock = ManualClock()
    services, exact = make_services(clock), replace(policy, batch=1)
    accepted = 0
    for offset in offsets:
        clock.time = EDGE + timedelta(seconds=offset)
        accepted += is_accepted(RateLimiter(), services, exact)

    # The times are in three windows.
    assert accepted <= 3 * exact.quota


@pytest.mark.parametrize("build", [requests_of, requests_from])
@pytest.mark.parametrize("quota", [1, 39, 300, 600])
def test_all_functions_together_accept_less_than_twice_the_quota(build: object, quota: int) -> None:
    configured = replace(SETTINGS, requests_per_minute=quota, anonymous_requests_per_minute=quota)
    policy = build(configured)  # type: ignore[operator]
    instance_count = len(COUNTING_FUNCTIONS) * configured.max_instances

    assert COUNTING_FUNCTIONS == ("api", "downloads")
    assert policy.max_accepted(instance_count) < 2 * quota
