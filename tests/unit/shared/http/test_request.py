"""What is sent to the API, and what of it is taken."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from shared.http.request import MAX_BODY_BYTES
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.fixtures.operations import ROUTES


@pytest.fixture
def stand() -> AppHarness:
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
def test_a_body_of_another_form_is_refused(
    stand: AppHarness, body: str | bytes, content_type: str, status: int, code: str
) -> None:
    answer = stand.request(
        "POST", "/items", headers=ALICE_HEADERS, data=body, content_type=content_type
    )

    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_field_that_is_wrong_is_named_and_not_repeated(stand: AppHarness) -> None:
    body = json.dumps({"name": "tea", "size": "<script>", "more": 1})
    answer = stand.request(
        "POST", "/items", headers=ALICE_HEADERS, data=body, content_type="application/json"
    )

    assert [one["field"] for one in answer.json["errors"]] == ["size", "more"]
    assert "script" not in answer.text


@pytest.mark.parametrize("told", [True, False], ids=["with its length", "in chunks"])
def test_a_body_over_the_limit_is_refused(stand: AppHarness, told: bool) -> None:
    data = b'{"name": "' + b"x" * MAX_BODY_BYTES + b'"}'
    more: dict[str, Any] = (
        {"data": data}
        if told
        else {
            "input_stream": io.BytesIO(data),
            "environ_overrides": {"wsgi.input_terminated": True},
        }
    )
    answer = stand.request(
        "POST",
        "/items",
        headers=ALICE_HEADERS,
        content_type="application/json; charset=UTF-8",
        **more,
    )

    assert (answer.status_code, answer.json["code"]) == (413, "body-too-large")
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("query", ["limit=x", "limit=1&limit=2", "size=1", "limit="])
def test_a_query_of_another_form_is_refused(stand: AppHarness, query: str) -> None:
    answer = stand.request("GET", f"/open?{query}")

    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] in query
