"""What browsers are told: who may read an answer, and that nobody keeps it."""

from __future__ import annotations

import pytest

from tests.fakes.application import ORIGIN, AppHarness
from tests.fixtures.operations import ROUTES


@pytest.fixture
def stand() -> AppHarness:
    return AppHarness(ROUTES)


def test_a_sane_request_id_is_kept_and_another_is_not(stand: AppHarness) -> None:
    kept = stand.request("GET", "/open", headers={"X-Request-Id": "abc-123.DEF"})
    made = stand.request(
        "GET", "/open", headers={"X-Request-Id": 'x"}\ninjected'.replace("\n", " ")}
    )

    assert kept.headers["X-Request-Id"] == "abc-123.DEF"
    assert len(made.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("path", ["/open", "/bug", "/nowhere", "/items"])
def test_every_answer_is_kept_by_nobody_and_framed_by_nobody(stand: AppHarness, path: str) -> None:
    headers = stand.request("GET", path).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "max-age" in headers["Strict-Transport-Security"]


def test_a_configured_origin_may_read_the_answer_and_no_other(stand: AppHarness) -> None:
    ours = stand.request("GET", "/items", headers={"Origin": ORIGIN})
    theirs = [
        stand.request("GET", "/items", headers={"Origin": origin})
        for origin in ("https://evil.test", ORIGIN + ".evil.test", "null", "")
    ]

    assert ours.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "ETag" in ours.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in ours.headers
    assert all("Access-Control-Allow-Origin" not in one.headers for one in theirs)
    assert all("Origin" in one.headers["Vary"] for one in (ours, *theirs))


def test_a_browser_asks_first_and_hears_what_it_may_send(stand: AppHarness) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    ours = stand.request("OPTIONS", "/items", headers=asked)
    theirs = stand.request("OPTIONS", "/items", headers=asked | {"Origin": "https://evil.test"})
    plain = stand.request("OPTIONS", "/items")

    assert (ours.status_code, theirs.status_code, plain.status_code) == (204, 204, 204)
    assert "POST" in ours.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in ours.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Methods" not in theirs.headers
    assert plain.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
