"""Reading objects: ranges, generations, interrupted and slow downloads."""

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
    """The URL of one object, on the JSON API and signed."""
    blob = bucket.blob("r")
    blob.upload_from_string(BODY, content_type="video/mp4")
    if request.param == "json":
        return f"{endpoint}/storage/v1/b/{bucket.name}/o/r?alt=media"
    signed: str = blob.generate_signed_url(
        version="v4", expiration=timedelta(minutes=5), credentials=credentials
    )
    return signed


@pytest.mark.parametrize(
    ("requested", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=100-", 100, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        (f"bytes=-{SIZE * 2}", 0, SIZE - 1),
        (f"bytes={SIZE - 1}-{SIZE * 9}", SIZE - 1, SIZE - 1),
    ],
)
def test_range_returns_exactly_these_bytes(url: str, requested: str, first: int, last: int) -> None:
    response = requests.get(url, headers={"Range": requested}, timeout=120)
    assert response.status_code == 206
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response.headers["Content-Length"] == str(last - first + 1)
    assert response.content == BODY[first : last + 1]


@pytest.mark.parametrize(
    "requested", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0"]
)
def test_range_past_the_end_is_refused(url: str, requested: str) -> None:
    response = requests.get(url, headers={"Range": requested}, timeout=120)
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("requested", ["bytes=9-5", "lines=1-2", "bytes=", "bytes=a-b"])
def test_invalid_range_returns_the_whole_object(url: str, requested: str) -> None:
    response = requests.get(url, headers={"Range": requested}, timeout=120)
    assert (response.status_code, response.content) == (200, BODY)


def test_response_headers_have_hashes_and_generation(bucket: Any, url: str) -> None:
    blob = bucket.get_blob("r")
    response = requests.get(url, timeout=120)
    assert f"crc32c={blob.crc32c}" in response.headers["x-goog-hash"]
    assert f"md5={blob.md5_hash}" in response.headers["x-goog-hash"]
    assert response.headers["x-goog-generation"] == str(blob.generation)
    assert response.headers["x-goog-stored-content-length"] == str(SIZE)


def test_client_reads_ranges_and_streams(bucket: Any) -> None:
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


def test_empty_object_can_be_read(bucket: Any, endpoint: str) -> None:
    bucket.blob("e").upload_from_string(b"")
    assert bucket.blob("e").download_as_bytes() == b""
    url = f"{endpoint}/storage/v1/b/{bucket.name}/o/e?alt=media"
    assert requests.get(url, headers={"Range": "bytes=0-"}, timeout=120).status_code == 416
    with bucket.blob("e").open("rb") as stream:
        assert stream.read() == b""


def test_download_finishes_after_the_object_is_overwritten_and_deleted(
    bucket: Any, endpoint: str
) -> None:
    body = os.urandom(24 << 20)
    bucket.blob("s").upload_from_string(body)
    url = f"{endpoint}/storage/v1/b/{bucket.name}/o/s?alt=media"
    with requests.get(url, stream=True, timeout=120) as response:
        chunks = response.iter_content(1 << 20)
        content = next(chunks)
        bucket.blob("s").upload_from_string(b"new")
        bucket.blob("s").delete()
        content += b"".join(chunks)
    assert content == body


def test_pinned_generation_is_not_found_after_an_overwrite(bucket: Any) -> None:
    bucket.blob("p").upload_from_string(b"one")
    pinned = bucket.blob("p", generation=bucket.get_blob("p").generation)
    assert pinned.download_as_bytes() == b"one"
    bucket.blob("p").upload_from_string(b"two")
    with pytest.raises(NotFound):
        pinned.download_as_bytes()


def test_client_resumes_an_interrupted_download(bucket: Any, gcs: GcsEmulator) -> None:
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


def test_stats_count_bytes_written_and_read(bucket: Any, gcs: GcsEmulator) -> None:
    bucket.blob("counted").upload_from_string(BODY)
    bucket.blob("counted").download_as_bytes(start=0, end=99)
    stats = requests.get(f"{gcs.endpoint}/_stats", timeout=120).json()
    assert stats["buckets"][bucket.name]["bytes_in"] == SIZE
    assert stats["objects"][f"{bucket.name}/counted"]["bytes_out"] == 100
