"""The table of operations, held to what the frame promises about it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from functions.api.jobs.recipes import OPTION_PARSERS
from functions.api.pagination import decode_cursor, encode_cursor
from functions.api.routes import ROUTES
from shared.http.problems import STATUSES, InvalidFields, error_status
from shared.http.routing import PATH_PARAM_PATTERNS
from shared.pipeline import RECIPES
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.jobs import make_job


def test_only_what_must_be_is_open_to_everybody() -> None:
    open_ones = {(one.method, one.path) for one in ROUTES if not one.sign_in_required}

    assert open_ones == {
        ("POST", "/v1/accounts/register"),
        ("POST", "/v1/accounts/login"),
        ("POST", "/v1/accounts/refresh"),
        ("POST", "/v1/accounts/forgot"),
        ("GET", "/v1/share/{token}"),
        ("GET", "/v1/erasures/{request_id}"),
        ("GET", "/v1/erasures/{request_id}/inventory"),
        ("GET", "/v1/receipt-keys"),
        ("GET", "/v1/health"),
        ("GET", "/healthz"),
        ("GET", "/v1/openapi.json"),
        ("GET", "/v1/docs"),
        ("GET", "/problems/{code}"),
    }


def test_whatever_costs_something_is_limited_in_how_often() -> None:
    free = {
        (one.method, one.path)
        for one in ROUTES
        if one.method in ("POST", "PUT") and not one.rate_limited
    }

    # Each changes a document that is there, once; asked again it changes nothing, or signs anew.
    assert free == {
        ("PUT", "/v1/me/preferences"),
        ("POST", "/v1/jobs/{job_id}/cancel"),
        ("POST", "/v1/jobs/{job_id}/uploads/{input}"),
        ("POST", "/v1/jobs/{job_id}/uploads/{input}/finalize"),
        ("POST", "/v1/jobs/{job_id}/deck/release"),
        ("POST", "/v1/recordings/{recording_id}/stop"),
        ("POST", "/v1/webhooks/{webhook_id}/enable"),
        ("POST", "/v1/webhooks/{webhook_id}/secret"),
    }


def test_each_operation_stands_once_and_is_described() -> None:
    named = [(one.method, one.path) for one in ROUTES]

    assert len(set(named)) == len(named)
    for route in ROUTES:
        assert route.summary.endswith("."), route.path
        assert set(route.path_params) <= PATH_PARAM_PATTERNS.keys(), route.path
        assert route.response_model is not None or route.status in (200, 204, 302), route.path
        assert route.group, route.path


def test_no_operation_declares_an_error_as_a_success_or_a_fault_of_ours() -> None:
    for route in ROUTES:
        for error in route.errors:
            assert 400 <= error_status(error) < 500, (route.path, error)


def test_a_class_takes_the_status_of_its_nearest_ancestor() -> None:
    assert error_status(InvalidFields) == 422
    assert error_status(KeyError) == 500
    assert all(error_status(one) == status for one, status in STATUSES.items())


def test_every_recipe_that_is_available_says_how_its_options_are_read() -> None:
    assert {one.name for one in RECIPES.values() if one.is_available} <= OPTION_PARSERS.keys()


def test_a_cursor_leads_back_to_where_it_was_written() -> None:
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
def test_a_cursor_of_somebodys_own_making_is_refused(cursor: str) -> None:
    answer = AppHarness(ROUTES).request(
        "GET", "/v1/jobs", headers=ALICE_HEADERS, query_string={"cursor": cursor}
    )

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "cursor"
