"""Anonymous attempts with random addresses and from random clients make a bounded number of
documents, and refuse nobody else."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from functions.api import rate_limit_policies
from functions.api.accounts.handlers import EMAIL_PADDING_S, SIGN_IN_FAILURE_PADDING_S
from functions.api.routes import ROUTES
from shared.entrypoints import bootstrap
from shared.http.limits.policy import Policy
from shared.http.limits.request_limits import anonymous_slots
from shared.privacy import limit_counters
from tests.fakes.application import SETTINGS, AppHarness
from tests.fakes.clock import ManualClock
from tests.unit.functions.api.accounts.account_services import AccountServices

ATTEMPTS = 2000
SHARED_COUNTERS = 64
"""Instead of 65,536, so that fewer attempts than in a real flood fill them."""


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> AppHarness:
    clock = ManualClock()
    services = AccountServices(clock)
    monkeypatch.setattr(bootstrap, "accounts", lambda: services)
    monkeypatch.setattr(bootstrap, "mailer", lambda: services)
    monkeypatch.setattr(limit_counters, "SHARED_COUNTERS", SHARED_COUNTERS)
    return AppHarness(ROUTES, clock=clock, settings=replace(SETTINGS, trusted_proxies=1))


def attempt(harness: AppHarness, path: str, address: str, client: str) -> int:
    body = {"email": address}
    if path == "login":
        body["password"] = "not the password"
    response = harness.request(
        "POST",
        f"/v1/accounts/{path}",
        data=json.dumps(body),
        content_type="application/json",
        headers={"X-Forwarded-For": client},
    )
    return int(response.status_code)


@pytest.mark.parametrize(("path", "policies"), [("login", 2), ("register", 3), ("forgot", 3)])
def test_random_addresses_make_a_bounded_number_of_documents(
    harness: AppHarness, path: str, policies: int
) -> None:
    for number in range(ATTEMPTS):
        attempt(harness, path, f"a{number}@b.test", f"2001:db8:{number:x}::1")

    documents = len(harness.store.documents)
    assert documents >= SHARED_COUNTERS // 2, "the attempts were not counted"
    assert documents <= policies * SHARED_COUNTERS, (
        f"{ATTEMPTS} attempts made {documents} documents"
    )


def test_counters_are_used_again_in_later_windows(harness: AppHarness) -> None:
    counts = []
    for number in range(10 * SHARED_COUNTERS):
        attempt(harness, "login", f"a{number}@b.test", f"2001:db8:{number:x}::1")
        harness.clock.sleep(300 / SHARED_COUNTERS)
        counts.append(len(harness.store.documents))

    assert counts[-1] <= SHARED_COUNTERS


def test_a_refused_client_costs_no_access_to_firestore(harness: AppHarness) -> None:
    while attempt(harness, "login", "a@b.test", "203.0.113.9") != 429:
        pass
    reads, documents = harness.store.read_count, dict(harness.store.documents)
    # An address is refused like a client.
    statuses = {attempt(harness, "login", "a@b.test", "203.0.113.9") for _ in range(50)}

    assert statuses == {429}
    # Those that the batches of the client's two policies add.
    assert harness.store.read_count - reads <= 50 // 3 + 50 // 7 + 2
    assert documents.keys() == harness.store.documents.keys()


def probability_full(policy: Policy, attempts: float) -> float:
    """The probability that a flood with so many attempts in a window fills a given counter: the
    attempts of a counter have a Poisson distribution."""
    mean = attempts / limit_counters.SHARED_COUNTERS
    return 1 - math.exp(-mean) * sum(mean**n / math.factorial(n) for n in range(policy.quota))


def test_the_largest_flood_fills_few_counters() -> None:
    """Nobody else may be refused because of a flood: the attempts that all instances of `api` can
    answer in a window, each with another address, fill less than a counter in a thousand."""
    slots = anonymous_slots("api") * SETTINGS.max_instances
    sign_ins = rate_limit_policies.sign_ins_to(SETTINGS)
    of_all = rate_limit_policies.emails_of_all(SETTINGS)
    # A successful sign-in is faster, but needs an account.
    attempts = slots / SIGN_IN_FAILURE_PADDING_S * sign_ins.window_s
    emails = 2 * of_all.max_accepted(SETTINGS.max_instances)

    assert probability_full(sign_ins, attempts) < 0.001
    assert emails < slots / EMAIL_PADDING_S * of_all.window_s
    assert probability_full(rate_limit_policies.emails_to(SETTINGS), emails) < 0.001
