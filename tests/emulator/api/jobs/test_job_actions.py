"""Cancelling, redriving and deleting jobs over the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.client.api_client import Client
from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.layout import PROJECT
from tests.emulator.api.jobs.job_requests import create_job, put
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import create_failed_job

pytestmark = pytest.mark.suite


def test_cancelled_job_stays_cancelled(suite: SuiteHandle, client: Client) -> None:
    created = create_job(client)
    path = f"/v1/jobs/{created['job']['id']}"

    first, second = (client.call("POST", f"{path}/cancel") for _ in range(2))
    put(created["uploads"]["video"], b"x" * 1000)

    assert first["status"] == second["status"] == "cancelled"
    assert client.send("POST", f"{path}/redrive").status == 409
    wait_until(
        lambda: client.get_job(created["job"]["id"])["stages"][-1]["state"] == "done", "the outcome"
    )
    assert client.get_job(created["job"]["id"])["status"] == "cancelled"


@pytest.mark.parametrize(
    ("action", "status"), [("redrive", "awaiting_upload"), ("redrive", "done"), ("cancel", "done")]
)
def test_action_in_the_wrong_state_is_a_conflict(
    client: Client, done_job_id: str, action: str, status: str
) -> None:
    job_id = done_job_id if status == "done" else create_job(client)["job"]["id"]

    response = client.send("POST", f"/v1/jobs/{job_id}/{action}")

    assert (response.status, response.json()["code"]) == (409, "wrong-state")
    assert status in response.json()["detail"]
    assert client.get_job(job_id)["status"] == status


def test_failed_job_has_an_error_and_can_be_redriven(
    suite: SuiteHandle, client: Client, tmp_path: Path
) -> None:
    job_id = create_failed_job(suite, client, tmp_path)
    job = client.get_job(job_id)

    assert job["error"]["code"] == "not-a-video"
    assert job["error"]["stage"] == "upload_trigger"
    assert job["error"]["message"].endswith(".")
    assert job["stages"][0]["error"] == job["error"]
    assert client.send("POST", f"/v1/jobs/{job_id}/cancel").status == 409

    redriven = client.call("POST", f"/v1/jobs/{job_id}/redrive")

    assert redriven["epoch"] == 1
    assert redriven["error"] is None
    assert suite.wait_for_job(client, job_id)["status"] == "failed"


def test_deleted_job_is_gone_for_its_owner(
    suite: SuiteHandle, client: Client, tmp_path: Path
) -> None:
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
    job = suite.wait_for_job(client, job_id)
    artifact = job["artifacts"][0]["url"]
    wait_until(
        lambda: firestore.find_documents(suite, "mails", "job", job_id), "the record of the e-mail"
    )

    response = client.send("DELETE", f"/v1/jobs/{job_id}")

    assert (response.status, response.body) == (204, b"")
    for method, path in [
        ("GET", f"/v1/jobs/{job_id}"),
        ("GET", artifact),
        ("GET", f"/v1/jobs/{job_id}/events"),
        ("POST", f"/v1/jobs/{job_id}/cancel"),
        ("POST", f"/v1/jobs/{job_id}/redrive"),
    ]:
        assert client.send(method, path).status == 404, (method, path)
    # The owner can repeat a deletion whose response was lost or that did not finish.
    assert client.send("DELETE", f"/v1/jobs/{job_id}").status == 204
    assert suite.client().send("DELETE", f"/v1/jobs/{job_id}").status == 404
    assert job_id not in {job["id"] for job in client.call("GET", "/v1/jobs")["jobs"]}
    for name in ("stages", "units", "events", "mails", "shares"):
        assert firestore.find_documents(suite, name, "job", job_id) == {}, name
    tombstone = firestore.read_document(suite, f"jobs/{job_id}")
    assert tombstone is not None
    assert client.user.email not in str(tombstone)
    assert list_objects(suite, job_id) == []


def list_objects(suite: SuiteHandle, job_id: str) -> list[str]:
    """Returns the names of the job's objects in all buckets."""
    names = []
    for bucket in ("uploads", "work", "outputs"):
        url = f"{suite.url('gcs')}/storage/v1/b/{PROJECT}-{bucket}/o?maxResults=1000"
        names += [item["name"] for item in request("GET", url).json().get("items", [])]
    return [name for name in names if job_id in name]
