"""Security headers and CORS headers of responses."""

from __future__ import annotations

import pytest

from tests.fakes.application import ORIGIN, AppHarness
from tests.fixtures.operations import ROUTES


@pytest.fixture
def app() -> AppHarness:
    return AppHarness(ROUTES)


def test_valid_request_id_is_echoed_and_an_invalid_one_replaced(app: AppHarness) -> None:
    valid = app.request("GET", "/open", headers={"X-Request-Id": "abc-123.DEF"})
    invalid = app.request(
        "GET", "/open", headers={"X-Request-Id": 'x"}\ninjected'.replace("\n", " ")}
    )

    assert valid.headers["X-Request-Id"] == "abc-123.DEF"
    assert len(invalid.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("path", ["/open", "/bug", "/nowhere", "/items"])
def test_every_response_has_security_headers(app: AppHarness, path: str) -> None:
    headers = app.request("GET", path).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "max-age" in headers["Strict-Transport-Security"]


def test_cors_headers_for_configured_origins_only(app: AppHarness) -> None:
    allowed = app.request("GET", "/items", headers={"Origin": ORIGIN})
    refused = [
        app.request("GET", "/items", headers={"Origin": origin})
        for origin in ("https://evil.test", ORIGIN + ".evil.test", "null", "")
    ]

    assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "ETag" in allowed.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    assert all("Access-Control-Allow-Origin" not in response.headers for response in refused)
    assert all("Origin" in response.headers["Vary"] for response in (allowed, *refused))


def test_preflight_lists_methods_and_headers(app: AppHarness) -> None:
    preflight_headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    allowed = app.request("OPTIONS", "/items", headers=preflight_headers)
    refused = app.request(
        "OPTIONS", "/items", headers=preflight_headers | {"Origin": "https://evil.test"}
    )
    plain = app.request("OPTIONS", "/items")

    assert (allowed.status_code, refused.status_code, plain.status_code) == (204, 204, 204)
    assert "POST" in allowed.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in allowed.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Methods" not in refused.headers
    assert plain.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
