"""Resumable uploads that a signed request starts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import requests
from google.oauth2 import service_account

from tests.fixtures.gcs.resumable import GRANULARITY_BYTES, put_chunk


def start_signed(
    bucket: Any, credentials: service_account.Credentials, **headers: str
) -> requests.Response:
    """Start an upload session with a signed POST."""
    url = bucket.blob("big").generate_signed_url(
        version="v4",
        expiration=timedelta(minutes=5),
        method="RESUMABLE",
        credentials=credentials,
        headers=dict(headers),
    )
    return requests.post(url, headers={**headers, "x-goog-resumable": "start"}, timeout=120)


def test_session_of_a_signed_start_needs_no_further_signature(
    bucket: Any, credentials: service_account.Credentials
) -> None:
    response = start_signed(bucket, credentials, **{"Content-Type": "video/mp4"})
    assert response.status_code == 201
    url = response.headers["Location"]
    first = put_chunk(
        url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/{GRANULARITY_BYTES + 1}"
    )
    assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{GRANULARITY_BYTES - 1}")
    last = put_chunk(
        url, b"b", f"bytes {GRANULARITY_BYTES}-{GRANULARITY_BYTES}/{GRANULARITY_BYTES + 1}"
    )
    assert last.status_code == 200
    assert last.headers["x-goog-stored-content-length"] == str(GRANULARITY_BYTES + 1)
    assert bucket.get_blob("big").content_type == "video/mp4"


def test_session_enforces_the_signed_length_range(
    bucket: Any, credentials: service_account.Credentials
) -> None:
    bounds = {"x-goog-content-length-range": f"10,{GRANULARITY_BYTES}"}
    for total, status in ((9, 400), (GRANULARITY_BYTES + 1, 400), (10, 200)):
        url = start_signed(bucket, credentials, **bounds).headers["Location"]
        response = put_chunk(url, b"x" * total, f"bytes 0-{total - 1}/{total}")
        assert response.status_code == status
    url = start_signed(bucket, credentials, **bounds).headers["Location"]
    assert (
        put_chunk(
            url, b"x" * 2 * GRANULARITY_BYTES, f"bytes 0-{2 * GRANULARITY_BYTES - 1}/*"
        ).status_code
        == 400
    )
    assert bucket.get_blob("big").size == 10


def test_session_needs_a_valid_upload_id(
    bucket: Any, credentials: service_account.Credentials, endpoint: str
) -> None:
    guess = f"{endpoint}/{bucket.name}/big?upload_id=guess"
    assert put_chunk(guess, b"x", "bytes 0-0/1").status_code in (403, 404)
    assert bucket.get_blob("big") is None
