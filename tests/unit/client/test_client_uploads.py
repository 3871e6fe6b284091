"""Uploads of the client to Cloud Storage: in one request, and in resumable sessions."""

from __future__ import annotations

import base64
import random
from pathlib import Path

import google_crc32c
import httpx
import pytest

from moodreel import TransferFailed
from moodreel.operations import uploads
from shared.flows.documents import job_path
from tests.fixtures.client_service import (
    API_HOST,
    ClientService,
    Fault,
    lose_request,
    lose_response,
    respond,
)

CONTENT = b"\0\0\0\x18ftypmp42" + random.Random(1).randbytes(900_000)
CHUNK_BYTES = 256 << 10


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clip is uploaded in four chunks."""
    monkeypatch.setattr(uploads, "CHUNK_BYTES", CHUNK_BYTES)


def is_storage(request: httpx.Request) -> bool:
    return request.url.host != API_HOST


def is_chunk(request: httpx.Request) -> bool:
    return "bytes 262144-" in request.headers.get("Content-Range", "")


def test_small_file_is_uploaded_in_one_request_with_its_checksum(
    service: ClientService, clip: Path
) -> None:
    moved: list[tuple[str, int, int]] = []
    with service.client() as client:
        job = client.run("frames", clip, on_transfer=lambda *event: moved.append(event))

    assert service.read_upload(job.id, "video.0") == CONTENT
    assert len(service.network.storage_requests("PUT")) == 1
    document, _ = service.app.store.documents[job_path(job.id)]
    checksum = int(google_crc32c.value(CONTENT)).to_bytes(4, "big")
    (job_input,) = document["inputs"]
    assert job_input["crc32c"] == base64.b64encode(checksum).decode()
    assert job_input["content_type"] == "video/mp4"
    counts = [done for _, done, _ in moved]
    assert counts == sorted(counts)
    assert {(name, total) for name, _, total in moved} == {("clip.mp4", len(CONTENT))}
    assert counts[-1] == len(CONTENT)


@pytest.mark.usefixtures("small_chunks")
def test_large_file_is_uploaded_in_chunks(service: ClientService, clip: Path) -> None:
    counts: list[int] = []
    with service.client() as client:
        job = client.run(
            "frames", clip, on_transfer=lambda _name, done, _total: counts.append(done)
        )

    assert service.read_upload(job.id, "video.0") == CONTENT
    assert len(service.network.storage_requests("PUT")) == 4
    assert counts == sorted(counts)
    assert counts[-1] == len(CONTENT)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    "faults",
    [
        [lose_request],
        [lose_response],
        [respond(503), lose_request],
        [respond(429, Retry_After="0")],
        [respond(410)],
    ],
    ids=["request lost", "response lost", "twice", "limited", "session expired"],
)
def test_interrupted_session_is_continued(
    service: ClientService, clip: Path, faults: list[Fault]
) -> None:
    service.network.matches, service.network.faults = is_chunk, faults
    with service.client() as client:
        job = client.run("frames", clip)

    assert not service.network.faults
    assert service.read_upload(job.id, "video.0") == CONTENT


@pytest.mark.usefixtures("small_chunks")
def test_lost_response_of_a_chunk_sends_no_byte_twice(service: ClientService, clip: Path) -> None:
    service.network.matches, service.network.faults = is_chunk, [lose_response]
    with service.client() as client:
        client.run("frames", clip)

    ranges = [
        request.headers["Content-Range"] for request in service.network.storage_requests("PUT")
    ]
    assert ranges[1:4] == [
        f"bytes 262144-524287/{len(CONTENT)}",
        f"bytes */{len(CONTENT)}",
        f"bytes 524288-786431/{len(CONTENT)}",
    ]


@pytest.mark.parametrize("fault", [lose_response, respond(400, b"ExpiredToken"), respond(503)])
def test_failed_upload_in_one_request_is_repeated(
    service: ClientService, clip: Path, fault: Fault
) -> None:
    service.network.matches, service.network.faults = is_storage, [fault]
    with service.client() as client:
        job = client.run("frames", clip)

    assert service.read_upload(job.id, "video.0") == CONTENT


@pytest.mark.parametrize("chunk_bytes", [CHUNK_BYTES, 1 << 20])
def test_upload_after_an_interruption_continues_the_job(
    service: ClientService, clip: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
) -> None:
    monkeypatch.setattr(uploads, "CHUNK_BYTES", chunk_bytes)
    monkeypatch.setattr(uploads, "RETRY_S", 0)
    service.network.matches, service.network.faults = is_storage, [lose_request]
    with service.client() as client:
        with pytest.raises(TransferFailed, match=r"clip\.mp4"):
            client.run("frames", clip)
        (waiting,) = client.jobs(status="awaiting_upload")

        job = client.job(waiting.id)
        job.upload("video", clip)
        job.upload("video", clip)  # was uploaded already

    assert service.read_upload(job.id, "video.0") == CONTENT


def test_refused_upload_is_an_error_with_the_reason(service: ClientService, clip: Path) -> None:
    service.network.matches, service.network.faults = (
        is_storage,
        [respond(411, b"<Code>Odd</Code>")],
    )

    with service.client() as client, pytest.raises(TransferFailed, match=r"411.*Odd"):
        client.run("frames", clip)
