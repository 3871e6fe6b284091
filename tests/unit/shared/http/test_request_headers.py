"""Request headers: Accept, If-Match, If-None-Match, Origin and X-Forwarded-For."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from shared.http.headers import client_address
from shared.http.request import ApiRequest, ApiResponse
from shared.http.routing import Route
from tests.fakes.application import ALICE_HEADERS, ORIGIN, AppHarness
from tests.fixtures.operations import ROUTES, EchoResponse, ItemRequest

CURRENT = EchoResponse(text="as it is")


def _get_state(_: ApiRequest) -> ApiResponse:
    return ApiResponse(CURRENT)


def _replace(request: ApiRequest) -> ApiResponse:
    request.check_if_match(CURRENT)
    return ApiResponse(EchoResponse(text=request.body(ItemRequest).name))


STATE = (
    Route("GET", "/state", _get_state, "Look.", EchoResponse),
    Route(
        "PUT", "/state", _replace, "Replace.", EchoResponse, body=ItemRequest,
        conditional=True, condition_required=True,
    ),
    Route("PATCH", "/state", _replace, "Change.", EchoResponse, body=ItemRequest, conditional=True),
)  # fmt: skip


@pytest.fixture
def app() -> AppHarness:
    return AppHarness((*ROUTES, *STATE))


def send_change(app: AppHarness, method: str, **headers: str) -> Any:
    request_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.request(
        method,
        "/state",
        headers={**ALICE_HEADERS, **request_headers},
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
def test_accept_header_is_respected(app: AppHarness, accept: str | None, status: int) -> None:
    headers = {} if accept is None else {"Accept": accept}
    response = app.request("GET", "/open", headers=headers)

    assert response.status_code == status
    assert status == 200 or response.mimetype in ("application/problem+json", "text/html")


def test_replacing_requires_if_match(app: AppHarness) -> None:
    tag = app.request("GET", "/state", headers=ALICE_HEADERS).headers["ETag"]

    without_condition = send_change(app, "PUT")
    assert (without_condition.status_code, without_condition.json["code"]) == (
        428,
        "condition-missing",
    )
    for match, status in [(tag, 200), ("*", 200), (f'"x", {tag}', 200), ('"x"', 412)]:
        assert send_change(app, "PUT", If_Match=match).status_code == status, match


@pytest.mark.parametrize(
    "match", ['"x"', "W/{tag}", "", '""', '"a", "", "a"', '".*c3U1};)o-tw:", ""', "x", '"', "* ,"]
)
def test_failed_if_match_changes_nothing(app: AppHarness, match: str) -> None:
    tag = app.request("GET", "/state", headers=ALICE_HEADERS).headers["ETag"]
    response = send_change(app, "PATCH", If_Match=match.replace("{tag}", tag))

    assert (response.status_code, response.json["code"]) == (412, "changed-meanwhile")
    assert send_change(app, "PATCH").status_code == 200


@pytest.mark.parametrize("match", ["{tag}", "W/{tag}", "*", '"x", {tag}'])
def test_matching_if_none_match_is_304(app: AppHarness, match: str) -> None:
    tag = app.request("GET", "/state", headers=ALICE_HEADERS).headers["ETag"]
    cached = app.request(
        "GET", "/state", headers={**ALICE_HEADERS, "If-None-Match": match.format(tag=tag)}
    )
    changed_response = app.request(
        "GET", "/state", headers={**ALICE_HEADERS, "If-None-Match": '"x"'}
    )

    assert (cached.status_code, cached.data, cached.headers["ETag"]) == (304, b"", tag)
    assert "Content-Type" not in cached.headers
    assert changed_response.status_code == 200


def test_cors_allows_the_headers_of_the_api(app: AppHarness) -> None:
    preflight = app.request(
        "OPTIONS", "/state", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
    )
    response = app.request("GET", "/state", headers={**ALICE_HEADERS, "Origin": ORIGIN})

    for name in ("If-Match", "Idempotency-Key"):
        assert name in preflight.headers["Access-Control-Allow-Headers"]
    for name in ("ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "Idempotency-Replayed"):
        assert name in response.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    ("forwarded", "proxy_count", "expected"),
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
def test_client_address_is_from_the_last_trusted_proxy(
    forwarded: str, proxy_count: int, expected: str
) -> None:
    headers = Headers({"X-Forwarded-For": forwarded} if forwarded else {})
    environ = EnvironBuilder(headers=headers).get_environ()
    request = Request({**environ, "REMOTE_ADDR": "198.51.100.7"})

    assert client_address(request, proxy_count) == expected
