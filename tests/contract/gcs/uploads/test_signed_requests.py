"""Signed requests: what a signature covers and when it is refused."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.fixtures.gcs.server import GcsEmulator
from tests.fixtures.gcs.signing import sign_headers, sign_url
from tests.fixtures.gcs.xml_api import Credentials, error_code, sign_put_url


def test_signed_urls_upload_and_download_an_object(bucket: Any, credentials: Credentials) -> None:
    response = requests.put(
        sign_put_url(bucket, credentials, content_type="video/mp4"),
        data=b"moving pictures",
        headers={"Content-Type": "video/mp4"},
        timeout=120,
    )
    assert response.status_code == 200
    assert response.headers["x-goog-stored-content-length"] == "15"
    assert response.headers["ETag"] == f'"{hashlib.md5(b"moving pictures").hexdigest()}"'  # noqa: S324 - an ETag is an MD5

    blob = bucket.get_blob("video.mp4")
    assert (blob.size, blob.content_type) == (15, "video/mp4")
    assert response.headers["x-goog-generation"] == str(blob.generation)

    url = blob.generate_signed_url(
        version="v4", expiration=timedelta(minutes=5), credentials=credentials
    )
    read = requests.get(url, timeout=120)
    assert (read.status_code, read.content) == (200, b"moving pictures")
    assert read.headers["Content-Type"] == "video/mp4"


def test_changed_signature_is_refused(bucket: Any, credentials: Credentials) -> None:
    url = sign_put_url(bucket, credentials)
    last = "0" if url[-1] != "0" else "1"
    response = requests.put(url[:-1] + last, data=b"x", timeout=120)
    assert (response.status_code, error_code(response)) == (403, "SignatureDoesNotMatch")
    assert bucket.get_blob("video.mp4") is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda url: url.replace("video.mp4", "other.mp4"), id="another object"),
        pytest.param(
            lambda url: url.replace("X-Goog-Expires=300", "X-Goog-Expires=3000"),
            id="a later expiry",
        ),
        pytest.param(lambda url: url + "&generation=1", id="an extra parameter"),
        pytest.param(lambda url: url.replace("127.0.0.1", "localhost"), id="another host"),
    ],
)
def test_changed_signed_url_is_refused(bucket: Any, credentials: Credentials, change: Any) -> None:
    response = requests.put(change(sign_put_url(bucket, credentials)), data=b"x", timeout=120)
    assert (response.status_code, error_code(response)) == (403, "SignatureDoesNotMatch")
    assert list(bucket.list_blobs()) == []


def test_upload_url_cannot_read_or_delete(bucket: Any, credentials: Credentials) -> None:
    bucket.blob("video.mp4").upload_from_string(b"kept")
    url = sign_put_url(bucket, credentials)
    assert requests.get(url, timeout=120).status_code == 403
    assert requests.delete(url, timeout=120).status_code == 403
    assert bucket.blob("video.mp4").download_as_bytes() == b"kept"


def test_expired_url_is_refused(bucket: Any, credentials: Credentials, endpoint: str) -> None:
    path = f"/{bucket.name}/late.txt"
    signed_at = datetime.now(UTC) - timedelta(seconds=62)
    for method in ("PUT", "GET"):
        url = sign_url(credentials, endpoint, path, method, signed_at=signed_at, expires_s=60)
        response = requests.request(method, url, timeout=120)
        assert (response.status_code, error_code(response)) == (400, "ExpiredToken")
    valid = sign_url(credentials, endpoint, path, "PUT", signed_at=signed_at, expires_s=600)
    assert requests.put(valid, data=b"x", timeout=120).status_code == 200


def test_urls_are_valid_for_at_most_a_week(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    path = f"/{bucket.name}/long.txt"
    week = sign_url(credentials, endpoint, path, "PUT", expires_s=604_800)
    assert requests.put(week, data=b"x", timeout=120).status_code == 200
    longer = sign_url(credentials, endpoint, path, "PUT", expires_s=604_801)
    assert requests.put(longer, data=b"x", timeout=120).status_code == 400


def test_signing_time_may_be_at_most_15_minutes_in_the_future(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    path = f"/{bucket.name}/early.txt"
    for minutes, status in ((10, 200), (30, 403)):
        signed_at = datetime.now(UTC) + timedelta(minutes=minutes)
        url = sign_url(credentials, endpoint, path, "PUT", signed_at=signed_at)
        assert requests.put(url, data=b"x", timeout=120).status_code == status


def test_wrong_content_type_is_refused(bucket: Any, credentials: Credentials) -> None:
    url = sign_put_url(bucket, credentials, content_type="video/mp4")
    for headers in ({"Content-Type": "text/html"}, {"Content-Type": "video/mp4; x=y"}):
        response = requests.put(url, data=b"x", headers=headers, timeout=120)
        assert (response.status_code, error_code(response)) == (403, "SignatureDoesNotMatch")
    assert bucket.get_blob("video.mp4") is None


def test_error_names_a_signed_header_that_is_missing(bucket: Any, credentials: Credentials) -> None:
    url = sign_put_url(bucket, credentials, headers={"x-goog-if-generation-match": "0"})
    response = requests.put(url, data=b"x", timeout=120)
    assert (response.status_code, error_code(response)) == (400, "MalformedSecurityHeader")
    assert b"<ParameterName>x-goog-if-generation-match</ParameterName>" in response.content


def test_unsigned_goog_header_is_refused(bucket: Any, credentials: Credentials) -> None:
    response = requests.put(
        sign_put_url(bucket, credentials),
        data=b"x",
        headers={"x-goog-meta-owner": "me"},
        timeout=120,
    )
    assert (response.status_code, error_code(response)) == (400, "MalformedSecurityHeader")
    assert bucket.get_blob("video.mp4") is None


def test_host_must_be_a_signed_header(bucket: Any, credentials: Credentials, endpoint: str) -> None:
    headers = {"x-goog-meta-a": "b"}
    url = sign_url(
        credentials, endpoint, f"/{bucket.name}/h.txt", "PUT", headers=headers, signs_host=False
    )
    response = requests.put(url, data=b"x", headers=headers, timeout=120)
    assert (response.status_code, error_code(response)) == (400, "MalformedSecurityHeader")


def test_unsigned_requests_are_refused(bucket: Any, endpoint: str) -> None:
    bucket.blob("private.txt").upload_from_string(b"secret")
    for method in ("GET", "PUT", "DELETE", "POST"):
        response = requests.request(
            method, f"{endpoint}/{bucket.name}/private.txt", data=b"x", timeout=120
        )
        assert (response.status_code, error_code(response)) == (403, "AccessDenied")
        assert b"secret" not in response.content
    assert requests.head(f"{endpoint}/{bucket.name}/private.txt", timeout=120).status_code == 403


def test_signature_with_another_key_is_refused(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    info = {"private_key": key.decode(), "token_uri": "https://oauth2.googleapis.com/token"}
    for email in (credentials.signer_email, "stranger@example.iam.gserviceaccount.com"):
        stranger = Credentials.from_service_account_info({**info, "client_email": email})
        url = sign_url(stranger, endpoint, f"/{bucket.name}/s.txt", "PUT")
        assert requests.put(url, data=b"x", timeout=120).status_code == 403
    assert list(bucket.list_blobs()) == []


def test_key_signs_for_its_own_account_only(bucket: Any, endpoint: str, gcs: GcsEmulator) -> None:
    info = json.loads((gcs.folder / "signer.json").read_text())
    info["client_email"] = "stranger@example.iam.gserviceaccount.com"
    stranger = Credentials.from_service_account_info(info)
    url = sign_url(stranger, endpoint, f"/{bucket.name}/s.txt", "PUT")
    response = requests.put(url, data=b"x", timeout=120)
    assert (response.status_code, error_code(response)) == (403, "AccessDenied")


def test_download_url_can_set_the_filename_and_the_generation(
    bucket: Any, credentials: Credentials
) -> None:
    blob = bucket.blob("film.mp4")
    blob.upload_from_string(b"one", content_type="video/mp4")
    url = blob.generate_signed_url(
        version="v4",
        expiration=timedelta(minutes=5),
        credentials=credentials,
        response_disposition='attachment; filename="holiday.mp4"',
        generation=blob.generation,
    )
    response = requests.get(url, timeout=120)
    assert response.content == b"one"
    assert response.headers["Content-Disposition"] == 'attachment; filename="holiday.mp4"'
    bucket.blob("film.mp4").upload_from_string(b"two")
    assert requests.get(url, timeout=120).status_code == 404


def test_authorization_header_signs_a_request(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    path = f"/{bucket.name}/header.txt"
    body = b"signed body"
    payload = hashlib.sha256(body).hexdigest()
    headers = sign_headers(credentials, endpoint, path, "PUT", payload=payload)
    assert requests.put(f"{endpoint}{path}", data=body, headers=headers, timeout=120).ok
    other = requests.put(f"{endpoint}{path}", data=b"another bod", headers=headers, timeout=120)
    assert other.status_code == 400
    assert bucket.blob("header.txt").download_as_bytes() == body

    get = sign_headers(credentials, endpoint, path, "GET")
    assert requests.get(f"{endpoint}{path}", headers=get, timeout=120).content == body
    signed_at = datetime.now(UTC) - timedelta(minutes=20)
    old_headers = sign_headers(credentials, endpoint, path, "GET", signed_at=signed_at)
    response = requests.get(f"{endpoint}{path}", headers=old_headers, timeout=120)
    assert (response.status_code, error_code(response)) == (403, "RequestTimeTooSkewed")


def test_signed_urls_for_head_and_delete(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    bucket.blob("gone.txt").upload_from_string(b"12345")
    path = f"/{bucket.name}/gone.txt"
    head = requests.head(sign_url(credentials, endpoint, path, "HEAD"), timeout=120)
    assert (head.status_code, head.headers["Content-Length"]) == (200, "5")
    delete = sign_url(credentials, endpoint, path, "DELETE")
    assert requests.delete(delete, timeout=120).status_code == 204
    missing = requests.delete(delete, timeout=120)
    assert (missing.status_code, error_code(missing)) == (404, "NoSuchKey")
    nowhere = requests.get(sign_url(credentials, endpoint, "/no-such-bucket-here/x"), timeout=120)
    assert (nowhere.status_code, error_code(nowhere)) == (404, "NoSuchBucket")


@pytest.mark.parametrize("missing", ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders"])
def test_url_without_one_of_the_signing_parameters_is_refused(
    bucket: Any, credentials: Credentials, missing: str
) -> None:
    head, _, query = sign_put_url(bucket, credentials).partition("?")
    parameters = [p for p in query.split("&") if not p.startswith(f"X-Goog-{missing}=")]
    response = requests.put(f"{head}?{'&'.join(parameters)}", data=b"x", timeout=120)
    assert response.status_code == 400
    assert bucket.get_blob("video.mp4") is None
