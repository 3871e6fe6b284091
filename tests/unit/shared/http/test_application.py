"""The application: the order of its checks, and errors that disclose nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fixtures.operations import ROUTES

JOB = "a" * 20


@pytest.fixture
def app() -> AppHarness:
    return AppHarness(ROUTES)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/option", 422, "invalid-option"),
        ("/state", 409, "wrong-state"),
        ("/expired", 410, "source-expired"),
        ("/link", 410, "link-expired"),
        ("/store", 503, "storage-unavailable"),
        ("/firestore", 503, "firestore-unavailable"),
        ("/bug", 500, "unexpected"),
        ("/nowhere", 404, "not-found"),
    ],
)
def test_every_error_has_its_status_and_code(
    app: AppHarness, path: str, status: int, code: str
) -> None:
    response = app.request("GET", path)

    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert response.json["code"] == code
    assert response.json["status"] == status
    assert response.json["type"] == f"{SETTINGS.public_url}/problems/{code}"
    assert response.json["request_id"] == response.headers["X-Request-Id"]
    assert ("Retry-After" in response.headers) is (status == 503)


@pytest.mark.parametrize(("path", "secret"), [("/bug", "hunter2"), ("/store", "secret-account")])
def test_internal_errors_are_logged_and_not_disclosed(
    app: AppHarness, path: str, secret: str
) -> None:
    response = app.request("GET", path)

    assert secret not in response.text
    assert secret in app.logged_event("request.failed")["reason"]


def test_browser_receives_an_html_page_for_an_error(app: AppHarness) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    page = app.request("GET", "/link", headers={"Accept": browser})
    other_responses = [
        app.request("GET", "/link", headers=accept)
        for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "x/y"})
    ]

    assert (page.status_code, page.mimetype) == (410, "text/html")
    assert "<h1>Link expired</h1>" in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert {response.mimetype for response in other_responses} == {"application/problem+json"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer mallory"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YWxpY2U6eA=="},
        {"Authorization": "alice"},
    ],
)
def test_invalid_token_is_refused(app: AppHarness, headers: dict[str, str]) -> None:
    response = app.request("GET", "/items", headers=headers)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="moodreel"'


def test_sign_in_is_checked_before_the_body(app: AppHarness) -> None:
    response = app.request("POST", "/items", data="not json", content_type="text/plain")

    assert response.status_code == 401


@pytest.mark.parametrize("job_id", [JOB, "..", "__x__", "A" * 20, "a" * 19, "%20"])
def test_job_owner_is_checked_before_the_body(app: AppHarness, job_id: str) -> None:
    response = app.request("POST", f"/v1/jobs/{job_id}", headers=ALICE_HEADERS, data="not json")

    assert response.status_code == 404
    assert response.json["code"] == "not-found"


def test_missing_deleted_and_foreign_jobs_are_indistinguishable(app: AppHarness) -> None:
    app.store.documents[f"jobs/{'b' * 20}"] = ({"owner": "bob", "status": "done"}, 1)
    app.store.documents[f"jobs/{'c' * 20}"] = ({"owner": "alice", "status": "deleted"}, 1)

    responses = [
        app.request(
            "GET",
            f"/v1/jobs/{character * 20}",
            headers=ALICE_HEADERS | {"X-Request-Id": "same-same"},
        )
        for character in "abc"
    ]

    assert {response.status_code for response in responses} == {404}
    assert len({response.text for response in responses}) == 1
    assert len({str(sorted(response.headers)) for response in responses}) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "FOO", "CONNECT"])
def test_undeclared_method_is_refused_with_an_allow_header(app: AppHarness, method: str) -> None:
    response = app.request(method, "/items")

    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_head_equals_get_without_the_body(app: AppHarness) -> None:
    get, head = (app.request(method, "/open") for method in ("GET", "HEAD"))

    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_unchanged_response_is_304(app: AppHarness) -> None:
    tag = app.request("GET", "/open").headers["ETag"]

    repeated = app.request("GET", "/open", headers={"If-None-Match": tag})
    other = app.request("GET", "/open?limit=6", headers={"If-None-Match": tag})

    assert (repeated.status_code, repeated.data) == (304, b"")
    assert other.status_code == 200


def test_log_contains_the_route_and_not_the_path(app: AppHarness) -> None:
    app.request("GET", f"/v1/jobs/{JOB}", headers=ALICE_HEADERS)

    event = app.logged_event("request.answered")
    assert (event["route"], event["status"], event["user"]) == ("/v1/jobs/{job_id}", 404, "alice")
    assert JOB not in json.dumps(app.log_events)


def test_201_without_location_is_an_internal_error() -> None:
    route_without_location = replace(ROUTES[0], status=201, sign_in_required=False)

    response = AppHarness((route_without_location,)).request(
        "POST", "/items", json={"name": "a", "size": 1}
    )

    assert response.status_code == 500
