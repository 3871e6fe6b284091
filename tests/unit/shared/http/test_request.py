"""Parsing of request bodies and queries."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from shared.http.request import MAX_BODY_BYTES
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.operations import ROUTES


@pytest.fixture
def app() -> AppHarness:
    return AppHarness(ROUTES)


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
def test_invalid_body_is_refused(
    app: AppHarness, body: str | bytes, content_type: str, status: int, code: str
) -> None:
    response = app.request(
        "POST", "/items", headers=ALICE_HEADERS, data=body, content_type=content_type
    )

    assert (response.status_code, response.json["code"]) == (status, code)


def test_invalid_field_is_named_without_its_value(app: AppHarness) -> None:
    body = json.dumps({"name": "tea", "size": "<script>", "more": 1})
    response = app.request(
        "POST", "/items", headers=ALICE_HEADERS, data=body, content_type="application/json"
    )

    assert [error["field"] for error in response.json["errors"]] == ["size", "more"]
    assert "script" not in response.text


@pytest.mark.parametrize("with_length", [True, False], ids=["content-length", "chunked"])
def test_too_large_body_is_refused(app: AppHarness, with_length: bool) -> None:
    data = b'{"name": "' + b"x" * MAX_BODY_BYTES + b'"}'
    options: dict[str, Any] = (
        {"data": data}
        if with_length
        else {
            "input_stream": io.BytesIO(data),
            "environ_overrides": {"wsgi.input_terminated": True},
        }
    )
    response = app.request(
        "POST",
        "/items",
        headers=ALICE_HEADERS,
        content_type="application/json; charset=UTF-8",
        **options,
    )

    assert (response.status_code, response.json["code"]) == (413, "body-too-large")
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize("query", ["limit=x", "limit=1&limit=2", "size=1", "limit="])
def test_invalid_query_is_refused(app: AppHarness, query: str) -> None:
    response = app.request("GET", f"/open?{query}")

    assert response.status_code == 422
    assert response.json["errors"][0]["field"] in query
