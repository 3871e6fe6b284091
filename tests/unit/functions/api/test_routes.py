"""Tests of the table of routes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime
from types import MethodType
from typing import Any

import pytest

from functions.api import rate_limit_policies
from functions.api.jobs.recipes import OPTION_PARSERS
from functions.api.pagination import decode_cursor, encode_cursor
from functions.api.routes import ROUTES
from shared.http.problems import STATUSES, InvalidFields, error_status
from shared.http.routing import PATH_PARAM_PATTERNS, Route
from shared.pipeline import RECIPES
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.jobs import make_job


def test_public_routes() -> None:
    public = {(route.method, route.path) for route in ROUTES if not route.sign_in_required}

    assert public == {
        ("POST", "/v1/accounts/register"),
        ("POST", "/v1/accounts/login"),
        ("POST", "/v1/accounts/refresh"),
        ("POST", "/v1/accounts/forgot"),
        ("POST", "/v1/accounts/password"),
        ("GET", "/v1/share/{token}"),
        ("GET", "/v1/erasures/{erasure_token}"),
        ("GET", "/v1/erasures/{erasure_token}/inventory"),
        ("GET", "/v1/receipt-keys"),
        ("GET", "/v1/health"),
        ("GET", "/healthz"),
        ("GET", "/v1/openapi.json"),
        ("GET", "/v1/docs"),
        ("GET", "/v1/docs/plain"),
        ("GET", "/v1/docs/viewer.js"),
        ("GET", "/v1/docs/style.css"),
        ("GET", "/problems/{code}"),
    }


POLICIES = {
    name: value
    for name, value in vars(rate_limit_policies).items()
    if inspect.isfunction(value) and not name.startswith("_") and name != "batch_size"
}


def find_policies(function: Any, seen: set[Any]) -> Iterator[Any]:
    """Yields the policies that a function of the API, or one that it calls, checks."""
    if function in seen or not function.__module__.startswith("functions.api"):
        return
    seen.add(function)
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        codes += [value for value in code.co_consts if inspect.iscode(value)]
        if "rate_limit_policies" in code.co_names and "peek" not in code.co_names:
            yield from (POLICIES[name] for name in code.co_names if name in POLICIES)
        for name in code.co_names:
            called = function.__globals__.get(name)
            if inspect.isfunction(called):
                yield from find_policies(called, seen)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_declared_policies_are_those_that_the_handler_checks(route: Route) -> None:
    if isinstance(route.handler, MethodType):
        assert route.policies == ()
        return
    assert set(find_policies(route.handler, set())) == set(route.policies)


def test_changes_without_a_policy_of_their_own() -> None:
    unlimited = {
        (route.method, route.path)
        for route in ROUTES
        if route.method != "GET" and not route.policies
    }

    # Each changes an existing document at most once, deletes, or only signs a URL. The policy of
    # all routes limits them.
    assert unlimited == {
        ("PATCH", "/v1/me"),
        ("PUT", "/v1/me/preferences"),
        ("DELETE", "/v1/me/keys/{key_id}"),
        ("PATCH", "/v1/jobs/{job_id}"),
        ("DELETE", "/v1/jobs/{job_id}"),
        ("POST", "/v1/jobs/{job_id}/cancel"),
        ("DELETE", "/v1/shares/{share_id}"),
        ("DELETE", "/v1/cameras/{camera_id}"),
        ("DELETE", "/v1/recordings/{recording_id}"),
        ("POST", "/v1/recordings/{recording_id}/stop"),
        ("DELETE", "/v1/buckets/{bucket_id}"),
        ("DELETE", "/v1/webhooks/{webhook_id}"),
        ("POST", "/v1/webhooks/{webhook_id}/enable"),
        ("POST", "/v1/webhooks/{webhook_id}/secret"),
    }


def test_routes_are_unique_and_described() -> None:
    operations = [(route.method, route.path) for route in ROUTES]

    assert len(set(operations)) == len(operations)
    for route in ROUTES:
        assert route.summary.endswith("."), route.path
        assert set(route.path_params) <= PATH_PARAM_PATTERNS.keys(), route.path
        assert route.response_model is not None or route.status in (200, 204, 302), route.path
        assert route.group, route.path


def test_declared_errors_are_client_errors() -> None:
    for route in ROUTES:
        for error in route.errors:
            assert 400 <= error_status(error) < 500, (route.path, error)


def test_error_status_is_inherited() -> None:
    assert error_status(InvalidFields) == 422
    assert error_status(KeyError) == 500
    assert all(error_status(error) == status for error, status in STATUSES.items())


def test_every_recipe_has_an_option_parser() -> None:
    assert RECIPES.keys() == OPTION_PARSERS.keys()


def test_cursor_round_trip() -> None:
    job = make_job(created_at=datetime(2026, 11, 21, 1, 2, 3, 456789, UTC))

    assert decode_cursor(encode_cursor(job.created_at, job.id)) == (job.created_at, job.id)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "AAAA",
        "MjAyNi0xMS0yMSBhYWFh",
        "MjAyNi0xMS0yMVQwMDowMDowMCBhYWFhYWFhYWFhYWFhYWFhYWFhYQ",
    ],
)
def test_invalid_cursor_is_rejected(cursor: str) -> None:
    response = AppHarness(ROUTES).request(
        "GET", "/v1/jobs", headers=ALICE_HEADERS, query_string={"cursor": cursor}
    )

    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == "cursor"
