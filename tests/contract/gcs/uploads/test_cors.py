"""CORS on signed requests: exactly what the bucket's configuration says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from google.oauth2 import service_account

STUDIO = "https://studio.example"
RULES = [
    {
        "origin": [STUDIO, "http://localhost:5173"],
        "method": ["GET", "PUT", "POST"],
        "responseHeader": ["Content-Type", "x-goog-resumable", "Content-Range"],
        "maxAgeSeconds": 600,
    },
    {"origin": ["*"], "method": ["GET"], "responseHeader": ["ETag"]},
]


@pytest.fixture
def url(bucket: Any, endpoint: str) -> str:
    """An object in a bucket with rules."""
    bucket.cors = RULES
    bucket.patch()
    return f"{endpoint}/{bucket.name}/video.mp4"


def preflight(url: str, origin: str, method: str, headers: str = "") -> requests.Response:
    """What a browser asks before the real request."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return requests.options(url, headers=asked, timeout=120)


def allowed(answer: requests.Response) -> str | None:
    """The origin that the answer is for."""
    return answer.headers.get("Access-Control-Allow-Origin")


def test_a_matching_preflight_is_told_what_it_may_do(url: str) -> None:
    answer = preflight(url, STUDIO, "PUT", "content-type,x-goog-resumable")
    assert answer.status_code == 200
    assert allowed(answer) == STUDIO
    assert "Origin" in answer.headers["Vary"]
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Max-Age"] == "600"
    sendable = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "content-type" in sendable
    assert "x-goog-resumable" in sendable


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [
        ("https://evil.example", "PUT", ""),
        ("https://studio.example.evil", "PUT", ""),
        ("http://studio.example", "PUT", ""),
        (STUDIO + ":8443", "PUT", ""),
        (STUDIO, "DELETE", ""),
        (STUDIO, "PUT", "x-goog-meta-owner"),
        ("null", "PUT", ""),
    ],
)
def test_a_preflight_that_does_not_match_gets_no_permission(
    url: str, origin: str, method: str, headers: str
) -> None:
    answer = preflight(url, origin, method, headers)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_the_first_rule_for_origin_and_method_decides(url: str) -> None:
    assert allowed(preflight(url, STUDIO, "GET")) == STUDIO
    assert allowed(preflight(url, "https://anyone.example", "GET")) == "*"
    assert allowed(preflight(url, STUDIO, "GET", "etag")) is None


def test_the_real_requests_answer_carries_the_permission(
    bucket: Any, credentials: service_account.Credentials, url: str
) -> None:
    blob = bucket.blob("video.mp4")
    put = blob.generate_signed_url(
        version="v4", expiration=timedelta(minutes=5), method="PUT", credentials=credentials
    )
    answer = requests.put(put, data=b"x", headers={"Origin": STUDIO}, timeout=120)
    assert (answer.status_code, allowed(answer)) == (200, STUDIO)
    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert "x-goog-resumable" in exposed
    get = blob.generate_signed_url(
        version="v4", expiration=timedelta(minutes=5), credentials=credentials
    )
    for origin, seen in ((STUDIO, STUDIO), ("https://anyone.example", "*")):
        read = requests.get(get, headers={"Origin": origin}, timeout=120)
        assert (read.content, allowed(read)) == (b"x", seen)
    assert allowed(requests.get(get, timeout=120)) is None


def test_a_refusal_too_can_be_read_by_the_page_that_asked(url: str) -> None:
    answer = requests.put(url, data=b"x", headers={"Origin": STUDIO}, timeout=120)
    assert (answer.status_code, allowed(answer)) == (403, STUDIO)


def test_a_bucket_without_rules_lets_no_page_in(bucket: Any, endpoint: str) -> None:
    answer = preflight(f"{endpoint}/{bucket.name}/x", STUDIO, "GET")
    assert allowed(answer) is None


def test_a_session_belongs_to_the_page_that_started_it(
    bucket: Any, credentials: service_account.Credentials, url: str
) -> None:
    signed = bucket.blob("video.mp4").generate_signed_url(
        version="v4", expiration=timedelta(minutes=5), method="RESUMABLE", credentials=credentials
    )
    headers = {"x-goog-resumable": "start", "Origin": STUDIO}
    start = requests.post(signed, headers=headers, timeout=120)
    assert (start.status_code, allowed(start)) == (201, STUDIO)
    session = start.headers["Location"]
    assert allowed(preflight(session, STUDIO, "PUT", "content-range")) == STUDIO
    assert allowed(preflight(session, "http://localhost:5173", "PUT", "content-range")) is None
    done = requests.put(
        session, data=b"x", headers={"Origin": STUDIO, "Content-Range": "bytes 0-0/1"}, timeout=120
    )
    assert (done.status_code, allowed(done)) == (200, STUDIO)
