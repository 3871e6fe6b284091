"""CORS on signed requests."""

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
    """The URL of an object in a bucket with CORS rules."""
    bucket.cors = RULES
    bucket.patch()
    return f"{endpoint}/{bucket.name}/video.mp4"


def preflight(url: str, origin: str, method: str, headers: str = "") -> requests.Response:
    """Send the preflight request of a browser."""
    request_headers = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        request_headers["Access-Control-Request-Headers"] = headers
    return requests.options(url, headers=request_headers, timeout=120)


def allowed_origin(response: requests.Response) -> str | None:
    """The origin that the response allows."""
    return response.headers.get("Access-Control-Allow-Origin")


def test_matching_preflight_returns_methods_headers_and_max_age(url: str) -> None:
    response = preflight(url, STUDIO, "PUT", "content-type,x-goog-resumable")
    assert response.status_code == 200
    assert allowed_origin(response) == STUDIO
    assert "Origin" in response.headers["Vary"]
    assert "PUT" in response.headers["Access-Control-Allow-Methods"]
    assert response.headers["Access-Control-Max-Age"] == "600"
    allowed_headers = response.headers["Access-Control-Allow-Headers"].lower()
    assert "content-type" in allowed_headers
    assert "x-goog-resumable" in allowed_headers


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
def test_preflight_that_matches_no_rule_returns_no_cors_headers(
    url: str, origin: str, method: str, headers: str
) -> None:
    response = preflight(url, origin, method, headers)
    assert response.status_code == 200
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_first_rule_for_origin_and_method_decides(url: str) -> None:
    assert allowed_origin(preflight(url, STUDIO, "GET")) == STUDIO
    assert allowed_origin(preflight(url, "https://anyone.example", "GET")) == "*"
    assert allowed_origin(preflight(url, STUDIO, "GET", "etag")) is None


def test_actual_response_has_cors_headers(
    bucket: Any, credentials: service_account.Credentials, url: str
) -> None:
    blob = bucket.blob("video.mp4")
    put = blob.generate_signed_url(
        version="v4", expiration=timedelta(minutes=5), method="PUT", credentials=credentials
    )
    response = requests.put(put, data=b"x", headers={"Origin": STUDIO}, timeout=120)
    assert (response.status_code, allowed_origin(response)) == (200, STUDIO)
    exposed = response.headers["Access-Control-Expose-Headers"]
    assert "x-goog-resumable" in exposed
    get = blob.generate_signed_url(
        version="v4", expiration=timedelta(minutes=5), credentials=credentials
    )
    for origin, expected in ((STUDIO, STUDIO), ("https://anyone.example", "*")):
        read = requests.get(get, headers={"Origin": origin}, timeout=120)
        assert (read.content, allowed_origin(read)) == (b"x", expected)
    assert allowed_origin(requests.get(get, timeout=120)) is None


def test_error_response_has_cors_headers(url: str) -> None:
    response = requests.put(url, data=b"x", headers={"Origin": STUDIO}, timeout=120)
    assert (response.status_code, allowed_origin(response)) == (403, STUDIO)


def test_bucket_without_rules_allows_no_origin(bucket: Any, endpoint: str) -> None:
    response = preflight(f"{endpoint}/{bucket.name}/x", STUDIO, "GET")
    assert allowed_origin(response) is None


def test_upload_session_is_limited_to_the_origin_that_started_it(
    bucket: Any, credentials: service_account.Credentials, url: str
) -> None:
    signed = bucket.blob("video.mp4").generate_signed_url(
        version="v4", expiration=timedelta(minutes=5), method="RESUMABLE", credentials=credentials
    )
    headers = {"x-goog-resumable": "start", "Origin": STUDIO}
    start = requests.post(signed, headers=headers, timeout=120)
    assert (start.status_code, allowed_origin(start)) == (201, STUDIO)
    session = start.headers["Location"]
    assert allowed_origin(preflight(session, STUDIO, "PUT", "content-range")) == STUDIO
    assert (
        allowed_origin(preflight(session, "http://localhost:5173", "PUT", "content-range")) is None
    )
    done = requests.put(
        session, data=b"x", headers={"Origin": STUDIO, "Content-Range": "bytes 0-0/1"}, timeout=120
    )
    assert (done.status_code, allowed_origin(done)) == (200, STUDIO)
