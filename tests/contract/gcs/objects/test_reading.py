"""Reading: ranges, pinned generations, readers who are slow while others overwrite."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
import requests
from google.api_core.exceptions import NotFound, RequestRangeNotSatisfiable
from google.oauth2 import service_account

from tests.fixtures.gcs.server import GcsEmulator

BODY = bytes(range(256)) * 40
SIZE = len(BODY)


@pytest.fixture(params=["json", "signed"])
def url(
    request: pytest.FixtureRequest,
    bucket: Any,
    endpoint: str,
    credentials: service_account.Credentials,
) -> str:
    """Where the same object is read on the JSON API and by a signed link."""
    blob = bucket.blob("r")
    blob.upload_from_string(BODY, content_type="video/mp4")
    if request.param == "json":
        return f"{endpoint}/storage/v1/b/{bucket.name}/o/r?alt=media"
    signed: str = blob.generate_signed_url(
        version="v4", expiration=timedelta(minutes=5), credentials=credentials
    )
    return signed


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=100-", 100, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        (f"bytes={SIZE - 1}-{SIZE * 9}", SIZE - 1, SIZE - 1),
    ],
)
def test_a_range_gives_exactly_those_bytes(url: str, asked: str, first: int, last: int) -> None:
    answer = requests.get(url, headers={"Range": asked}, timeout=120)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.content == BODY[first : last + 1]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0"])
def test_a_range_past_the_end_is_refused(url: str, asked: str) -> None:
    answer = requests.get(url, headers={"Range": asked}, timeout=120)
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=9-5", "lines=1-2", "bytes=", "bytes=a-b"])
def test_a_range_that_is_none_gives_the_whole_object(url: str, asked: str) -> None:
    answer = requests.get(url, headers={"Range": asked}, timeout=120)
    assert (answer.status_code, answer.content) == (200, BODY)


def test_the_hashes_of_the_whole_object_come_with_it(bucket: Any, url: str) -> None:
    blob = bucket.get_blob("r")
    answer = requests.get(url, timeout=120)
    assert f"crc32c={blob.crc32c}" in answer.headers["x-goog-hash"]
    assert f"md5={blob.md5_hash}" in answer.headers["x-goog-hash"]
    assert answer.headers["x-goog-generation"] == str(blob.generation)
    assert answer.headers["x-goog-stored-content-length"] == str(SIZE)


def test_the_client_reads_ranges_and_streams(bucket: Any) -> None:
    blob = bucket.blob("c")
    blob.upload_from_string(BODY)
    assert blob.download_as_bytes(start=10, end=19) == BODY[10:20]
    with blob.open("rb", chunk_size=1000) as stream:
        stream.seek(5000)
        assert stream.read(100) == BODY[5000:5100]
        stream.seek(-7, os.SEEK_END)
        assert stream.read() == BODY[-7:]
    with pytest.raises(RequestRangeNotSatisfiable):
        blob.download_as_bytes(start=SIZE + 1)


def test_an_empty_object_reads_as_empty(bucket: Any, endpoint: str) -> None:
    bucket.blob("e").upload_from_string(b"")
    assert bucket.blob("e").download_as_bytes() == b""
    url = f"{endpoint}/storage/v1/b/{bucket.name}/o/e?alt=media"
    assert requests.get(url, headers={"Range": "bytes=0-"}, timeout=120).status_code == 416
    with bucket.blob("e").open("rb") as stream:
        assert stream.read() == b""


def test_a_slow_reader_ends_with_the_generation_he_began(bucket: Any, endpoint: str) -> None:
    body = os.urandom(24 << 20)
    bucket.blob("s").upload_from_string(body)
    url = f"{endpoint}/storage/v1/b/{bucket.name}/o/s?alt=media"
    with requests.get(url, stream=True, timeout=120) as answer:
        chunks = answer.iter_content(1 << 20)
        got = next(chunks)
        bucket.blob("s").upload_from_string(b"new")
        bucket.blob("s").delete()
        got += b"".join(chunks)
    assert got == body


def test_a_pinned_generation_never_turns_into_another(bucket: Any) -> None:
    bucket.blob("p").upload_from_string(b"one")
    pinned = bucket.blob("p", generation=bucket.get_blob("p").generation)
    assert pinned.download_as_bytes() == b"one"
    bucket.blob("p").upload_from_string(b"two")
    with pytest.raises(NotFound):
        pinned.download_as_bytes()


def test_a_cut_download_is_picked_up_where_it_broke(bucket: Any, gcs: GcsEmulator) -> None:
    body = os.urandom(3 << 20)
    bucket.blob("d").upload_from_string(body)
    gcs.add_fault(
        {
            "match": {"method": "GET", "path_regex": f"{bucket.name}/o/d"},
            "action": {"cut_after_bytes": 1_000_000},
            "count": 2,
        }
    )
    assert bucket.blob("d").download_as_bytes() == body
    assert gcs.clear_faults()[0]["fired_count"] == 2


def test_the_server_tells_how_much_of_an_object_was_read(bucket: Any, gcs: GcsEmulator) -> None:
    bucket.blob("counted").upload_from_string(BODY)
    bucket.blob("counted").download_as_bytes(start=0, end=99)
    stats = requests.get(f"{gcs.endpoint}/_stats", timeout=120).json()
    assert stats["buckets"][bucket.name]["bytes_in"] == SIZE
    assert stats["objects"][f"{bucket.name}/counted"]["bytes_out"] == 100
