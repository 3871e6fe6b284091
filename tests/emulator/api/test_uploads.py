"""Uploads that are late, bad, cut in pieces or not told of."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import google_crc32c
import pytest
import requests

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.pipeline import Bucket
from shared.runtime.interpreter import Services
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, create_failed_job

pytestmark = pytest.mark.suite

PIECE_BYTES = 256 * 1024


@pytest.fixture(scope="module")
def clip() -> Path:
    return CLIP_SPECS["cfr30"].encode().path


@pytest.fixture(scope="module")
def client(suite: SuiteHandle) -> Client:
    return suite.client()


def described(path: Path) -> dict[str, Any]:
    return {
        "filename": path.name,
        "content_type": "video/mp4",
        "size_bytes": path.stat().st_size,
    }


def created(client: Client, path: Path) -> str:
    job_id: str = client.create_job("frames", {"video": described(path)})["job"]["id"]
    return job_id


def upload(client: Client, job_id: str, **wish: Any) -> dict[str, Any]:
    told: dict[str, Any] = client.call("POST", f"/v1/jobs/{job_id}/uploads/video", wish)
    return told


def finalize(client: Client, job_id: str, **check: Any) -> tuple[int, dict[str, Any]]:
    response = client.send("POST", f"/v1/jobs/{job_id}/uploads/video/finalize", check)
    return response.status, response.json()


def crc32c(data: bytes) -> str:
    return base64.b64encode(int(google_crc32c.value(data)).to_bytes(4, "big")).decode()


def test_a_fresh_url_takes_the_file_that_was_declared(
    suite: SuiteHandle, client: Client, clip: Path
) -> None:
    job_id = created(client, clip)
    fresh = upload(client, job_id)
    client.upload(fresh, clip, lambda _: None)

    assert fresh["method"] == "PUT"
    assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_a_large_file_is_sent_in_pieces(suite: SuiteHandle, client: Client, clip: Path) -> None:
    job_id, data = created(client, clip), clip.read_bytes()
    begin = upload(client, job_id, resumable=True)
    opened = requests.request(begin["method"], begin["url"], headers=begin["headers"], timeout=120)
    session = opened.headers["Location"]
    for start in range(0, len(data), PIECE_BYTES):
        piece = data[start : start + PIECE_BYTES]
        span = {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{len(data)}"}
        sent = requests.put(session, data=piece, headers=span, timeout=120)
        assert sent.status_code == (200 if start + len(piece) == len(data) else 308)

    assert begin["method"] == "POST"
    assert finalize(client, job_id, crc32c=crc32c(data))[0] == 200
    assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_what_arrived_is_compared_with_what_was_meant(client: Client, clip: Path) -> None:
    job_id, data = created(client, clip), clip.read_bytes()
    missing = finalize(client, job_id)
    client.upload(upload(client, job_id), clip, lambda _: None)

    assert (missing[0], missing[1]["code"]) == (409, "upload-missing")
    for check in ({"size_bytes": len(data) + 1}, {"crc32c": crc32c(b"something else")}):
        status, problem = finalize(client, job_id, **check)
        assert (status, problem["code"]) == (422, "upload-differs")
    status, told = finalize(client, job_id, size_bytes=len(data), crc32c=crc32c(data))
    assert (status, told["name"], told["size_bytes"], told["crc32c"]) == (
        200,
        "video",
        len(data),
        crc32c(data),
    )


def test_the_word_starts_a_job_whose_event_was_lost(
    suite: SuiteHandle, services: Services, client: Client, clip: Path
) -> None:
    job_id = created(client, clip)
    kept = firestore.read_document(suite, f"jobs/{job_id}")
    assert kept is not None
    # An event that comes before the job knows its upload is let go: nothing is left to announce it.
    name = f"jobs/{job_id}/video.1"
    acknowledged = suite.read_delivery_counts()["upload_trigger"]["acknowledged"]
    with services.objects.create(Bucket.UPLOADS, name, content_type="video/mp4", spec="") as out:
        out.write(clip.read_bytes())
    wait_until(
        lambda: suite.read_delivery_counts()["upload_trigger"]["acknowledged"] > acknowledged,
        "the event",
    )
    one = {**kept["inputs"][0], "object": name, "upload": 1}
    firestore.update_document(suite, f"jobs/{job_id}", {"inputs": [one]})
    assert client.get_job(job_id)["status"] == "awaiting_upload"

    assert finalize(client, job_id)[0] == 200
    assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_a_file_that_is_there_is_not_sent_again(
    suite: SuiteHandle, client: Client, clip: Path
) -> None:
    job_id = created(client, clip)
    client.upload(upload(client, job_id), clip, lambda _: None)
    response = client.send("POST", f"/v1/jobs/{job_id}/uploads/video", {})

    assert (response.status, response.json()["code"]) == (409, "wrong-state")
    suite.wait_for_job(client, job_id)
    assert client.send("POST", f"/v1/jobs/{job_id}/uploads/video", {}).status == 409


def test_another_file_takes_the_place_of_one_that_was_declared(
    suite: SuiteHandle, client: Client, clip: Path
) -> None:
    job_id = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    fresh = upload(client, job_id, file=described(clip))
    client.upload(fresh, clip, lambda _: None)

    assert suite.wait_for_job(client, job_id)["status"] == "done"
    kept = firestore.read_document(suite, f"jobs/{job_id}")
    assert kept is not None
    assert (kept["inputs"][0]["upload"], kept["inputs"][0]["filename"]) == (1, clip.name)


def test_a_file_of_another_kind_is_refused(client: Client, clip: Path) -> None:
    job_id = created(client, clip)
    file = {**described(clip), "content_type": "image/png"}
    response = client.send("POST", f"/v1/jobs/{job_id}/uploads/video", {"file": file})

    assert response.status == 422
    assert response.json()["errors"][0]["field"] == "file.content_type"
    assert client.send("POST", f"/v1/jobs/{job_id}/uploads/sound", {}).status == 404


def test_a_bad_upload_is_mended_by_a_good_one_and_a_redrive(
    suite: SuiteHandle, client: Client, clip: Path, tmp_path: Path
) -> None:
    job_id = create_failed_job(suite, client, tmp_path)
    fresh = upload(client, job_id, file=described(clip))
    assert client.call("POST", f"/v1/jobs/{job_id}/redrive")["status"] == "awaiting_upload"
    client.upload(fresh, clip, lambda _: None)

    assert suite.wait_for_job(client, job_id)["status"] == "done"
