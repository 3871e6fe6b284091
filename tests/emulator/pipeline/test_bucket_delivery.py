"""An input from a bucket of a user, and results that are delivered to it, over the running
suite."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from infra.local.suite.handle import SuiteHandle, wait_until
from tests.fakes.put_server import running_put_server
from tests.fixtures.media.tone_words import regular_words, render_words, write_media

pytestmark = pytest.mark.suite


@pytest.fixture
def user_storage(suite: SuiteHandle, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of the suite's Cloud Storage that acts as the user."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", suite.layout.url("gcs"))
    return Client(project="customer", credentials=AnonymousCredentials())


def test_input_comes_from_a_bucket_and_results_go_there(
    suite: SuiteHandle, user_storage: Client
) -> None:
    """A second job takes the same input and sends a result to a URL."""
    clip = write_media(render_words(regular_words(2), 2), 16_000, "mp4", "aac", video_s=2)
    bucket = user_storage.create_bucket(f"customer-{secrets.token_hex(6)}")
    bucket.blob("in/My clip.mp4").upload_from_string(clip)
    client = suite.client()
    registered = client.call("POST", "/v1/buckets", {"bucket": bucket.name})
    bucket.blob(registered["proof"]["object"]).upload_from_string(registered["proof"]["content"])
    verified = client.call("POST", f"/v1/buckets/{registered['id']}/verify")
    assert verified["state"] == "verified"
    body = {
        "recipe": "frames",
        "options": {"every": 1},
        "inputs": {"video": {"url": f"gs://{bucket.name}/in/My clip.mp4"}},
    }

    def create(deliver_to: dict[str, Any]) -> str:
        created = client.call("POST", "/v1/jobs", {**body, "deliver_to": deliver_to})
        return str(created["job"]["id"])

    def wait_for_delivery(job_id: str) -> None:
        job = suite.wait_for_job(client, job_id)
        assert job["status"] == "done", job["error"]
        ended = ("delivered", "failed")
        wait_until(
            lambda: client.get_job(job_id)["delivery"]["state"] in ended, "the end of the delivery"
        )

    first = create({"url": f"gs://{bucket.name}/out/"})
    with running_put_server() as puts:
        url = f"{puts.url}/manifest?signature=canary-4711"
        second = create({"urls": {"manifest.json": url}})
        wait_for_delivery(first)
        wait_for_delivery(second)

    job = client.get_job(first)
    assert job["delivery"]["error"] is None
    assert job["delivery"]["folder"] == f"gs://{bucket.name}/out/{first}/"
    delivered = {blob.name: blob.size for blob in user_storage.list_blobs(bucket, prefix="out/")}
    assert delivered == {
        f"out/{first}/{artifact['name']}": artifact["size_bytes"] for artifact in job["artifacts"]
    }
    manifest = bucket.blob(f"out/{first}/manifest.json").download_as_bytes()
    assert len(puts.requests) == 1
    assert manifest
    for service in ("api", "result_delivery", "notification"):
        assert "canary" not in suite.read_log(service)
