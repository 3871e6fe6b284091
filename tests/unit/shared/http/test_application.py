"""The frame around HTTPS functions: in which order it judges, and what it never says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fixtures.operations import ROUTES

JOB = "a" * 20


@pytest.fixture
def stand() -> AppHarness:
    return AppHarness(ROUTES)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/option", 422, "invalid-option"),
        ("/state", 409, "wrong-state"),
        ("/later", 422, "not-available-yet"),
        ("/expired", 410, "source-expired"),
        ("/link", 410, "link-expired"),
        ("/store", 503, "storage-unavailable"),
        ("/firestore", 503, "firestore-unavailable"),
        ("/bug", 500, "unexpected"),
        ("/nowhere", 404, "not-found"),
    ],
)
def test_every_cause_has_its_status_and_code(
    stand: AppHarness, path: str, status: int, code: str
) -> None:
    answer = stand.request("GET", path)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"] == code
    assert answer.json["status"] == status
    assert answer.json["type"] == f"{SETTINGS.public_url}/problems/{code}"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert ("Retry-After" in answer.headers) is (status == 503)


@pytest.mark.parametrize(("path", "secret"), [("/bug", "hunter2"), ("/store", "secret-account")])
def test_what_broke_inside_is_told_to_the_log_and_not_to_the_caller(
    stand: AppHarness, path: str, secret: str
) -> None:
    answer = stand.request("GET", path)

    assert secret not in answer.text
    assert secret in stand.logged_event("request.failed")["reason"]


def test_a_person_who_followed_an_old_link_reads_a_page(stand: AppHarness) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    page = stand.request("GET", "/link", headers={"Accept": browser})
    programs = [
        stand.request("GET", "/link", headers=accept)
        for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "x/y"})
    ]

    assert (page.status_code, page.mimetype) == (410, "text/html")
    assert "<h1>Link expired</h1>" in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert {one.mimetype for one in programs} == {"application/problem+json"}


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
def test_nobody_without_a_valid_token_comes_in(stand: AppHarness, headers: dict[str, str]) -> None:
    answer = stand.request("GET", "/items", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="moodreel"'


def test_who_asks_is_settled_before_what_is_asked(stand: AppHarness) -> None:
    answer = stand.request("POST", "/items", data="not json", content_type="text/plain")

    assert answer.status_code == 401


@pytest.mark.parametrize("job_id", [JOB, "..", "__x__", "A" * 20, "a" * 19, "%20"])
def test_whose_job_it_is_is_settled_before_the_body_is_read(stand: AppHarness, job_id: str) -> None:
    answer = stand.request("POST", f"/v1/jobs/{job_id}", headers=ALICE_HEADERS, data="not json")

    assert answer.status_code == 404
    assert answer.json["code"] == "not-found"


def test_a_job_of_someone_else_a_deleted_one_and_none_answer_alike(stand: AppHarness) -> None:
    stand.store.documents[f"jobs/{'b' * 20}"] = ({"owner": "bob", "status": "done"}, 1)
    stand.store.documents[f"jobs/{'c' * 20}"] = ({"owner": "alice", "status": "deleted"}, 1)

    answers = [
        stand.request(
            "GET", f"/v1/jobs/{letter * 20}", headers=ALICE_HEADERS | {"X-Request-Id": "same-same"}
        )
        for letter in "abc"
    ]

    assert {one.status_code for one in answers} == {404}
    assert len({one.text for one in answers}) == 1
    assert len({str(sorted(one.headers)) for one in answers}) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "FOO", "CONNECT"])
def test_an_undeclared_method_is_refused_with_those_that_are(
    stand: AppHarness, method: str
) -> None:
    answer = stand.request(method, "/items")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_head_answers_as_get_without_the_body(stand: AppHarness) -> None:
    get, head = (stand.request(method, "/open") for method in ("GET", "HEAD"))

    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_an_unchanged_answer_is_not_sent_again(stand: AppHarness) -> None:
    tag = stand.request("GET", "/open").headers["ETag"]

    again = stand.request("GET", "/open", headers={"If-None-Match": tag})
    other = stand.request("GET", "/open?limit=6", headers={"If-None-Match": tag})

    assert (again.status_code, again.data) == (304, b"")
    assert other.status_code == 200


def test_the_log_names_the_route_and_not_the_path(stand: AppHarness) -> None:
    stand.request("GET", f"/v1/jobs/{JOB}", headers=ALICE_HEADERS)

    said = stand.logged_event("request.answered")
    assert (said["route"], said["status"], said["user"]) == ("/v1/jobs/{job_id}", 404, "alice")
    assert JOB not in json.dumps(stand.log_events)


def test_a_creation_without_the_address_of_what_was_created_is_a_fault_of_ours() -> None:
    bare = replace(ROUTES[0], status=201, sign_in_required=False)

    answer = AppHarness((bare,)).request("POST", "/items", json={"name": "a", "size": 1})

    assert answer.status_code == 500
