"""Jobs with inputs from buckets and with results that are delivered: creation and responses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.adapters.hpke import HpkeDecrypter
from shared.flows.documents import Update, job_path
from shared.jobs.fetches.fetch import Fetch, fetch_path
from shared.jobs.model import Job, Status
from shared.jobs.result_deliveries.delivery import DeliveredFile, ResultDelivery, delivery_path
from shared.tasks.task import TaskState
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.fakes.secret_keys import DELIVERY_KEYS
from tests.fakes.signing_objects import SigningObjects
from tests.fixtures.customer_buckets import CustomerBucket, use_customer_buckets
from tests.fixtures.gcs.server import GcsEmulator

FILE = {"filename": "a.mp4", "content_type": "video/mp4", "size_bytes": 9}
URL = "https://files.example.org/frames.zip?signature=secret"


@pytest.fixture
def harness(gcs: GcsEmulator, monkeypatch: pytest.MonkeyPatch) -> AppHarness:
    use_customer_buckets(gcs, monkeypatch, dict(SETTINGS.buckets))
    return AppHarness(
        ROUTES, objects=SigningObjects(), settings=replace(SETTINGS, jobs_per_minute=100)
    )


@pytest.fixture
def bucket(gcs: GcsEmulator, harness: AppHarness) -> CustomerBucket:
    """A bucket whose prefix films/ is bound to Alice."""
    bucket = CustomerBucket(gcs.client())
    bucket.bind(harness.store, "alice", "films/")
    bucket.put("films/My holiday.mp4", b"0123456789")
    return bucket


def create(harness: AppHarness, video: Any, **fields: Any) -> Any:
    return harness.request(
        "POST", "/v1/jobs", headers=ALICE_HEADERS, content_type="application/json",
        data=json.dumps({"recipe": "frames", "inputs": {"video": video}, **fields}),
    )  # fmt: skip


def errors_of(response: Any) -> dict[str, str]:
    assert response.status_code == 422, response.text
    return {error["field"]: error["message"] for error in response.json["errors"]}


def read_job(harness: AppHarness, job_id: str) -> Job:
    (doc,) = harness.store.read([job_path(job_id)])
    assert doc is not None
    return Job.from_doc(doc)


def test_input_is_the_version_that_is_there_now(
    harness: AppHarness, bucket: CustomerBucket
) -> None:
    generation = bucket.put("films/My holiday.mp4", b"0123456789")
    response = create(harness, {"url": f"gs://{bucket.name}/films/My holiday.mp4"})

    assert response.status_code == 201, response.text
    job = response.json["job"]
    assert (job["title"], response.json["uploads"]) == ("My holiday.mp4", {})
    [view] = job["fetches"]
    assert (view["host"], view["filename"]) == (bucket.name, "My holiday.mp4")
    [item] = read_job(harness, job["id"]).inputs
    assert (item.size_bytes, item.content_type) == (10, "video/mp4")
    assert item.crc32c
    (doc,) = harness.store.read([fetch_path(item.fetch)])
    assert doc is not None
    assert Fetch.from_doc(doc).generation == generation


def test_all_problems_are_named_at_once(harness: AppHarness, bucket: CustomerBucket) -> None:
    inputs = {
        "picture": {"url": f"gs://{bucket.name}/other/a.jpg"},
        "sound": {"url": "http://files.example.org/a.mp3"},
    }
    response = create(
        harness, FILE, recipe="still", inputs=inputs, options={"shape": "round"},
        deliver_to={"url": f"gs://{bucket.name}/films"},
    )  # fmt: skip

    # The model refuses the option before anything is looked up.
    assert "options.shape" in errors_of(response)
    response = create(
        harness, FILE, recipe="still", inputs=inputs,
        deliver_to={"url": f"gs://{bucket.name}/films"},
    )  # fmt: skip
    assert set(errors_of(response)) == {"inputs.picture.url", "inputs.sound.url", "deliver_to.url"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("films/nothing.mp4", "no such object"),
        ("films/", "Name an object"),
        ("films/empty.mp4", "is empty"),
        ("films/zipped.mp4", "content encoding"),
        ("other/a.mp4", "not bound to you"),
        ("films/../a.mp4", "must not contain"),
    ],
)
def test_object_that_cannot_be_an_input(
    harness: AppHarness, bucket: CustomerBucket, name: str, message: str
) -> None:
    bucket.put("films/empty.mp4", b"")
    bucket.put("films/zipped.mp4", b"1", content_encoding="gzip")
    bucket.put("other/a.mp4", b"1")
    response = create(harness, {"url": f"gs://{bucket.name}/{name}"})

    assert message in errors_of(response)["inputs.video.url"]


def test_declared_size_and_checksum_are_compared(
    harness: AppHarness, bucket: CustomerBucket
) -> None:
    video = {"url": f"gs://{bucket.name}/films/My holiday.mp4", "size_bytes": 9,
             "crc32c": "AAAAAA=="}  # fmt: skip

    errors = errors_of(create(harness, video))
    assert set(errors) == {"inputs.video.size_bytes", "inputs.video.crc32c"}


@pytest.mark.parametrize("field", ["inputs", "deliver_to"])
def test_bucket_of_the_project_is_refused(harness: AppHarness, field: str) -> None:
    own = f"gs://{SETTINGS.buckets['outputs']}/"  # type: ignore[index]
    if field == "inputs":
        errors = errors_of(create(harness, {"url": f"{own}jobs/a"}))
    else:
        errors = errors_of(create(harness, FILE, deliver_to={"url": own}))

    assert "belongs to the service" in next(iter(errors.values()))


def test_binding_of_another_user_is_none(
    harness: AppHarness, gcs: GcsEmulator
) -> None:  # fmt: skip
    bucket = CustomerBucket(gcs.client())
    bucket.bind(harness.store, "bob")
    bucket.put("a.mp4", b"1")
    response = create(
        harness, {"url": f"gs://{bucket.name}/a.mp4"}, deliver_to={"url": f"gs://{bucket.name}/"}
    )

    errors = errors_of(response)
    assert set(errors) == {"inputs.video.url", "deliver_to.url"}
    assert all("not bound to you" in message for message in errors.values())


def test_removed_proof_object_ends_the_binding_for_new_jobs(
    harness: AppHarness, bucket: CustomerBucket
) -> None:
    [proof] = [name for name in bucket.list() if "moodreel-owner-" in name]
    content = bucket.read(proof)
    bucket.delete(proof)
    body = {"deliver_to": {"url": f"gs://{bucket.name}/films/"}}
    assert "not bound to you" in errors_of(create(harness, FILE, **body))["deliver_to.url"]
    bucket.put(proof, content)
    # It must be verified again.
    assert "not bound to you" in errors_of(create(harness, FILE, **body))["deliver_to.url"]


def test_job_is_created_with_the_delivery_to_a_bucket(
    harness: AppHarness, bucket: CustomerBucket
) -> None:
    folder = f"gs://{bucket.name}/films/out/"
    response = create(harness, FILE, deliver_to={"url": folder})

    assert response.status_code == 201, response.text
    job = response.json["job"]
    assert job["delivery"] == {
        "state": "waiting", "folder": f"{folder}{job['id']}/", "hosts": {}, "revision": 0,
        "files": [], "delivered_bytes": 0, "total_bytes": 0, "error": None,
    }  # fmt: skip
    assert create(harness, FILE).json["job"]["delivery"] is None


def test_urls_are_stored_encrypted_and_shown_nowhere(harness: AppHarness) -> None:
    response = create(harness, FILE, deliver_to={"urls": {"frames.zip": URL}})

    assert response.status_code == 201, response.text
    job = response.json["job"]
    assert job["delivery"]["hosts"] == {"frames.zip": "files.example.org"}
    for text in (response.text, str(harness.store.documents), str(harness.log_events)):
        assert "secret" not in text
    (doc,) = harness.store.read([delivery_path(job["id"])])
    assert doc is not None
    decrypt = HpkeDecrypter(DELIVERY_KEYS).decrypt
    assert ResultDelivery.from_doc(doc).decrypt_urls(decrypt) == {"frames.zip": URL}
    harness.request("DELETE", f"/v1/jobs/{job['id']}", headers=ALICE_HEADERS)
    assert harness.store.read([delivery_path(job["id"])]) == (None,)


@pytest.mark.parametrize(
    ("deliver_to", "field"),
    [
        ({}, "deliver_to"),
        ({"url": "gs://my-bucket/", "urls": {"a": URL}}, "deliver_to"),
        ({"url": "https://files.example.org/"}, "deliver_to.url"),
        ({"url": "gs://my-bucket/"}, "deliver_to.url"),
        ({"urls": {}}, "deliver_to.urls"),
        ({"urls": {"a": "https://10.0.0.1/"}}, "deliver_to.urls.a"),
        ({"urls": {"a": "ftp://files.example.org/"}}, "deliver_to.urls.a"),
    ],
)
def test_destination_that_cannot_be_used(
    harness: AppHarness, deliver_to: dict[str, Any], field: str
) -> None:
    assert field in errors_of(create(harness, FILE, deliver_to=deliver_to))


def test_redrive_of_a_job_that_is_done_repeats_a_failed_delivery(harness: AppHarness) -> None:
    job = create(harness, FILE, deliver_to={"urls": {"frames.zip": URL}}).json["job"]
    row = DeliveredFile("frames.zip", None).failed("url-refused", "The server answered 403.")
    error = {"code": "url-refused", "message": "frames.zip was not delivered."}
    harness.store.commit(
        [
            Update(job_path(job["id"]), {"status": Status.DONE}),
            Update(
                delivery_path(job["id"]),
                {"state": TaskState.FAILED, "files": [row.to_dict()], "error": error},
            ),
        ]
    )
    path = f"/v1/jobs/{job['id']}"
    seen = harness.request("GET", path, headers=ALICE_HEADERS).json["delivery"]
    assert (seen["state"], seen["error"]["code"]) == ("failed", "url-refused")
    assert seen["files"][0]["error"]["message"] == "The server answered 403."
    response = harness.request("POST", f"{path}/redrive", headers=ALICE_HEADERS)

    assert response.status_code == 200, response.text
    assert (response.json["status"], response.json["epoch"]) == ("done", 0)
    assert response.json["delivery"]["state"] == "waiting"
    assert response.json["delivery"]["files"][0]["state"] == "pending"
    assert [envelope.stage for envelope in harness.published][-1] == "result_delivery"
    harness.store.commit([Update(delivery_path(job["id"]), {"state": TaskState.DONE})])
    again = harness.request("POST", f"{path}/redrive", headers=ALICE_HEADERS)
    assert (again.status_code, again.json["code"]) == (409, "wrong-state")
