"""The frame around HTTPS functions: in which order it judges, and what it never says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.fakes.application import ALICE, SETTINGS, Stand
from tests.fixtures.operations import ROUTES

JOB = "a" * 20


@pytest.fixture
def stand() -> Stand:
    return Stand(ROUTES)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/option", 422, "invalid-option"),
        ("/state", 409, "wrong-state"),
        ("/later", 422, "not-available-yet"),
        ("/expired", 410, "source-expired"),
        ("/link", 410, "link-expired"),
        ("/store", 503, "storage-unavailable"),
        ("/ledger", 503, "ledger-unavailable"),
        ("/bug", 500, "unexpected"),
        ("/nowhere", 404, "not-found"),
    ],
)
def test_every_cause_has_its_status_and_code(
    stand: Stand, path: str, status: int, code: str
) -> None:
    answer = stand.call("GET", path)

    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"] == code
    assert answer.json["status"] == status
    assert answer.json["type"] == f"{SETTINGS.public_url}/problems/{code}"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert ("Retry-After" in answer.headers) is (status == 503)


@pytest.mark.parametrize(("path", "secret"), [("/bug", "hunter2"), ("/store", "secret-account")])
def test_what_broke_inside_is_told_to_the_log_and_not_to_the_caller(
    stand: Stand, path: str, secret: str
) -> None:
    answer = stand.call("GET", path)

    assert secret not in answer.text
    assert secret in stand.logged("request.failed")["why"]


def test_a_person_who_followed_an_old_link_reads_a_page(stand: Stand) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    page = stand.call("GET", "/link", headers={"Accept": browser})
    programs = [
        stand.call("GET", "/link", headers=accept)
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
def test_nobody_without_a_valid_token_comes_in(stand: Stand, headers: dict[str, str]) -> None:
    answer = stand.call("GET", "/wishes", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="moodreel"'


def test_who_asks_is_settled_before_what_is_asked(stand: Stand) -> None:
    answer = stand.call("POST", "/wishes", data="not json", content_type="text/plain")

    assert answer.status_code == 401


@pytest.mark.parametrize("job_id", [JOB, "..", "__x__", "A" * 20, "a" * 19, "%20"])
def test_whose_job_it_is_is_settled_before_the_body_is_read(stand: Stand, job_id: str) -> None:
    answer = stand.call("POST", f"/v1/jobs/{job_id}", headers=ALICE, data="not json")

    assert answer.status_code == 404
    assert answer.json["code"] == "not-found"


def test_a_job_of_someone_else_a_deleted_one_and_none_answer_alike(stand: Stand) -> None:
    stand.ledger.docs[f"jobs/{'b' * 20}"] = ({"owner": "bob", "status": "done"}, 1)
    stand.ledger.docs[f"jobs/{'c' * 20}"] = ({"owner": "alice", "status": "deleted"}, 1)

    answers = [
        stand.call("GET", f"/v1/jobs/{letter * 20}", headers=ALICE | {"X-Request-Id": "same-same"})
        for letter in "abc"
    ]

    assert {one.status_code for one in answers} == {404}
    assert len({one.text for one in answers}) == 1
    assert len({str(sorted(one.headers)) for one in answers}) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "FOO", "CONNECT"])
def test_an_undeclared_method_is_refused_with_those_that_are(stand: Stand, method: str) -> None:
    answer = stand.call(method, "/wishes")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_head_answers_as_get_without_the_body(stand: Stand) -> None:
    get, head = (stand.call(method, "/open") for method in ("GET", "HEAD"))

    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["ETag"] == get.headers["ETag"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_an_unchanged_answer_is_not_sent_again(stand: Stand) -> None:
    tag = stand.call("GET", "/open").headers["ETag"]

    again = stand.call("GET", "/open", headers={"If-None-Match": tag})
    other = stand.call("GET", "/open?limit=6", headers={"If-None-Match": tag})

    assert (again.status_code, again.data) == (304, b"")
    assert other.status_code == 200


def test_the_log_names_the_route_and_not_the_path(stand: Stand) -> None:
    stand.call("GET", f"/v1/jobs/{JOB}", headers=ALICE)

    said = stand.logged("request.answered")
    assert (said["route"], said["status"], said["user"]) == ("/v1/jobs/{job_id}", 404, "alice")
    assert JOB not in json.dumps(stand.events)


def test_a_creation_without_the_address_of_what_was_created_is_a_fault_of_ours() -> None:
    bare = replace(ROUTES[0], status=201, signed_in=False)

    answer = Stand((bare,)).call("POST", "/wishes", json={"name": "a", "size": 1})

    assert answer.status_code == 500
