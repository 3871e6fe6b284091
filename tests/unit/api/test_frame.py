"""The frame around HTTPS functions: in which order it judges, and what it never says."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from shared.errors import (
    InvalidOption,
    LedgerUnavailable,
    NotAvailableYet,
    SourceExpired,
    StorageUnavailable,
    WrongState,
)
from shared.http.exchange import BODY_MOST_BYTES, Answer, Call
from shared.http.forms import Form, Query, Told
from shared.http.problems import LinkExpired
from shared.http.routing import Route
from tests.unit.api.house import ALICE, ORIGIN, SETTINGS, Stand

JOB = "a" * 20


class Wish(Form):
    name: str
    size: int = 1


class Page(Query):
    limit: int = 5


class Echo(Told):
    text: str


def _wish(call: Call) -> Answer:
    wish = call.body(Wish)
    return Answer(Echo(text=f"{call.user.uid} wants {wish.size} {wish.name}"))


def _page(call: Call) -> Answer:
    return Answer(Echo(text=str(call.query(Page).limit)))


def _job(call: Call) -> Answer:
    return Answer(Echo(text=call.job.title))


def _failing(fault: Exception) -> Any:
    def handler(_: Call) -> Answer:
        raise fault

    return handler


FAULTS = {
    "/option": InvalidOption("every is too short."),
    "/state": WrongState("It is over."),
    "/later": NotAvailableYet(),
    "/expired": SourceExpired(),
    "/link": LinkExpired(),
    "/store": StorageUnavailable("The object store refuses: key of secret-account@p is gone"),
    "/ledger": LedgerUnavailable(),
    "/bug": RuntimeError("password=hunter2"),
}
ROUTES = (
    Route("POST", "/wishes", _wish, "Wish.", Echo, body=Wish),
    Route("GET", "/wishes", _page, "Look.", Echo, query=Page),
    Route("GET", "/open", _page, "Look.", Echo, query=Page, signed_in=False),
    Route("POST", "/v1/jobs/{job_id}", _wish, "Wish for a job.", Echo, body=Wish),
    Route("GET", "/v1/jobs/{job_id}", _job, "A job.", Echo),
    *(
        Route("GET", path, _failing(fault), "Fail.", signed_in=False)
        for path, fault in FAULTS.items()
    ),
)


@pytest.fixture
def stand() -> Stand:
    return Stand(ROUTES)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/option", 422, "invalid-option"),
        ("/state", 409, "wrong-state"),
        ("/later", 501, "not-available-yet"),
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


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ('{"name": "tea"}', "text/plain", 415, "unsupported-media-type"),
        ('{"name": "tea"}', "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        ('{"name": "tea"}', "application/json; charset=latin-1", 415, "unsupported-media-type"),
        ('{"name": "tea"}', "", 415, "unsupported-media-type"),
        ("", "application/json", 400, "malformed-body"),
        ('{"name": ', "application/json", 400, "malformed-body"),
        (b'{"name": "\xff"}', "application/json", 400, "malformed-body"),
        ('{"name": "\\ud800"}', "application/json", 400, "malformed-body"),
        ("[" * 100_000, "application/json", 400, "malformed-body"),
        ("[]", "application/json", 422, "invalid-request"),
        ("null", "application/json", 422, "invalid-request"),
        ('{"name": "tea", "more": 1}', "application/json", 422, "invalid-request"),
        ('{"name": 5}', "application/json", 422, "invalid-request"),
        ('{"name": "tea", "size": "2"}', "application/json", 422, "invalid-request"),
        ('{"name": "tea", "size": 2.5}', "application/json", 422, "invalid-request"),
        ('{"name": "tea", "size": NaN}', "application/json", 422, "invalid-request"),
    ],
)
def test_a_body_of_another_form_is_refused(
    stand: Stand, body: str | bytes, content_type: str, status: int, code: str
) -> None:
    answer = stand.call("POST", "/wishes", headers=ALICE, data=body, content_type=content_type)

    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_field_that_is_wrong_is_named_and_not_repeated(stand: Stand) -> None:
    body = json.dumps({"name": "tea", "size": "<script>", "more": 1})
    answer = stand.call(
        "POST", "/wishes", headers=ALICE, data=body, content_type="application/json"
    )

    assert [one["field"] for one in answer.json["errors"]] == ["size", "more"]
    assert "script" not in answer.text


@pytest.mark.parametrize("told", [True, False], ids=["with its length", "in chunks"])
def test_a_body_over_the_limit_is_refused(stand: Stand, told: bool) -> None:
    data = b'{"name": "' + b"x" * BODY_MOST_BYTES + b'"}'
    more: dict[str, Any] = (
        {"data": data}
        if told
        else {
            "input_stream": io.BytesIO(data),
            "environ_overrides": {"wsgi.input_terminated": True},
        }
    )
    answer = stand.call(
        "POST", "/wishes", headers=ALICE, content_type="application/json; charset=UTF-8", **more
    )

    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("query", ["limit=x", "limit=1&limit=2", "size=1", "limit="])
def test_a_query_of_another_form_is_refused(stand: Stand, query: str) -> None:
    answer = stand.call("GET", f"/open?{query}")

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] in query


def test_a_sane_request_id_is_kept_and_another_is_not(stand: Stand) -> None:
    kept = stand.call("GET", "/open", headers={"X-Request-Id": "abc-123.DEF"})
    made = stand.call("GET", "/open", headers={"X-Request-Id": 'x"}\ninjected'.replace("\n", " ")})

    assert kept.headers["X-Request-Id"] == "abc-123.DEF"
    assert len(made.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("path", ["/open", "/bug", "/nowhere", "/wishes"])
def test_every_answer_is_kept_by_nobody_and_framed_by_nobody(stand: Stand, path: str) -> None:
    headers = stand.call("GET", path).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "max-age" in headers["Strict-Transport-Security"]


def test_a_configured_origin_may_read_the_answer_and_no_other(stand: Stand) -> None:
    ours = stand.call("GET", "/wishes", headers={"Origin": ORIGIN})
    theirs = [
        stand.call("GET", "/wishes", headers={"Origin": origin})
        for origin in ("https://evil.test", ORIGIN + ".evil.test", "null", "")
    ]

    assert ours.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "ETag" in ours.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in ours.headers
    assert all("Access-Control-Allow-Origin" not in one.headers for one in theirs)
    assert all("Origin" in one.headers["Vary"] for one in (ours, *theirs))


def test_a_browser_asks_first_and_hears_what_it_may_send(stand: Stand) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    ours = stand.call("OPTIONS", "/wishes", headers=asked)
    theirs = stand.call("OPTIONS", "/wishes", headers=asked | {"Origin": "https://evil.test"})
    plain = stand.call("OPTIONS", "/wishes")

    assert (ours.status_code, theirs.status_code, plain.status_code) == (204, 204, 204)
    assert "POST" in ours.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in ours.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Methods" not in theirs.headers
    assert plain.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_the_log_names_the_route_and_not_the_path(stand: Stand) -> None:
    stand.call("GET", f"/v1/jobs/{JOB}", headers=ALICE)

    said = stand.logged("request.answered")
    assert (said["route"], said["status"], said["user"]) == ("/v1/jobs/{job_id}", 404, "alice")
    assert JOB not in json.dumps(stand.events)
