"""The costs of a caller: every route has a policy, a row and a line, and limits are multiplied."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from functions.api import rate_limit_policies
from infra.tools.abuse import table
from infra.tools.abuse.operations import Operations, list_rows, operations_of
from shared.http.limits.policies import requests_from, requests_of
from shared.http.routing import Route
from shared.pricing.job_cost import compute_usd
from tests.fakes.application import SETTINGS

ALL_ROUTES = [route for routes in table.ROUTES.values() for route in routes]
CALLERS_OWN = {"requests", "requests-of-client"}


@pytest.mark.parametrize("route", ALL_ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_has_a_policy_of_its_caller_and_a_line(route: Route) -> None:
    names = {policy(SETTINGS).name for policy in table.policies_of(route)}

    assert f"`{route.method} {route.path}`" in table.render_routes()
    if route.limit_exemption:
        assert names == set()
        assert table.max_requests(route) == table.LOAD_BALANCER_REQUESTS == 3000
        assert operations_of(route).reads == operations_of(route).writes == 0
    else:
        assert len(names & CALLERS_OWN) == 1
        assert 0 < table.max_requests(route) < 2 * SETTINGS.requests_per_minute


def test_every_row_is_of_a_route() -> None:
    assert set(list_rows()) <= {f"{route.method} {route.path}" for route in ALL_ROUTES}


def test_a_change_without_a_row_is_an_error() -> None:
    changed = replace(ALL_ROUTES[0], path="/v1/another")

    with pytest.raises(LookupError, match="POST /v1/another"):
        operations_of(changed)


def test_quotas_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    lower = replace(table.SETTINGS, requests_per_minute=40, anonymous_requests_per_minute=80)
    monkeypatch.setattr(table, "SETTINGS", lower)
    most = {route.path: table.max_requests(route) for route in ALL_ROUTES if route.method == "GET"}

    assert (most["/v1/jobs"], most["/v1/docs"], most["/v1/health"]) == (40, 80 + 40, 3000)


def test_exempt_routes_have_the_limit_of_the_load_balancer() -> None:
    text = (Path(table.__file__).parents[2] / "terraform" / "variables.tf").read_text()
    (default,) = re.findall(r'"client_requests_per_minute" {[^}]*?default\s*=\s*(\d+)', text)

    assert int(default) == table.LOAD_BALANCER_REQUESTS
    assert [route.path for route in ALL_ROUTES if route.limit_exemption] == [
        "/v1/health",
        "/healthz",
        "/v1/media/health",
    ]


def test_a_request_costs_the_sum_of_its_operations() -> None:
    row = Operations(3, 2, 5, 7, seconds=2.0, sent_bytes=1 << 30)
    parts = (0.4e-6, compute_usd("api", 2), 3 * 0.6e-6, 2 * 1.8e-6, 5 * 5e-6, 7 * 0.4e-6, 0.12)

    assert table.request_usd("api", row) == pytest.approx(sum(parts))


def test_longest_windows_can_be_used_up_in_a_minute() -> None:
    (register,) = (route for route in ALL_ROUTES if route.path == "/v1/accounts/register")

    assert table.max_requests(register) == SETTINGS.registrations_per_client
    # Addresses can be made up: their policy does not limit a caller.
    assert rate_limit_policies.emails_to in register.policies
    assert rate_limit_policies.emails_to(SETTINGS).quota < SETTINGS.registrations_per_client


def test_all_requests_of_a_caller_cost_more_than_those_to_one_route() -> None:
    for sign_in, policy in ((True, requests_of), (False, requests_from)):
        routes = [route for route in ALL_ROUTES if route.sign_in_required == sign_in]
        limited = [route for route in routes if not route.limit_exemption]
        assert all(table.policies_of(route)[0] is policy for route in limited)
        each = [
            table.max_requests(route) * table.request_usd("api", operations_of(route))
            for route in routes
        ]
        assert max(each) < table.total_usd(sign_in=sign_in) + 1e-9 < sum(each)
