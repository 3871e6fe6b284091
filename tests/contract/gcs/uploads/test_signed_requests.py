"""Signed requests: nothing gets in, or out, that was not signed for exactly that."""

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


def test_browser_uploads_and_reads_back_through_signed_urls(
    bucket: Any, credentials: Credentials
) -> None:
    answer = requests.put(
        sign_put_url(bucket, credentials, content_type="video/mp4"),
        data=b"moving pictures",
        headers={"Content-Type": "video/mp4"},
        timeout=120,
    )
    assert answer.status_code == 200
    assert answer.headers["x-goog-stored-content-length"] == "15"
    assert answer.headers["ETag"] == f'"{hashlib.md5(b"moving pictures").hexdigest()}"'  # noqa: S324

    blob = bucket.get_blob("video.mp4")
    assert (blob.size, blob.content_type) == (15, "video/mp4")
    assert answer.headers["x-goog-generation"] == str(blob.generation)

    url = blob.generate_signed_url(
        version="v4", expiration=timedelta(minutes=5), credentials=credentials
    )
    read = requests.get(url, timeout=120)
    assert (read.status_code, read.content) == (200, b"moving pictures")
    assert read.headers["Content-Type"] == "video/mp4"


def test_a_signature_with_one_digit_changed_is_refused(
    bucket: Any, credentials: Credentials
) -> None:
    url = sign_put_url(bucket, credentials)
    last = "0" if url[-1] != "0" else "1"
    answer = requests.put(url[:-1] + last, data=b"x", timeout=120)
    assert (answer.status_code, error_code(answer)) == (403, "SignatureDoesNotMatch")
    assert bucket.get_blob("video.mp4") is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda url: url.replace("video.mp4", "other.mp4"), id="another object"),
        pytest.param(
            lambda url: url.replace("X-Goog-Expires=300", "X-Goog-Expires=3000"), id="a longer life"
        ),
        pytest.param(lambda url: url + "&generation=1", id="a parameter more"),
        pytest.param(lambda url: url.replace("127.0.0.1", "localhost"), id="another host"),
    ],
)
def test_a_signed_url_is_good_for_what_it_says_and_nothing_else(
    bucket: Any, credentials: Credentials, change: Any
) -> None:
    answer = requests.put(change(sign_put_url(bucket, credentials)), data=b"x", timeout=120)
    assert (answer.status_code, error_code(answer)) == (403, "SignatureDoesNotMatch")
    assert list(bucket.list_blobs()) == []


def test_an_upload_link_cannot_be_used_to_read_or_delete(
    bucket: Any, credentials: Credentials
) -> None:
    bucket.blob("video.mp4").upload_from_string(b"kept")
    url = sign_put_url(bucket, credentials)
    assert requests.get(url, timeout=120).status_code == 403
    assert requests.delete(url, timeout=120).status_code == 403
    assert bucket.blob("video.mp4").download_as_bytes() == b"kept"


def test_a_link_is_dead_once_its_time_is_over(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    path = f"/{bucket.name}/late.txt"
    made = datetime.now(UTC) - timedelta(seconds=62)
    for method in ("PUT", "GET"):
        url = sign_url(credentials, endpoint, path, method, signed_at=made, expires_s=60)
        answer = requests.request(method, url, timeout=120)
        assert (answer.status_code, error_code(answer)) == (400, "ExpiredToken")
    alive = sign_url(credentials, endpoint, path, "PUT", signed_at=made, expires_s=600)
    assert requests.put(alive, data=b"x", timeout=120).status_code == 200


def test_no_link_lives_longer_than_a_week(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    path = f"/{bucket.name}/long.txt"
    week = sign_url(credentials, endpoint, path, "PUT", expires_s=604_800)
    assert requests.put(week, data=b"x", timeout=120).status_code == 200
    longer = sign_url(credentials, endpoint, path, "PUT", expires_s=604_801)
    assert requests.put(longer, data=b"x", timeout=120).status_code == 400


def test_a_link_from_the_future_is_refused_but_a_clock_a_little_fast_is_not(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    path = f"/{bucket.name}/early.txt"
    for minutes, status in ((10, 200), (30, 403)):
        at = datetime.now(UTC) + timedelta(minutes=minutes)
        url = sign_url(credentials, endpoint, path, "PUT", signed_at=at)
        assert requests.put(url, data=b"x", timeout=120).status_code == status


def test_the_wrong_content_type_is_refused(bucket: Any, credentials: Credentials) -> None:
    url = sign_put_url(bucket, credentials, content_type="video/mp4")
    for headers in ({"Content-Type": "text/html"}, {"Content-Type": "video/mp4; x=y"}):
        answer = requests.put(url, data=b"x", headers=headers, timeout=120)
        assert (answer.status_code, error_code(answer)) == (403, "SignatureDoesNotMatch")
    assert bucket.get_blob("video.mp4") is None


def test_a_signed_header_that_is_not_sent_is_named(bucket: Any, credentials: Credentials) -> None:
    url = sign_put_url(bucket, credentials, headers={"x-goog-if-generation-match": "0"})
    answer = requests.put(url, data=b"x", timeout=120)
    assert (answer.status_code, error_code(answer)) == (400, "MalformedSecurityHeader")
    assert b"<ParameterName>x-goog-if-generation-match</ParameterName>" in answer.content


def test_a_goog_header_that_was_not_signed_is_refused(
    bucket: Any, credentials: Credentials
) -> None:
    answer = requests.put(
        sign_put_url(bucket, credentials),
        data=b"x",
        headers={"x-goog-meta-owner": "me"},
        timeout=120,
    )
    assert (answer.status_code, error_code(answer)) == (400, "MalformedSecurityHeader")
    assert bucket.get_blob("video.mp4") is None


def test_the_host_must_be_among_the_signed_headers(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    headers = {"x-goog-meta-a": "b"}
    url = sign_url(
        credentials, endpoint, f"/{bucket.name}/h.txt", "PUT", headers=headers, signs_host=False
    )
    answer = requests.put(url, data=b"x", headers=headers, timeout=120)
    assert (answer.status_code, error_code(answer)) == (400, "MalformedSecurityHeader")


def test_nobody_gets_in_without_a_signature(bucket: Any, endpoint: str) -> None:
    bucket.blob("private.txt").upload_from_string(b"secret")
    for method in ("GET", "PUT", "DELETE", "POST"):
        answer = requests.request(
            method, f"{endpoint}/{bucket.name}/private.txt", data=b"x", timeout=120
        )
        assert (answer.status_code, error_code(answer)) == (403, "AccessDenied")
        assert b"secret" not in answer.content
    assert requests.head(f"{endpoint}/{bucket.name}/private.txt", timeout=120).status_code == 403


def test_a_stranger_with_a_key_of_his_own_is_refused(
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


def test_the_key_signs_for_its_own_account_alone(
    bucket: Any, endpoint: str, gcs: GcsEmulator
) -> None:
    info = json.loads((gcs.folder / "signer.json").read_text())
    info["client_email"] = "stranger@example.iam.gserviceaccount.com"
    stranger = Credentials.from_service_account_info(info)
    url = sign_url(stranger, endpoint, f"/{bucket.name}/s.txt", "PUT")
    answer = requests.put(url, data=b"x", timeout=120)
    assert (answer.status_code, error_code(answer)) == (403, "AccessDenied")


def test_a_download_link_can_name_the_file_and_pin_the_generation(
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
    answer = requests.get(url, timeout=120)
    assert answer.content == b"one"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="holiday.mp4"'
    bucket.blob("film.mp4").upload_from_string(b"two")
    assert requests.get(url, timeout=120).status_code == 404


def test_an_authorization_header_signs_as_well_as_a_url(
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
    old = datetime.now(UTC) - timedelta(minutes=20)
    late = sign_headers(credentials, endpoint, path, "GET", signed_at=old)
    answer = requests.get(f"{endpoint}{path}", headers=late, timeout=120)
    assert (answer.status_code, error_code(answer)) == (403, "RequestTimeTooSkewed")


def test_signed_links_delete_and_ask_for_headers_alone(
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
def test_a_half_signed_url_is_refused(bucket: Any, credentials: Credentials, missing: str) -> None:
    head, _, query = sign_put_url(bucket, credentials).partition("?")
    kept = [p for p in query.split("&") if not p.startswith(f"X-Goog-{missing}=")]
    answer = requests.put(f"{head}?{'&'.join(kept)}", data=b"x", timeout=120)
    assert answer.status_code == 400
    assert bucket.get_blob("video.mp4") is None
