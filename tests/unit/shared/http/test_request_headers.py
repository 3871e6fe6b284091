"""What a request asks for beside its body: which type, on which state, from where, once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from shared.http.headers import client_address as client_of
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route
from tests.fakes.application import ALICE_HEADERS, ORIGIN, AppHarness
from tests.fixtures.operations import ROUTES, EchoResponse, ItemRequest

NOW = EchoResponse(text="as it is")


def _look(_: ApiRequest) -> ApiResponse:
    return ApiResponse(NOW)


def _replace(request: ApiRequest) -> ApiResponse:
    request.check_if_match(NOW)
    return ApiResponse(EchoResponse(text=request.body(ItemRequest).name))


STATE = (
    Route("GET", "/state", _look, "Look.", EchoResponse),
    Route(
        "PUT", "/state", _replace, "Replace.", EchoResponse, body=ItemRequest,
        conditional=True, condition_required=True,
    ),
    Route("PATCH", "/state", _replace, "Change.", EchoResponse, body=ItemRequest, conditional=True),
)  # fmt: skip


@pytest.fixture
def stand() -> AppHarness:
    return AppHarness((*ROUTES, *STATE))


def changed(stand: AppHarness, method: str, **headers: str) -> Any:
    sent = {name.replace("_", "-"): one for name, one in headers.items()}
    return stand.request(
        method,
        "/state",
        headers={**ALICE_HEADERS, **sent},
        data=json.dumps({"name": "tea"}),
        content_type="application/json",
    )


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("*/*", 200),
        ("application/json", 200),
        ("application/*;q=0.1", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("application/problem+json", 406),
    ],
)
def test_an_answer_has_a_type_that_the_caller_takes(
    stand: AppHarness, accept: str | None, status: int
) -> None:
    more = {} if accept is None else {"Accept": accept}
    answer = stand.request("GET", "/open", headers=more)

    assert answer.status_code == status
    assert status == 200 or answer.mimetype in ("application/problem+json", "text/html")


def test_what_replaces_everything_asks_which_state_was_seen(stand: AppHarness) -> None:
    tag = stand.request("GET", "/state", headers=ALICE_HEADERS).headers["ETag"]

    missing = changed(stand, "PUT")
    assert (missing.status_code, missing.json["code"]) == (428, "condition-missing")
    for match, status in [(tag, 200), ("*", 200), (f'"x", {tag}', 200), ('"x"', 412)]:
        assert changed(stand, "PUT", If_Match=match).status_code == status, match


@pytest.mark.parametrize(
    "match", ['"x"', "W/{tag}", "", '""', '"a", "", "a"', '".*c3U1};)o-tw:", ""', "x", '"', "* ,"]
)
def test_a_condition_that_does_not_hold_changes_nothing(stand: AppHarness, match: str) -> None:
    tag = stand.request("GET", "/state", headers=ALICE_HEADERS).headers["ETag"]
    answer = changed(stand, "PATCH", If_Match=match.replace("{tag}", tag))

    assert (answer.status_code, answer.json["code"]) == (412, "changed-meanwhile")
    assert changed(stand, "PATCH").status_code == 200


@pytest.mark.parametrize("match", ["{tag}", "W/{tag}", "*", '"x", {tag}'])
def test_what_the_caller_has_is_not_sent_again(stand: AppHarness, match: str) -> None:
    tag = stand.request("GET", "/state", headers=ALICE_HEADERS).headers["ETag"]
    same = stand.request(
        "GET", "/state", headers={**ALICE_HEADERS, "If-None-Match": match.format(tag=tag)}
    )
    other = stand.request("GET", "/state", headers={**ALICE_HEADERS, "If-None-Match": '"x"'})

    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    assert "Content-Type" not in same.headers
    assert other.status_code == 200


def test_a_page_of_ours_may_send_and_read_what_it_needs(stand: AppHarness) -> None:
    preflight = stand.request(
        "OPTIONS", "/state", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
    )
    answer = stand.request("GET", "/state", headers={**ALICE_HEADERS, "Origin": ORIGIN})

    for name in ("If-Match", "Idempotency-Key"):
        assert name in preflight.headers["Access-Control-Allow-Headers"]
    for name in ("ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "Idempotency-Replayed"):
        assert name in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    ("forwarded", "proxies", "seen"),
    [
        ("", 0, "198.51.100.7"),
        ("203.0.113.1", 0, "198.51.100.7"),
        ("203.0.113.1", 1, "203.0.113.1"),
        ("9.9.9.9, 203.0.113.1", 1, "203.0.113.1"),
        ("9.9.9.9, 203.0.113.1, 10.0.0.1", 2, "203.0.113.1"),
        ("203.0.113.1", 2, "198.51.100.7"),
        ("", 1, "198.51.100.7"),
        ("2001:db8:1:2:3::4", 1, "2001:db8:1:2::"),
        ("nonsense", 1, "unknown"),
    ],
)
def test_a_client_is_who_the_last_trusted_proxy_saw(
    forwarded: str, proxies: int, seen: str
) -> None:
    headers = Headers({"X-Forwarded-For": forwarded} if forwarded else {})
    environ = EnvironBuilder(headers=headers).get_environ()
    request = Request({**environ, "REMOTE_ADDR": "198.51.100.7"})

    assert client_of(request, proxies) == seen
