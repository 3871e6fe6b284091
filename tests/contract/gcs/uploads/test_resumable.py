"""Resumable uploads: chunks, offsets, broken connections, conditions."""

from __future__ import annotations

import io
import os
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from google.api_core.exceptions import BadRequest

from infra.local.suite.handle import wait_until
from tests.fixtures.gcs.resumable import GRANULARITY_BYTES, put_chunk, start_upload
from tests.fixtures.gcs.server import GcsEmulator


def test_client_uploads_in_chunks(bucket: Any) -> None:
    body = os.urandom(5 * GRANULARITY_BYTES + 17)
    blob = bucket.blob("chunks", chunk_size=GRANULARITY_BYTES)
    blob.upload_from_file(io.BytesIO(body), content_type="video/mp4")
    assert bucket.blob("chunks").download_as_bytes() == body


def test_client_uploads_a_stream_of_unknown_length(bucket: Any) -> None:
    blob = bucket.blob("stream", chunk_size=GRANULARITY_BYTES)
    with blob.open("wb", ignore_flush=True) as out:
        for _ in range(10):
            out.write(b"z" * 100_000)
    assert bucket.get_blob("stream").size == 1_000_000
    with bucket.blob("nothing", chunk_size=GRANULARITY_BYTES).open("wb") as out:
        pass
    assert bucket.get_blob("nothing").size == 0


def test_chunks_and_status_queries_return_the_stored_range(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    probe = put_chunk(url, b"", "bytes */*")
    assert (probe.status_code, "Range" in probe.headers) == (308, False)
    first = put_chunk(url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/*")
    assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{GRANULARITY_BYTES - 1}")
    probe = put_chunk(url, b"", f"bytes */{GRANULARITY_BYTES + 3}")
    assert (probe.status_code, probe.headers["Range"]) == (308, f"bytes=0-{GRANULARITY_BYTES - 1}")
    last = put_chunk(
        url, b"end", f"bytes {GRANULARITY_BYTES}-{GRANULARITY_BYTES + 2}/{GRANULARITY_BYTES + 3}"
    )
    assert last.status_code == 200
    assert last.json()["size"] == str(GRANULARITY_BYTES + 3)
    assert bucket.get_blob("big").content_type == "video/mp4"


def test_object_is_visible_after_the_last_byte(bucket: Any, endpoint: str) -> None:
    bucket.blob("big").upload_from_string(b"before")
    url = start_upload(bucket, endpoint)
    put_chunk(url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/*")
    assert bucket.blob("big").download_as_bytes() == b"before"
    assert [b.size for b in bucket.list_blobs()] == [6]


def test_broken_connection_keeps_complete_blocks_of_256_kib(bucket: Any, endpoint: str) -> None:
    body = os.urandom(4 * GRANULARITY_BYTES)
    url = start_upload(bucket, endpoint)
    target = urlsplit(url)
    head = (
        f"PUT {target.path}?{target.query} HTTP/1.1\r\nHost: {target.netloc}\r\n"
        f"Content-Length: {len(body)}\r\nContent-Range: bytes 0-{len(body) - 1}/{len(body)}\r\n\r\n"
    )
    with socket.create_connection((target.hostname, target.port), timeout=120) as connection:
        connection.sendall(head.encode() + body[: 2 * GRANULARITY_BYTES + 1000])
    kept = (308, f"bytes=0-{2 * GRANULARITY_BYTES - 1}")

    def probe() -> tuple[int, str | None]:
        response = put_chunk(url, b"", f"bytes */{len(body)}")
        return response.status_code, response.headers.get("Range")

    # The server may still be reading what the closed connection has sent.
    wait_until(lambda: probe() == kept, f"the complete blocks, {kept}")
    rest = body[2 * GRANULARITY_BYTES :]
    last = put_chunk(url, rest, f"bytes {2 * GRANULARITY_BYTES}-{len(body) - 1}/{len(body)}")
    assert last.status_code == 200
    assert bucket.blob("big").download_as_bytes() == body


def test_client_resumes_after_broken_connections(bucket: Any, gcs: GcsEmulator) -> None:
    body = os.urandom(6 * GRANULARITY_BYTES)
    path = f"^/upload/storage/v1/b/{bucket.name}/"
    gcs.add_fault(
        {
            "match": {"method": "PUT", "path_regex": path, "nth": 3},
            "action": {"cut_request_after_bytes": 1000},
        }
    )
    gcs.add_fault(
        {
            "match": {"method": "PUT", "path_regex": path, "nth": 5},
            "action": {"lose_response": True},
        }
    )
    blob = bucket.blob("survivor", chunk_size=GRANULARITY_BYTES)
    blob.upload_from_file(io.BytesIO(body), if_generation_match=0)
    assert [rule["fired_count"] for rule in gcs.clear_faults()] == [1, 1]
    assert bucket.blob("survivor").download_as_bytes() == body


def test_wrong_offset_is_refused_and_the_session_continues(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    put_chunk(
        url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/{2 * GRANULARITY_BYTES}"
    )
    gap = put_chunk(
        url,
        b"b" * 100,
        f"bytes {2 * GRANULARITY_BYTES - 100}-{2 * GRANULARITY_BYTES - 1}/{2 * GRANULARITY_BYTES}",
    )
    assert gap.status_code == 503
    assert "exceeds already uploaded size" in gap.text
    right = put_chunk(
        url,
        b"b" * GRANULARITY_BYTES,
        f"bytes {GRANULARITY_BYTES}-{2 * GRANULARITY_BYTES - 1}/{2 * GRANULARITY_BYTES}",
    )
    assert right.status_code == 200
    assert (
        bucket.blob("big").download_as_bytes()
        == b"a" * GRANULARITY_BYTES + b"b" * GRANULARITY_BYTES
    )


def test_overlapping_chunk_is_stored_once(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    put_chunk(url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/*")
    overlap = b"X" * GRANULARITY_BYTES + b"tail"
    last = put_chunk(url, overlap, f"bytes 0-{GRANULARITY_BYTES + 3}/{GRANULARITY_BYTES + 4}")
    assert last.status_code == 200
    assert bucket.blob("big").download_as_bytes() == b"a" * GRANULARITY_BYTES + b"tail"


def test_acknowledged_range_is_a_multiple_of_256_kib(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    odd = put_chunk(url, b"a" * (GRANULARITY_BYTES + 5), f"bytes 0-{GRANULARITY_BYTES + 4}/*")
    assert (odd.status_code, odd.headers["Range"]) == (308, f"bytes=0-{GRANULARITY_BYTES - 1}")


def test_status_query_after_the_last_chunk_returns_the_object(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    done = put_chunk(url, b"all of it", "bytes 0-8/9")
    repeated = put_chunk(url, b"", "bytes */9")
    assert (done.status_code, repeated.status_code) == (200, 200)
    assert repeated.json()["generation"] == done.json()["generation"]


def test_upload_in_one_request_needs_no_content_range(bucket: Any, endpoint: str) -> None:
    assert put_chunk(start_upload(bucket, endpoint), b"whole").status_code == 200
    assert bucket.blob("big").download_as_bytes() == b"whole"


@pytest.mark.parametrize(
    "content_range",
    [
        "bytes 5-2/10",
        "bytes 0-9/5",
        "bytes x-y/z",
        "items 0-1/2",
        "bytes 0-1",
        "bytes 0-8/9, 1-2/9",
    ],
)
def test_invalid_content_range_is_refused(bucket: Any, endpoint: str, content_range: str) -> None:
    assert put_chunk(start_upload(bucket, endpoint), b"123456789", content_range).status_code == 400


def test_body_length_must_match_the_content_range(bucket: Any, endpoint: str) -> None:
    for body in (b"12345", b"x" * 20):
        response = put_chunk(start_upload(bucket, endpoint), body, "bytes 0-9/10")
        chunked = put_chunk(start_upload(bucket, endpoint), iter([body]), "bytes 0-9/10")
        assert (response.status_code, chunked.status_code) == (400, 400)
    assert bucket.get_blob("big") is None


def test_checksum_in_the_last_chunk_covers_the_whole_object(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    put_chunk(url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/*")
    headers = {
        "Content-Range": f"bytes {GRANULARITY_BYTES}-{GRANULARITY_BYTES}/{GRANULARITY_BYTES + 1}",
        "x-goog-hash": "crc32c=AAAAAA==",
    }
    assert requests.put(url, data=b"b", headers=headers, timeout=120).status_code == 400
    assert bucket.get_blob("big") is None


def test_checksum_that_is_declared_at_the_start_is_checked_at_the_end(bucket: Any) -> None:
    """The client also sends the right checksum with the last chunk: both must match."""
    body = io.BytesIO(b"a" * GRANULARITY_BYTES + b"b")
    with pytest.raises(BadRequest):
        bucket.blob("big", chunk_size=GRANULARITY_BYTES).upload_from_file(
            body, checksum="crc32c", crc32c_checksum_value="AAAAAA=="
        )
    assert bucket.get_blob("big") is None


def test_conditions_are_checked_at_the_start_and_at_the_end(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint, ifGenerationMatch="0")
    bucket.blob("big").upload_from_string(b"faster")
    assert put_chunk(url, b"slower", "bytes 0-5/6").status_code == 412
    assert bucket.blob("big").download_as_bytes() == b"faster"
    late = requests.post(
        f"{endpoint}/upload/storage/v1/b/{bucket.name}/o",
        params={"uploadType": "resumable", "name": "big", "ifGenerationMatch": "0"},
        timeout=120,
    )
    assert late.status_code == 412


def test_cancelled_session_is_not_found(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    put_chunk(url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/*")
    assert requests.delete(url, timeout=120).status_code == 499
    assert put_chunk(url, b"", "bytes */*").status_code in (404, 410, 499)
    assert put_chunk(url + "x", b"", "bytes */*").status_code in (404, 410)


def test_status_308_is_sent_in_a_header_on_request(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    headers = {"Content-Range": "bytes */*", "X-GUploader-No-308": "yes"}
    response = requests.put(url, headers=headers, timeout=120)
    assert (response.status_code, response.headers["X-HTTP-Status-Code-Override"]) == (200, "308")
