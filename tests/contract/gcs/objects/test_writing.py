"""Writing objects in one request: checksums, metadata, multipart bodies, encodings."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote

import google_crc32c
import pytest
import requests
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud.storage import Client


def crc32c(data: bytes) -> str:
    """The CRC32C in Google's encoding: big-endian, base64."""
    return base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()


def test_object_keeps_its_content_and_metadata(bucket: Any) -> None:
    blob = bucket.blob("notes.txt")
    blob.metadata = {"language": "de"}
    blob.cache_control = "no-store"
    blob.content_language = "de"
    blob.upload_from_string("Grüße", content_type="text/plain; charset=utf-8")
    stored = bucket.get_blob("notes.txt")
    assert stored.download_as_bytes() == "Grüße".encode()
    assert stored.size == 7
    assert stored.content_type == "text/plain; charset=utf-8"
    assert (stored.metadata, stored.cache_control) == ({"language": "de"}, "no-store")
    assert stored.crc32c == crc32c("Grüße".encode())
    assert stored.metageneration == 1
    assert stored.generation == blob.generation
    assert stored.etag
    assert stored.time_created == stored.updated


def test_patch_merges_metadata_and_keeps_the_generation(bucket: Any) -> None:
    blob = bucket.blob("p")
    blob.metadata = {"keep": "1", "drop": "2"}
    blob.upload_from_string(b"x", content_type="text/plain")
    before = blob.generation
    blob.metadata = {"drop": None, "new": "3"}
    blob.patch()
    stored = bucket.get_blob("p")
    assert stored.metadata == {"keep": "1", "new": "3"}
    assert (stored.generation, stored.content_type) == (before, "text/plain")


@pytest.mark.parametrize("field", ["md5Hash", "crc32c"])
def test_upload_with_wrong_hash_in_its_metadata_is_refused(
    bucket: Any, endpoint: str, field: str
) -> None:
    bad_hash = {"md5Hash": "AAAAAAAAAAAAAAAAAAAAAA==", "crc32c": "AAAAAA=="}[field]
    boundary = "b0undary"
    body = (
        f"--{boundary}\r\nContent-Type: application/json\r\n\r\n"
        f"{json.dumps({'name': 'damaged', field: bad_hash})}\r\n"
        f"--{boundary}\r\nContent-Type: text/plain\r\n\r\nbytes\r\n--{boundary}--"
    )
    response = requests.post(
        f"{endpoint}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart",
        data=body,
        headers={"Content-Type": f"multipart/related; boundary={boundary}"},
        timeout=120,
    )
    assert response.status_code == 400
    assert "doesn't match calculated" in response.json()["error"]["message"]
    assert bucket.get_blob("damaged") is None


def test_upload_with_wrong_hash_in_its_headers_is_refused(bucket: Any, endpoint: str) -> None:
    url = f"{endpoint}/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=h"
    good = {"x-goog-hash": f"crc32c={crc32c(b'bytes')}"}
    assert requests.post(url, data=b"bytes", headers=good, timeout=120).status_code == 200
    for headers in (
        {"x-goog-hash": "crc32c=AAAAAA=="},
        {"x-goog-hash": f"crc32c=AAAAAA==,crc32c={crc32c(b'bytes')}"},
        {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="},
    ):
        assert requests.post(url, data=b"bytes", headers=headers, timeout=120).status_code == 400


@pytest.mark.parametrize("newline", ["\r\n", "\n"], ids=["CRLF", "LF"])
@pytest.mark.parametrize("media", [b"", b"\r\n", b"--b0", b"a\r\n--b0und", b"\n\r\n-\r\n--b0undar"])
def test_multipart_body_may_contain_bytes_like_its_boundary(
    bucket: Any, endpoint: str, newline: str, media: bytes
) -> None:
    n = newline
    head = (
        f'--b0undary{n}Content-Type: application/json{n}{n}{{"name": "edge"}}{n}'
        f"--b0undary{n}Content-Type: application/x-edge{n}{n}"
    )
    body = head.encode() + media + f"{n}--b0undary--{n}".encode()
    response = requests.post(
        f"{endpoint}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart",
        data=iter([body[i : i + 3] for i in range(0, len(body), 3)]),
        headers={"Content-Type": 'multipart/related; boundary="b0undary"'},
        timeout=120,
    )
    assert response.status_code == 200, response.text
    blob = bucket.get_blob("edge")
    assert blob.download_as_bytes() == media
    assert blob.content_type == "application/x-edge"


def test_truncated_multipart_body_creates_no_object(bucket: Any, endpoint: str) -> None:
    body = b'--x\r\n\r\n{"name": "cut"}\r\n--x\r\n\r\nhalf'
    response = requests.post(
        f"{endpoint}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart",
        data=body,
        headers={"Content-Type": "multipart/related; boundary=x"},
        timeout=120,
    )
    assert response.status_code == 400
    assert bucket.get_blob("cut") is None


def test_gzip_content_is_stored_as_sent(bucket: Any) -> None:
    compressed = gzip.compress(b"0123456789" * 1000)
    blob = bucket.blob("log.gz")
    blob.content_encoding = "gzip"
    blob.upload_from_string(compressed, content_type="text/plain")
    stored = bucket.get_blob("log.gz")
    assert stored.size == len(compressed)
    assert stored.download_as_bytes(raw_download=True) == compressed
    assert stored.download_as_bytes() == b"0123456789" * 1000


def test_gzip_content_is_decompressed_for_readers_without_gzip(bucket: Any, endpoint: str) -> None:
    plain = b"0123456789" * 100_000
    blob = bucket.blob("log.gz")
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(plain), content_type="text/plain")
    url = f"{endpoint}/storage/v1/b/{bucket.name}/o/{quote('log.gz')}?alt=media"
    response = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=120)
    assert response.content == plain
    assert "Content-Encoding" not in response.headers


def test_invalid_metadata_is_refused(bucket: Any, endpoint: str) -> None:
    bucket.blob("m").upload_from_string(b"x")
    url = f"{endpoint}/storage/v1/b/{bucket.name}/o/m"
    for body in (
        {"metadata": "text"},
        {"metadata": {"a": 1}},
        {"contentType": "a\r\nSet-Cookie: x"},
    ):
        assert requests.patch(url, json=body, timeout=120).status_code == 400
    assert requests.patch(url, data=b"{not json", timeout=120).status_code == 400
    assert requests.patch(url, data=b"[]", timeout=120).status_code == 400
    large = {"metadata": {"a": "x" * 9000}}
    assert requests.patch(url, json=large, timeout=120).status_code == 400


def test_errors_have_the_format_that_clients_parse(client: Client, bucket: Any) -> None:
    with pytest.raises(NotFound) as caught:
        bucket.blob("nowhere").reload()
    assert caught.value.errors[0]["reason"] == "notFound"
    assert f"No such object: {bucket.name}/nowhere" in caught.value.message
    with pytest.raises(NotFound):
        client.bucket("no-such-bucket-at-all").blob("x").upload_from_string(b"x")
    with pytest.raises(BadRequest):
        client.create_bucket("Not A Name")
