"""Jobs over earlier uploads, and idempotency keys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.client.api_client import Client
from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle
from infra.local.suite.layout import PROJECT
from shared.pipeline import STALLED_S
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, call_api

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def clip() -> Path:
    return CLIP_SPECS["cfr30"].encode().path


@pytest.fixture(scope="module")
def client(suite: SuiteHandle) -> Client:
    return suite.client()


@pytest.fixture(scope="module")
def done_job_id(suite: SuiteHandle, client: Client, clip: Path) -> str:
    """The id of a job that is done."""
    job_id = suite.start_job(client, "frames", clip)
    assert suite.wait_for_job(client, job_id)["status"] == "done"
    return job_id


def create_job(client: Client, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"recipe": "frames", **fields}
    created: dict[str, Any] = client.call("POST", "/v1/jobs", body)
    return created


def refused_field(client: Client, **fields: Any) -> tuple[int, str]:
    """Returns the status and the field of the first error."""
    response = client.send("POST", "/v1/jobs", {"recipe": "frames", **fields})
    return response.status, response.json()["errors"][0]["field"]


def test_new_job_copies_the_upload_of_a_deleted_job(
    suite: SuiteHandle, client: Client, clip: Path
) -> None:
    older = suite.start_job(client, "frames", clip, title="Holiday")
    suite.wait_for_job(client, older)

    created = create_job(client, **{"from": older}, options={"every": "2"})
    client.call("DELETE", f"/v1/jobs/{older}")
    job = suite.wait_for_job(client, created["job"]["id"])

    assert created["uploads"] == {}
    assert (job["status"], job["title"]) == ("done", clip.name)
    document = firestore.read_document(suite, f"jobs/{job['id']}")
    assert document is not None
    [copy] = document["inputs"]
    assert copy["source"].startswith(f"jobs/{older}/video.0#")
    assert copy["size_bytes"] == clip.stat().st_size


def test_latest_upload_is_used_and_pinned(
    suite: SuiteHandle, client: Client, done_job_id: str
) -> None:
    # This job is newer, but has no upload.
    create_job(client, inputs=JOB_REQUEST["inputs"])

    created = create_job(client, inputs={"video": "latest"})

    document = firestore.read_document(suite, f"jobs/{created['job']['id']}")
    assert document is not None
    assert document["inputs"][0]["source"].partition("#")[0].endswith("/video.0")
    assert suite.wait_for_job(client, created["job"]["id"])["status"] == "done"


def test_missing_upload_cannot_be_reused(
    suite: SuiteHandle, client: Client, done_job_id: str
) -> None:
    empty = create_job(client, inputs=JOB_REQUEST["inputs"])["job"]["id"]
    other_client = suite.client()

    assert refused_field(client, **{"from": empty}) == (422, "from")
    assert refused_field(client, **{"from": "0" * 20}) == (422, "from")
    assert refused_field(other_client, **{"from": done_job_id}) == (422, "from")
    assert refused_field(other_client, inputs={"video": "latest"}) == (422, "inputs.video")
    assert refused_field(client, recipe="still", **{"from": done_job_id}) == (422, "inputs.picture")
    assert refused_field(
        client, recipe="still", inputs={"picture": "latest", "sound": "latest"}
    ) == (
        422,
        "inputs.picture",
    )


@pytest.mark.parametrize("healed_by", ["finalize", "sweeper"])
def test_interrupted_copy_is_completed(
    suite: SuiteHandle, client: Client, done_job_id: str, healed_by: str
) -> None:
    job_id = create_job(client, inputs=JOB_REQUEST["inputs"])["job"]["id"]
    older = firestore.read_document(suite, f"jobs/{done_job_id}")
    assert older is not None
    # The state after a crash between the write of the job's document and the copy.
    source = _source_reference(suite, older["inputs"][0]["object"])
    _set_copied_input(suite, job_id, source, older["inputs"][0]["size_bytes"])

    if healed_by == "finalize":
        client.call("POST", f"/v1/jobs/{job_id}/uploads/video/finalize", {})
    else:
        past = datetime.now(UTC) - timedelta(seconds=STALLED_S + 1)
        firestore.update_document(
            suite, f"jobs/{job_id}/units/upload_trigger-0-video", {"next_check_at": past}
        )
        suite.trigger_schedule("sweeper")

    assert suite.wait_for_job(client, job_id)["status"] == "done"


def test_parallel_requests_with_one_key_create_one_job(suite: SuiteHandle, client: Client) -> None:
    token = client.user.token
    before = len(client.call("GET", "/v1/jobs?limit=100")["jobs"])

    def create(_: int) -> Any:
        return call_api(
            suite, "POST", "/v1/jobs", token, JOB_REQUEST, Idempotency_Key="ten-at-once"
        )

    with ThreadPoolExecutor(10) as pool:
        responses = list(pool.map(create, range(10)))

    assert {response.status for response in responses} == {201}
    assert len({response.body for response in responses}) == 1
    assert len({response.headers["Location"] for response in responses}) == 1
    assert sum("Idempotency-Replayed" in response.headers for response in responses) == 9
    assert len(client.call("GET", "/v1/jobs?limit=100")["jobs"]) == before + 1


def test_idempotency_key_is_valid_for_one_request_body(suite: SuiteHandle, client: Client) -> None:
    token = client.user.token
    changed_request = {**JOB_REQUEST, "title": "Another"}
    first, second = (
        call_api(suite, "POST", "/v1/jobs", token, body, Idempotency_Key="one-request")
        for body in (JOB_REQUEST, changed_request)
    )
    invalid_key = call_api(suite, "POST", "/v1/jobs", token, JOB_REQUEST, Idempotency_Key="a b")

    assert first.status == 201
    assert (second.status, second.json()["code"]) == (422, "idempotency-key-reused")
    assert (invalid_key.status, invalid_key.json()["errors"][0]["field"]) == (
        422,
        "Idempotency-Key",
    )


def test_idempotency_key_of_a_refused_request_can_be_reused(
    suite: SuiteHandle, client: Client
) -> None:
    token = client.user.token
    invalid_request = {**JOB_REQUEST, "options": {"every": "never"}}
    first, second = (
        call_api(suite, "POST", "/v1/jobs", token, body, Idempotency_Key="corrected")
        for body in (invalid_request, JOB_REQUEST)
    )

    assert (first.status, second.status) == (422, 201)


def _source_reference(suite: SuiteHandle, name: str) -> str:
    url = f"{suite.url('gcs')}/storage/v1/b/{PROJECT}-uploads/o/{name.replace('/', '%2F')}"
    return f"{name}#{request('GET', url).json()['generation']}"


def _set_copied_input(suite: SuiteHandle, job_id: str, source: str, size_bytes: int) -> None:
    copied_input = {
        "name": "video",
        "object": f"jobs/{job_id}/video.0",
        "content_type": "video/mp4",
        "size_bytes": size_bytes,
        "filename": "clip.mp4",
        "upload": 0,
        "source": source,
    }
    firestore.update_document(suite, f"jobs/{job_id}", {"inputs": [copied_input]})
