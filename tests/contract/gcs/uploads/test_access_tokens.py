"""Access tokens on the XML API, as Terraform's `gcs` backend and gsutil send them."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from google.oauth2.service_account import Credentials

from tests.fixtures.gcs.signing import sign_url
from tests.fixtures.gcs.xml_api import error_code

TOKEN = {"Authorization": "Bearer ya29.token"}


def test_token_reads_lists_writes_and_deletes(bucket: Any, endpoint: str) -> None:
    url = f"{endpoint}/{bucket.name}/default.tfstate"
    written = requests.put(url, data=b"state", headers=TOKEN, timeout=120)
    assert written.status_code == 200
    read = requests.get(url, headers=TOKEN, timeout=120)
    assert (read.status_code, read.content) == (200, b"state")
    assert read.headers["x-goog-generation"] == written.headers["x-goog-generation"]
    assert requests.head(url, headers=TOKEN, timeout=120).headers["Content-Length"] == "5"
    part = requests.get(url, headers={**TOKEN, "Range": "bytes=1-2"}, timeout=120)
    assert (part.status_code, part.content) == (206, b"ta")
    listing = requests.get(f"{endpoint}/{bucket.name}", headers=TOKEN, timeout=120)
    assert b"<Key>default.tfstate</Key>" in listing.content
    assert requests.delete(url, headers=TOKEN, timeout=120).status_code == 204
    missing = requests.get(url, headers=TOKEN, timeout=120)
    assert (missing.status_code, error_code(missing)) == (404, "NoSuchKey")


def test_token_starts_a_resumable_session(bucket: Any, endpoint: str) -> None:
    started = requests.post(
        f"{endpoint}/{bucket.name}/film.mp4",
        headers={**TOKEN, "x-goog-resumable": "start"},
        timeout=120,
    )
    assert started.status_code == 201
    assert requests.put(started.headers["Location"], data=b"film", timeout=120).ok
    assert bucket.blob("film.mp4").download_as_bytes() == b"film"


def test_scheme_is_case_insensitive(bucket: Any, endpoint: str) -> None:
    bucket.blob("x").upload_from_string(b"x")
    headers = {"Authorization": "bearer ya29.token"}
    assert requests.get(f"{endpoint}/{bucket.name}/x", headers=headers, timeout=120).ok


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Basic dTpw", "Bearer a b", "ya29.token"])
def test_other_authorization_is_refused(bucket: Any, endpoint: str, value: str) -> None:
    bucket.blob("x").upload_from_string(b"secret")
    response = requests.get(
        f"{endpoint}/{bucket.name}/x", headers={"Authorization": value}, timeout=120
    )
    assert (response.status_code, error_code(response)) == (401, "AuthenticationRequired")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://example.org"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_web_page_must_sign(bucket: Any, endpoint: str, headers: dict[str, str]) -> None:
    bucket.blob("x").upload_from_string(b"secret")
    response = requests.get(
        f"{endpoint}/{bucket.name}/x", headers={**TOKEN, **headers}, timeout=120
    )
    assert (response.status_code, error_code(response)) == (401, "AuthenticationRequired")


def test_token_does_not_replace_the_signature_of_a_url(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    url = sign_url(credentials, endpoint, f"/{bucket.name}/x", "PUT")
    response = requests.put(url.replace("/x?", "/y?"), data=b"x", headers=TOKEN, timeout=120)
    assert (response.status_code, error_code(response)) == (403, "SignatureDoesNotMatch")
    assert requests.put(url, data=b"x", headers=TOKEN, timeout=120).status_code == 200
