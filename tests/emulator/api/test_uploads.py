"""Uploads: new URLs, resumable uploads, finalize, replaced files."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import google_crc32c
import pytest
import requests

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.pipeline import Bucket
from shared.runtime.services import Services
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, create_failed_job

pytestmark = pytest.mark.suite

CHUNK_BYTES = 256 * 1024


@pytest.fixture(scope="module")
def clip() -> Path:
    return CLIP_SPECS["cfr30"].encode().path


@pytest.fixture(scope="module")
def client(suite: SuiteHandle) -> Client:
    return suite.client()


def file_fields(path: Path) -> dict[str, Any]:
    return {
        "filename": path.name,
        "content_type": "video/mp4",
        "size_bytes": path.stat().st_size,
    }


def create_job(client: Client, path: Path) -> str:
    job_id: str = client.create_job("frames", {"video": file_fields(path)})["job"]["id"]
    return job_id


def request_upload(client: Client, job_id: str, **body: Any) -> dict[str, Any]:
    upload: dict[str, Any] = client.call("POST", f"/v1/jobs/{job_id}/uploads/video", body)
    return upload


def finalize(client: Client, job_id: str, **expected: Any) -> tuple[int, dict[str, Any]]:
    response = client.send("POST", f"/v1/jobs/{job_id}/uploads/video/finalize", expected)
    return response.status, response.json()


def crc32c(data: bytes) -> str:
    return base64.b64encode(int(google_crc32c.value(data)).to_bytes(4, "big")).decode()


def test_new_upload_url_accepts_the_declared_file(
    suite: SuiteHandle, client: Client, clip: Path
) -> None:
    job_id = create_job(client, clip)
    upload = request_upload(client, job_id)
    client.upload(upload, clip, lambda _: None)

    assert upload["method"] == "PUT"
    assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_resumable_upload_in_chunks(suite: SuiteHandle, client: Client, clip: Path) -> None:
    job_id, data = create_job(client, clip), clip.read_bytes()
    upload = request_upload(client, job_id, resumable=True)
    session_response = requests.request(
        upload["method"], upload["url"], headers=upload["headers"], timeout=120
    )
    session_url = session_response.headers["Location"]
    for start in range(0, len(data), CHUNK_BYTES):
        chunk = data[start : start + CHUNK_BYTES]
        headers = {"Content-Range": f"bytes {start}-{start + len(chunk) - 1}/{len(data)}"}
        response = requests.put(session_url, data=chunk, headers=headers, timeout=120)
        assert response.status_code == (200 if start + len(chunk) == len(data) else 308)

    assert upload["method"] == "POST"
    assert finalize(client, job_id, crc32c=crc32c(data))[0] == 200
    assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_upload_with_a_wrong_checksum_is_replaced(
    suite: SuiteHandle, client: Client, clip: Path
) -> None:
    data = clip.read_bytes()
    declared = {**file_fields(clip), "crc32c": crc32c(data)}
    job_id = client.create_job("frames", {"video": declared})["job"]["id"]
    missing = finalize(client, job_id)
    damaged = request_upload(client, job_id)
    requests.put(damaged["url"], data[:-1], headers=damaged["headers"], timeout=120)
    job = suite.wait_for_job(client, job_id)

    assert (missing[0], missing[1]["code"]) == (409, "upload-missing")
    assert (job["status"], job["error"]["code"]) == ("failed", "upload-differs")
    upload_request = request_upload(client, job_id)
    assert client.call("POST", f"/v1/jobs/{job_id}/redrive")["status"] == "awaiting_upload"
    client.upload(upload_request, clip, lambda _: None)
    status, upload = finalize(client, job_id, size_bytes=len(data), crc32c=crc32c(data))
    assert (status, upload["name"], upload["size_bytes"], upload["crc32c"]) == (
        200,
        "video",
        len(data),
        crc32c(data),
    )
    assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_finalize_starts_a_job_whose_event_was_lost(
    suite: SuiteHandle, services: Services, client: Client, clip: Path
) -> None:
    job_id = create_job(client, clip)
    document = firestore.read_document(suite, f"jobs/{job_id}")
    assert document is not None
    # The event of an upload that the job did not declare is dropped, so no event starts the job.
    name = f"jobs/{job_id}/video.1"
    acknowledged = suite.read_delivery_counts()["upload_trigger"]["acknowledged"]
    with services.objects.create(Bucket.UPLOADS, name, content_type="video/mp4", spec="") as out:
        out.write(clip.read_bytes())
    wait_until(
        lambda: suite.read_delivery_counts()["upload_trigger"]["acknowledged"] > acknowledged,
        "the event",
    )
    declared_input = {**document["inputs"][0], "object": name, "upload": 1}
    firestore.update_document(suite, f"jobs/{job_id}", {"inputs": [declared_input]})
    assert client.get_job(job_id)["status"] == "awaiting_upload"

    assert finalize(client, job_id)[0] == 200
    assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_uploaded_file_cannot_be_uploaded_again(
    suite: SuiteHandle, client: Client, clip: Path
) -> None:
    job_id = create_job(client, clip)
    client.upload(request_upload(client, job_id), clip, lambda _: None)
    response = client.send("POST", f"/v1/jobs/{job_id}/uploads/video", {})

    assert (response.status, response.json()["code"]) == (409, "wrong-state")
    suite.wait_for_job(client, job_id)
    assert client.send("POST", f"/v1/jobs/{job_id}/uploads/video", {}).status == 409


def test_declared_file_can_be_replaced(suite: SuiteHandle, client: Client, clip: Path) -> None:
    job_id = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    upload = request_upload(client, job_id, file=file_fields(clip))
    client.upload(upload, clip, lambda _: None)

    assert suite.wait_for_job(client, job_id)["status"] == "done"
    document = firestore.read_document(suite, f"jobs/{job_id}")
    assert document is not None
    assert (document["inputs"][0]["upload"], document["inputs"][0]["filename"]) == (1, clip.name)


def test_content_type_of_another_file_is_only_a_hint(client: Client, clip: Path) -> None:
    job_id = create_job(client, clip)
    file = {**file_fields(clip), "content_type": "image/png"}
    response = client.send("POST", f"/v1/jobs/{job_id}/uploads/video", {"file": file})

    assert response.status == 200
    assert response.json()["headers"]["Content-Type"] == "image/png"
    assert client.send("POST", f"/v1/jobs/{job_id}/uploads/sound", {}).status == 404


def test_failed_upload_is_replaced_and_the_job_redriven(
    suite: SuiteHandle, client: Client, clip: Path, tmp_path: Path
) -> None:
    job_id = create_failed_job(suite, client, tmp_path)
    upload = request_upload(client, job_id, file=file_fields(clip))
    assert client.call("POST", f"/v1/jobs/{job_id}/redrive")["status"] == "awaiting_upload"
    client.upload(upload, clip, lambda _: None)

    assert suite.wait_for_job(client, job_id)["status"] == "done"
