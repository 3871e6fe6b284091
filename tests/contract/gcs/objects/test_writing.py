"""Writing objects in one request: conditions, checksums, names, and what nobody may lose."""

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
    """As Google writes it: big-endian, base64."""
    return base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()


def test_an_object_is_what_was_written_and_says_so(bucket: Any) -> None:
    blob = bucket.blob("notes.txt")
    blob.metadata = {"language": "de"}
    blob.cache_control = "no-store"
    blob.content_language = "de"
    blob.upload_from_string("Grüße", content_type="text/plain; charset=utf-8")
    seen = bucket.get_blob("notes.txt")
    assert seen.download_as_bytes() == "Grüße".encode()
    assert seen.size == 7
    assert seen.content_type == "text/plain; charset=utf-8"
    assert (seen.metadata, seen.cache_control) == ({"language": "de"}, "no-store")
    assert seen.crc32c == crc32c("Grüße".encode())
    assert seen.metageneration == 1
    assert seen.generation == blob.generation
    assert seen.etag
    assert seen.time_created == seen.updated


def test_generation_zero_means_only_when_there_is_nothing_yet(bucket: Any) -> None:
    bucket.blob("once").upload_from_string(b"first", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("once").upload_from_string(b"second", if_generation_match=0)
    with pytest.raises(PreconditionFailed) as caught:
        bucket.blob("once").delete(if_generation_match=1)
    assert caught.value.errors[0]["reason"] == "conditionNotMet"
    assert bucket.blob("once").download_as_bytes() == b"first"


def test_ten_writers_race_and_one_wins(bucket: Any, client: Client, endpoint: str) -> None:
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


def test_ten_writers_who_each_read_first_lose_no_update(bucket: Any) -> None:
    bucket.blob("count").upload_from_string(b"0")

    def add(_: int) -> None:
        while True:
            blob = bucket.get_blob("count")
            seen = int(blob.download_as_bytes(if_generation_match=blob.generation))
            try:
                bucket.blob("count").upload_from_string(
                    str(seen + 1), if_generation_match=blob.generation
                )
            except PreconditionFailed:
                continue
            return

    def tolerant(number: int) -> None:
        while True:
            try:
                add(number)
            except (PreconditionFailed, NotFound):
                continue  # overwritten between the look and the read
            return

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(tolerant, range(10)))
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


def test_patching_metadata_merges_by_key_and_keeps_the_generation(bucket: Any) -> None:
    blob = bucket.blob("p")
    blob.metadata = {"keep": "1", "drop": "2"}
    blob.upload_from_string(b"x", content_type="text/plain")
    before = blob.generation
    blob.metadata = {"drop": None, "new": "3"}
    blob.patch()
    seen = bucket.get_blob("p")
    assert seen.metadata == {"keep": "1", "new": "3"}
    assert (seen.generation, seen.content_type) == (before, "text/plain")


def test_not_match_conditions_turn_writes_away_and_reads_into_not_modified(
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


def test_generations_only_grow_and_an_old_one_is_gone(bucket: Any) -> None:
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
def test_bytes_that_changed_on_the_way_are_refused(bucket: Any, endpoint: str, field: str) -> None:
    wrong = {"md5Hash": "AAAAAAAAAAAAAAAAAAAAAA==", "crc32c": "AAAAAA=="}[field]
    boundary = "b0undary"
    body = (
        f"--{boundary}\r\nContent-Type: application/json\r\n\r\n"
        f"{json.dumps({'name': 'torn', field: wrong})}\r\n"
        f"--{boundary}\r\nContent-Type: text/plain\r\n\r\nbytes\r\n--{boundary}--"
    )
    answer = requests.post(
        f"{endpoint}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart",
        data=body,
        headers={"Content-Type": f"multipart/related; boundary={boundary}"},
        timeout=120,
    )
    assert answer.status_code == 400
    assert "doesn't match calculated" in answer.json()["error"]["message"]
    assert bucket.get_blob("torn") is None


def test_hashes_in_headers_are_checked_too(bucket: Any, endpoint: str) -> None:
    url = f"{endpoint}/upload/storage/v1/b/{bucket.name}/o?uploadType=media&name=h"
    good = {"x-goog-hash": f"crc32c={crc32c(b'bytes')}"}
    assert requests.post(url, data=b"bytes", headers=good, timeout=120).status_code == 200
    for bad in ({"x-goog-hash": "crc32c=AAAAAA=="}, {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}):
        assert requests.post(url, data=b"bytes", headers=bad, timeout=120).status_code == 400


@pytest.mark.parametrize("newline", ["\r\n", "\n"], ids=["CRLF", "LF"])
@pytest.mark.parametrize("media", [b"", b"\r\n", b"--b0", b"a\r\n--b0und", b"\n\r\n-\r\n--b0undar"])
def test_a_multipart_body_keeps_bytes_that_look_like_its_boundary(
    bucket: Any, endpoint: str, newline: str, media: bytes
) -> None:
    n = newline
    head = (
        f'--b0undary{n}Content-Type: application/json{n}{n}{{"name": "edge"}}{n}'
        f"--b0undary{n}Content-Type: application/x-edge{n}{n}"
    )
    body = head.encode() + media + f"{n}--b0undary--{n}".encode()
    answer = requests.post(
        f"{endpoint}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart",
        data=iter([body[i : i + 3] for i in range(0, len(body), 3)]),
        headers={"Content-Type": 'multipart/related; boundary="b0undary"'},
        timeout=120,
    )
    assert answer.status_code == 200, answer.text
    blob = bucket.get_blob("edge")
    assert blob.download_as_bytes() == media
    assert blob.content_type == "application/x-edge"


def test_a_multipart_body_without_its_end_makes_no_object(bucket: Any, endpoint: str) -> None:
    body = b'--x\r\n\r\n{"name": "cut"}\r\n--x\r\n\r\nhalf of it'
    answer = requests.post(
        f"{endpoint}/upload/storage/v1/b/{bucket.name}/o?uploadType=multipart",
        data=body,
        headers={"Content-Type": "multipart/related; boundary=x"},
        timeout=120,
    )
    assert answer.status_code == 400
    assert bucket.get_blob("cut") is None


def test_compressed_bytes_are_kept_as_they_came(bucket: Any) -> None:
    packed = gzip.compress(b"0123456789" * 1000)
    blob = bucket.blob("log.gz")
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed, content_type="text/plain")
    seen = bucket.get_blob("log.gz")
    assert seen.size == len(packed)
    assert seen.download_as_bytes(raw_download=True) == packed
    assert seen.download_as_bytes() == b"0123456789" * 1000


def test_a_reader_who_takes_no_gzip_is_given_plain_bytes(bucket: Any, endpoint: str) -> None:
    plain = b"0123456789" * 100_000
    blob = bucket.blob("log.gz")
    blob.content_encoding = "gzip"
    blob.upload_from_string(gzip.compress(plain), content_type="text/plain")
    url = f"{endpoint}/storage/v1/b/{bucket.name}/o/{quote('log.gz')}?alt=media"
    answer = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=120)
    assert answer.content == plain
    assert "Content-Encoding" not in answer.headers


def test_what_is_not_metadata_is_refused(bucket: Any, endpoint: str) -> None:
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


def test_errors_have_the_shape_that_clients_parse(client: Client, bucket: Any) -> None:
    with pytest.raises(NotFound) as caught:
        bucket.blob("nowhere").reload()
    assert caught.value.errors[0]["reason"] == "notFound"
    assert f"No such object: {bucket.name}/nowhere" in caught.value.message
    with pytest.raises(NotFound):
        client.bucket("no-such-bucket-at-all").blob("x").upload_from_string(b"x")
    with pytest.raises(BadRequest):
        client.create_bucket("Not A Name")
