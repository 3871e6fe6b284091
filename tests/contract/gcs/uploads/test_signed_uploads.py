"""What a signed upload link allows: how long, how often, with which bytes and headers."""

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
    """As Content-MD5 has it."""
    return base64.b64encode(hashlib.md5(data).digest()).decode()  # noqa: S324 - what the API takes


@pytest.mark.parametrize(
    ("size_bytes", "status", "problem"),
    [
        (9, 400, "EntityTooSmall"),
        (10, 200, ""),
        (20, 200, ""),
        (21, 400, "EntityTooLarge"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_an_upload_must_fit_the_signed_length_range(
    bucket: Any,
    credentials: Credentials,
    size_bytes: int,
    status: int,
    problem: str,
    chunked: bool,
) -> None:
    headers = {"x-goog-content-length-range": "10,20"}
    url = sign_put_url(bucket, credentials, headers=headers)
    body: Any = iter([b"x" * 5, b"x" * (size_bytes - 5)]) if chunked else b"x" * size_bytes
    answer = requests.put(url, data=body, headers=headers, timeout=120)
    assert answer.status_code == status
    if problem:
        assert error_code(answer) == problem
    blob = bucket.get_blob("video.mp4")
    assert (blob and blob.size) == (size_bytes if status == 200 else None)


def test_a_client_cannot_widen_the_length_range(bucket: Any, credentials: Credentials) -> None:
    url = sign_put_url(bucket, credentials, headers={"x-goog-content-length-range": "1,10"})
    wider = {"x-goog-content-length-range": "1,1000"}
    answer = requests.put(url, data=b"x" * 100, headers=wider, timeout=120)
    assert (answer.status_code, error_code(answer)) == (403, "SignatureDoesNotMatch")


def test_the_same_upload_link_writes_only_once_when_it_pins_generation_zero(
    bucket: Any, credentials: Credentials
) -> None:
    headers = {"x-goog-if-generation-match": "0"}
    url = sign_put_url(bucket, credentials, headers=headers)
    assert requests.put(url, data=b"first", headers=headers, timeout=120).status_code == 200
    again = requests.put(url, data=b"second", headers=headers, timeout=120)
    assert (again.status_code, error_code(again)) == (412, "PreconditionFailed")
    assert bucket.blob("video.mp4").download_as_bytes() == b"first"


def test_metadata_and_names_of_headers_travel_with_a_signed_upload(
    bucket: Any, credentials: Credentials
) -> None:
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


def test_a_compressed_body_is_stored_as_it_was_signed_and_sent(
    bucket: Any, credentials: Credentials
) -> None:
    packed = gzip.compress(b"text" * 1000)
    headers = {"Content-Encoding": "gzip", "Content-MD5": md5(packed)}
    url = sign_put_url(bucket, credentials, headers=dict(headers))
    assert requests.put(url, data=packed, headers=headers, timeout=120).status_code == 200
    assert bucket.blob("video.mp4").download_as_bytes(raw_download=True) == packed
    wrong = requests.put(url, data=packed[:-1] + b"x", headers=headers, timeout=120)
    assert (wrong.status_code, error_code(wrong)) == (400, "BadDigest")


def test_a_client_that_asks_first_is_refused_before_it_sends(
    bucket: Any, credentials: Credentials, endpoint: str
) -> None:
    good = sign_put_url(bucket, credentials).removeprefix(endpoint)
    for target, expected in ((good, b"HTTP/1.1 100"), (f"/{bucket.name}/x", b"HTTP/1.1 403")):
        host, _, port = endpoint.partition("//")[2].partition(":")
        with socket.create_connection((host, int(port)), timeout=120) as line:
            head = f"PUT {target} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 5\r\n"
            line.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
            got = line.makefile("rb")
            assert got.readline().startswith(expected)
            if expected.endswith(b"100"):
                assert got.readline() == b"\r\n"
                line.sendall(b"12345")
                assert got.readline().startswith(b"HTTP/1.1 200")
