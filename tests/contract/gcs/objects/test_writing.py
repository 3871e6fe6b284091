"""Writing objects in one request: conditions, checksums, metadata, concurrency."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import google_crc32c
import pytest
import requests
from google.api_core.exceptions import BadRequest, NotFound, PreconditionFailed
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


def test_generation_zero_writes_only_a_new_object(bucket: Any) -> None:
    bucket.blob("once").upload_from_string(b"first", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("once").upload_from_string(b"second", if_generation_match=0)
    with pytest.raises(PreconditionFailed) as caught:
        bucket.blob("once").delete(if_generation_match=1)
    assert caught.value.errors[0]["reason"] == "conditionNotMet"
    assert bucket.blob("once").download_as_bytes() == b"first"


def test_one_of_ten_concurrent_creates_succeeds(bucket: Any, client: Client, endpoint: str) -> None:
    start = threading.Barrier(10)

    def write(number: int) -> int:
        start.wait()
        url = f"{endpoint}/upload/storage/v1/b/{bucket.name}/o"
        query = {"uploadType": "media", "name": "claim", "ifGenerationMatch": "0"}
        body = bytes([number]) * 2_000_000
        return requests.post(url, params=query, data=body, timeout=120).status_code

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(write, range(10)))
    assert sorted(statuses) == [200] + [412] * 9
    winner = statuses.index(200)
    assert bucket.blob("claim").download_as_bytes() == bytes([winner]) * 2_000_000


def test_concurrent_read_modify_write_loses_no_update(bucket: Any) -> None:
    bucket.blob("count").upload_from_string(b"0")

    def add(_: int) -> None:
        while True:
            blob = bucket.get_blob("count")
            value = int(blob.download_as_bytes(if_generation_match=blob.generation))
            try:
                bucket.blob("count").upload_from_string(
                    str(value + 1), if_generation_match=blob.generation
                )
            except PreconditionFailed:
                continue
            return

    def add_with_retry(number: int) -> None:
        while True:
            try:
                add(number)
            except (PreconditionFailed, NotFound):
                continue  # overwritten between the metadata and the read
            return

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(add_with_retry, range(10)))
    assert bucket.blob("count").download_as_bytes() == b"10"


def test_metageneration_conditions_guard_metadata(bucket: Any) -> None:
    blob = bucket.blob("m")
    blob.upload_from_string(b"x")
    blob.metadata = {"a": "1"}
    blob.patch(if_metageneration_match=1)
    assert blob.metageneration == 2
    blob.metadata = {"a": "2"}
    with pytest.raises(PreconditionFailed):
        blob.patch(if_metageneration_match=1)
    with pytest.raises(PreconditionFailed):
        blob.delete(if_metageneration_match=1)
    with pytest.raises(PreconditionFailed):
        bucket.blob("m").upload_from_string(b"y", if_metageneration_match=1)
    assert bucket.get_blob("m").metadata == {"a": "1"}


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


def test_not_match_conditions_refuse_writes_and_return_304_for_reads(
    bucket: Any, endpoint: str
) -> None:
    blob = bucket.blob("n")
    blob.upload_from_string(b"x")
    with pytest.raises(PreconditionFailed):
        bucket.blob("n").upload_from_string(b"y", if_generation_not_match=blob.generation)
    url = f"{endpoint}/storage/v1/b/{bucket.name}/o/n"
    same = {"ifGenerationNotMatch": str(blob.generation)}
    assert requests.get(url, params=same, timeout=120).status_code == 304
    etag = {"If-None-Match": blob.etag}
    assert requests.get(url, headers=etag, timeout=120).status_code == 304
    assert requests.get(url, headers={"If-Match": '"other"'}, timeout=120).status_code == 412


def test_generations_increase_and_old_ones_are_not_found(bucket: Any) -> None:
    generations = []
    for body in (b"a", b"b", b"c"):
        blob = bucket.blob("g")
        blob.upload_from_string(body)
        generations.append(blob.generation)
    assert generations == sorted(set(generations))
    with pytest.raises(NotFound):
        bucket.blob("g", generation=generations[0]).download_as_bytes()
    assert bucket.blob("g", generation=generations[2]).download_as_bytes() == b"c"
    with pytest.raises(NotFound):
        bucket.blob("g", generation=generations[0]).delete()


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
