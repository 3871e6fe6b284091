"""Resumable uploads: connections break, offsets are wrong, answers get lost."""

from __future__ import annotations

import io
import os
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from google.oauth2 import service_account

from tests.fixtures.gcs.server import GcsEmulator

GRANULARITY_BYTES = 256 * 1024


def start_upload(bucket: Any, endpoint: str, name: str = "big", **query: str) -> str:
    """Open a session on the JSON API; returns its URL."""
    answer = requests.post(
        f"{endpoint}/upload/storage/v1/b/{bucket.name}/o",
        params={"uploadType": "resumable", "name": name, **query},
        headers={"X-Upload-Content-Type": "video/mp4"},
        timeout=120,
    )
    assert answer.status_code == 200, answer.text
    return answer.headers["Location"]


def start_signed(
    bucket: Any, credentials: service_account.Credentials, **headers: str
) -> requests.Response:
    """Open a session by signed POST."""
    url = bucket.blob("big").generate_signed_url(
        version="v4",
        expiration=timedelta(minutes=5),
        method="RESUMABLE",
        credentials=credentials,
        headers=dict(headers),
    )
    return requests.post(url, headers={**headers, "x-goog-resumable": "start"}, timeout=120)


def put_chunk(
    url: str, data: bytes | Iterator[bytes], content_range: str | None = None
) -> requests.Response:
    """Send a chunk or a probe."""
    headers = {"Content-Range": content_range} if content_range else {}
    return requests.put(url, data=data, headers=headers, timeout=120)


def test_the_client_uploads_in_chunks_and_reads_the_same_back(bucket: Any) -> None:
    body = os.urandom(5 * GRANULARITY_BYTES + 17)
    blob = bucket.blob("chunks", chunk_size=GRANULARITY_BYTES)
    blob.upload_from_file(io.BytesIO(body), content_type="video/mp4")
    assert bucket.blob("chunks").download_as_bytes() == body


def test_a_stream_of_unknown_length_becomes_an_object(bucket: Any) -> None:
    blob = bucket.blob("stream", chunk_size=GRANULARITY_BYTES)
    with blob.open("wb", ignore_flush=True) as out:
        for _ in range(10):
            out.write(b"z" * 100_000)
    assert bucket.get_blob("stream").size == 1_000_000
    with bucket.blob("nothing", chunk_size=GRANULARITY_BYTES).open("wb") as out:
        pass
    assert bucket.get_blob("nothing").size == 0


def test_each_chunk_is_acknowledged_and_the_probe_repeats_it(bucket: Any, endpoint: str) -> None:
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


def test_nobody_sees_the_object_before_its_last_byte(bucket: Any, endpoint: str) -> None:
    bucket.blob("big").upload_from_string(b"before")
    url = start_upload(bucket, endpoint)
    put_chunk(url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/*")
    assert bucket.blob("big").download_as_bytes() == b"before"
    assert [b.size for b in bucket.list_blobs()] == [6]


def test_a_broken_connection_keeps_what_came_through_in_whole_grains(
    bucket: Any, endpoint: str
) -> None:
    body = os.urandom(4 * GRANULARITY_BYTES)
    url = start_upload(bucket, endpoint)
    target = urlsplit(url)
    head = (
        f"PUT {target.path}?{target.query} HTTP/1.1\r\nHost: {target.netloc}\r\n"
        f"Content-Length: {len(body)}\r\nContent-Range: bytes 0-{len(body) - 1}/{len(body)}\r\n\r\n"
    )
    with socket.create_connection((target.hostname, target.port), timeout=120) as line:
        line.sendall(head.encode() + body[: 2 * GRANULARITY_BYTES + 1000])
        time.sleep(0.2)
    for _ in range(100):
        probe = put_chunk(url, b"", f"bytes */{len(body)}")
        if "Range" in probe.headers:
            break
        time.sleep(0.05)
    assert (probe.status_code, probe.headers["Range"]) == (
        308,
        f"bytes=0-{2 * GRANULARITY_BYTES - 1}",
    )
    rest = body[2 * GRANULARITY_BYTES :]
    last = put_chunk(url, rest, f"bytes {2 * GRANULARITY_BYTES}-{len(body) - 1}/{len(body)}")
    assert last.status_code == 200
    assert bucket.blob("big").download_as_bytes() == body


def test_the_client_itself_gets_over_broken_connections(bucket: Any, gcs: GcsEmulator) -> None:
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


def test_a_wrong_offset_is_refused_and_the_session_lives_on(bucket: Any, endpoint: str) -> None:
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


def test_bytes_sent_twice_count_once(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    put_chunk(url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/*")
    overlap = b"X" * GRANULARITY_BYTES + b"tail"
    last = put_chunk(url, overlap, f"bytes 0-{GRANULARITY_BYTES + 3}/{GRANULARITY_BYTES + 4}")
    assert last.status_code == 200
    assert bucket.blob("big").download_as_bytes() == b"a" * GRANULARITY_BYTES + b"tail"


def test_a_chunk_that_is_no_multiple_of_a_grain_is_acknowledged_rounded_down(
    bucket: Any, endpoint: str
) -> None:
    url = start_upload(bucket, endpoint)
    odd = put_chunk(url, b"a" * (GRANULARITY_BYTES + 5), f"bytes 0-{GRANULARITY_BYTES + 4}/*")
    assert (odd.status_code, odd.headers["Range"]) == (308, f"bytes=0-{GRANULARITY_BYTES - 1}")


def test_a_lost_answer_can_be_asked_for_again(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    done = put_chunk(url, b"all of it", "bytes 0-8/9")
    again = put_chunk(url, b"", "bytes */9")
    assert (done.status_code, again.status_code) == (200, 200)
    assert again.json()["generation"] == done.json()["generation"]


def test_a_whole_body_needs_no_content_range(bucket: Any, endpoint: str) -> None:
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
def test_a_content_range_that_makes_no_sense_is_refused(
    bucket: Any, endpoint: str, content_range: str
) -> None:
    assert put_chunk(start_upload(bucket, endpoint), b"123456789", content_range).status_code == 400


def test_a_body_must_be_as_long_as_its_content_range_says(bucket: Any, endpoint: str) -> None:
    for body in (b"12345", b"x" * 20):
        answer = put_chunk(start_upload(bucket, endpoint), body, "bytes 0-9/10")
        chunked = put_chunk(start_upload(bucket, endpoint), iter([body]), "bytes 0-9/10")
        assert (answer.status_code, chunked.status_code) == (400, 400)
    assert bucket.get_blob("big") is None


def test_a_checksum_in_the_last_chunk_is_held_against_all_of_them(
    bucket: Any, endpoint: str
) -> None:
    url = start_upload(bucket, endpoint)
    put_chunk(url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/*")
    headers = {
        "Content-Range": f"bytes {GRANULARITY_BYTES}-{GRANULARITY_BYTES}/{GRANULARITY_BYTES + 1}",
        "x-goog-hash": "crc32c=AAAAAA==",
    }
    assert requests.put(url, data=b"b", headers=headers, timeout=120).status_code == 400
    assert bucket.get_blob("big") is None


def test_conditions_are_judged_at_the_start_and_again_at_the_end(
    bucket: Any, endpoint: str
) -> None:
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


def test_a_cancelled_session_is_gone(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    put_chunk(url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/*")
    assert requests.delete(url, timeout=120).status_code == 499
    assert put_chunk(url, b"", "bytes */*").status_code in (404, 410, 499)
    assert put_chunk(url + "x", b"", "bytes */*").status_code in (404, 410)


def test_a_signed_start_opens_a_session_that_needs_no_signature_after_it(
    bucket: Any, credentials: service_account.Credentials
) -> None:
    answer = start_signed(bucket, credentials, **{"Content-Type": "video/mp4"})
    assert answer.status_code == 201
    url = answer.headers["Location"]
    first = put_chunk(
        url, b"a" * GRANULARITY_BYTES, f"bytes 0-{GRANULARITY_BYTES - 1}/{GRANULARITY_BYTES + 1}"
    )
    assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{GRANULARITY_BYTES - 1}")
    last = put_chunk(
        url, b"b", f"bytes {GRANULARITY_BYTES}-{GRANULARITY_BYTES}/{GRANULARITY_BYTES + 1}"
    )
    assert last.status_code == 200
    assert last.headers["x-goog-stored-content-length"] == str(GRANULARITY_BYTES + 1)
    assert bucket.get_blob("big").content_type == "video/mp4"


def test_a_signed_session_obeys_the_signed_length_range(
    bucket: Any, credentials: service_account.Credentials
) -> None:
    bounds = {"x-goog-content-length-range": f"10,{GRANULARITY_BYTES}"}
    for total, status in ((9, 400), (GRANULARITY_BYTES + 1, 400), (10, 200)):
        url = start_signed(bucket, credentials, **bounds).headers["Location"]
        answer = put_chunk(url, b"x" * total, f"bytes 0-{total - 1}/{total}")
        assert answer.status_code == status
    url = start_signed(bucket, credentials, **bounds).headers["Location"]
    assert (
        put_chunk(
            url, b"x" * 2 * GRANULARITY_BYTES, f"bytes 0-{2 * GRANULARITY_BYTES - 1}/*"
        ).status_code
        == 400
    )
    assert bucket.get_blob("big").size == 10


def test_the_upload_id_is_the_only_key_to_a_session(
    bucket: Any, credentials: service_account.Credentials, endpoint: str
) -> None:
    guess = f"{endpoint}/{bucket.name}/big?upload_id=guess"
    assert put_chunk(guess, b"x", "bytes 0-0/1").status_code in (403, 404)
    assert bucket.get_blob("big") is None


def test_clients_to_whom_308_is_a_redirect_get_it_in_a_header(bucket: Any, endpoint: str) -> None:
    url = start_upload(bucket, endpoint)
    headers = {"Content-Range": "bytes */*", "X-GUploader-No-308": "yes"}
    answer = requests.put(url, headers=headers, timeout=120)
    assert (answer.status_code, answer.headers["X-HTTP-Status-Code-Override"]) == (200, "308")
