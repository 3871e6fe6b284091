"""Signed upload URLs: length, generation, metadata, hashes."""

from __future__ import annotations

import base64
import gzip
import hashlib
import socket
from typing import Any

import pytest
import requests

from tests.fixtures.gcs.xml_api import Credentials, error_code, sign_put_url


def md5(data: bytes) -> str:
    """The MD5 as in Content-MD5, base64."""
    return base64.b64encode(hashlib.md5(data).digest()).decode()  # noqa: S324 - the API uses it


@pytest.mark.parametrize(
    ("size_bytes", "status", "code"),
    [
        (9, 400, "EntityTooSmall"),
        (10, 200, ""),
        (20, 200, ""),
        (21, 400, "EntityTooLarge"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_upload_must_fit_the_signed_length_range(
    bucket: Any,
    credentials: Credentials,
    size_bytes: int,
    status: int,
    code: str,
    chunked: bool,
) -> None:
    headers = {"x-goog-content-length-range": "10,20"}
    url = sign_put_url(bucket, credentials, headers=headers)
    body: Any = iter([b"x" * 5, b"x" * (size_bytes - 5)]) if chunked else b"x" * size_bytes
    response = requests.put(url, data=body, headers=headers, timeout=120)
    assert response.status_code == status
    if code:
        assert error_code(response) == code
    blob = bucket.get_blob("video.mp4")
    assert (blob and blob.size) == (size_bytes if status == 200 else None)


def test_client_cannot_change_the_signed_length_range(
    bucket: Any, credentials: Credentials
) -> None:
    url = sign_put_url(bucket, credentials, headers={"x-goog-content-length-range": "1,10"})
    wider = {"x-goog-content-length-range": "1,1000"}
    response = requests.put(url, data=b"x" * 100, headers=wider, timeout=120)
    assert (response.status_code, error_code(response)) == (403, "SignatureDoesNotMatch")


def test_upload_url_with_generation_zero_writes_once(bucket: Any, credentials: Credentials) -> None:
    headers = {"x-goog-if-generation-match": "0"}
    url = sign_put_url(bucket, credentials, headers=headers)
    assert requests.put(url, data=b"first", headers=headers, timeout=120).status_code == 200
    repeated = requests.put(url, data=b"second", headers=headers, timeout=120)
    assert (repeated.status_code, error_code(repeated)) == (412, "PreconditionFailed")
    assert bucket.blob("video.mp4").download_as_bytes() == b"first"


def test_signed_upload_stores_metadata_and_headers(bucket: Any, credentials: Credentials) -> None:
    headers = {
        "x-goog-meta-job": "job-7",
        "Cache-Control": "private, max-age=60",
        "Content-Disposition": 'attachment; filename="a b.mp4"',
        "Content-Type": "video/mp4",
    }
    url = sign_put_url(bucket, credentials, headers=dict(headers))
    assert requests.put(url, data=b"x", headers=headers, timeout=120).status_code == 200
    blob = bucket.get_blob("video.mp4")
    assert blob.metadata == {"job": "job-7"}
    assert blob.cache_control == "private, max-age=60"
    assert blob.content_disposition == 'attachment; filename="a b.mp4"'


def test_gzip_body_is_stored_as_sent(bucket: Any, credentials: Credentials) -> None:
    compressed = gzip.compress(b"text" * 1000)
    headers = {"Content-Encoding": "gzip", "Content-MD5": md5(compressed)}
    url = sign_put_url(bucket, credentials, headers=dict(headers))
    assert requests.put(url, data=compressed, headers=headers, timeout=120).status_code == 200
    assert bucket.blob("video.mp4").download_as_bytes(raw_download=True) == compressed
    changed = requests.put(url, data=compressed[:-1] + b"x", headers=headers, timeout=120)
    assert (changed.status_code, error_code(changed)) == (400, "BadDigest")


def test_expect_100_continue_is_refused_before_the_body(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    good = sign_put_url(bucket, credentials).removeprefix(endpoint)
    for target, expected in ((good, b"HTTP/1.1 100"), (f"/{bucket.name}/x", b"HTTP/1.1 403")):
        host, _, port = endpoint.partition("//")[2].partition(":")
        with socket.create_connection((host, int(port)), timeout=120) as connection:
            head = f"PUT {target} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 5\r\n"
            connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
            response = connection.makefile("rb")
            assert response.readline().startswith(expected)
            if expected.endswith(b"100"):
                assert response.readline() == b"\r\n"
                connection.sendall(b"12345")
                assert response.readline().startswith(b"HTTP/1.1 200")
