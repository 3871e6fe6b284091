"""The life of a job over the API."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from infra.local.client.api_client import Client
from infra.local.client.http import Response, request
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.layout import PROJECT
from shared.pipeline import RECIPES
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, call_api, create_failed_job

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def client(suite: SuiteHandle) -> Client:
    return suite.client()


@pytest.fixture(scope="module")
def done_job_id(suite: SuiteHandle, client: Client) -> str:
    """The id of a job that is done."""
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
    assert suite.wait_for_job(client, job_id)["status"] == "done"
    return job_id


def create_job(client: Client, **changes: Any) -> dict[str, Any]:
    created: dict[str, Any] = client.call("POST", "/v1/jobs", JOB_REQUEST | changes)
    return created


def put(grant: dict[str, Any], data: bytes, **changes: str) -> Response:
    """Sends bytes to a signed URL with its headers. `changes` replace headers."""
    headers = grant["headers"] | {
        name.replace("_", "-"): change for name, change in changes.items()
    }
    http_request = urllib.request.Request(grant["url"], data, headers, method=grant["method"])  # noqa: S310
    try:
        with urllib.request.urlopen(http_request, timeout=120) as response:  # noqa: S310
            return Response(response.status, response.headers, response.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Response(refusal.code, refusal.headers, refusal.read())


def test_new_job_is_returned_as_stored(suite: SuiteHandle, client: Client) -> None:
    response = client.send("POST", "/v1/jobs", JOB_REQUEST | {"title": "  My   holiday "})
    created = response.json()
    job = created["job"]

    assert response.status == 201
    assert response.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert client.get_job(job["id"]) == job
    assert (job["title"], job["recipe"], job["status"]) == (
        "My holiday",
        "frames",
        "awaiting_upload",
    )
    assert job["options"] == {
        "every": "1",
        "start": "0",
        "end": None,
        "max_width": None,
        "format": "jpeg",
        "quality": 90,
    }
    assert [stage["name"] for stage in job["stages"]] == list(RECIPES["frames"].stages)
    assert [stage["state"] for stage in job["stages"]] == ["queued", "waiting", "waiting"]
    assert (job["error"], job["artifacts"], job["warnings"]) == (None, [], [])
    document = firestore.read_document(suite, f"jobs/{job['id']}")
    assert document is not None
    assert (document["owner"], document["email"]) == (client.user.uid, client.user.email)


def test_title_defaults_to_the_file_name(client: Client) -> None:
    assert create_job(client)["job"]["title"] == "clip.mp4"


def test_upload_url_accepts_the_declared_file_once(client: Client) -> None:
    grant = create_job(client)["uploads"]["video"]
    fits = b"x" * 1000

    assert set(grant["headers"]) == {
        "Content-Type",
        "x-goog-content-length-range",
        "x-goog-if-generation-match",
    }
    assert put(grant, fits, Content_Type="text/html").status == 403
    assert put(grant, fits, x_goog_if_generation_match="5").status == 403
    assert put(grant, fits + b"x").status == 400
    assert put(grant | {"url": grant["url"].replace("/video.0", "/video.1")}, fits).status == 403
    assert put(grant, fits).status == 200
    assert put(grant, fits).status == 412


def test_etag_changes_only_with_the_job(suite: SuiteHandle, client: Client) -> None:
    job_id = create_job(client)["job"]["id"]
    path, token = f"/v1/jobs/{job_id}", client.user.token
    tag = call_api(suite, "GET", path, token).headers["ETag"]

    unchanged = call_api(suite, "GET", path, token, If_None_Match=tag)
    client.call("POST", f"{path}/cancel")
    changed = call_api(suite, "GET", path, token, If_None_Match=tag)

    assert (unchanged.status, unchanged.body) == (304, b"")
    assert changed.status == 200
    assert changed.headers["ETag"] != tag


def test_pages_list_every_job_once_newest_first(suite: SuiteHandle) -> None:
    client = suite.client()
    ids = [create_job(client)["job"]["id"] for _ in range(6)]
    # Three jobs of the same microsecond still have an order.
    document = firestore.read_document(suite, f"jobs/{ids[2]}")
    assert document is not None
    for job_id in ids[1:4]:
        firestore.update_document(suite, f"jobs/{job_id}", {"created_at": document["created_at"]})
    client.call("DELETE", f"/v1/jobs/{ids[0]}")

    listed: list[str] = []
    cursor = ""
    while True:
        page = client.call("GET", f"/v1/jobs?limit=2{cursor}")
        assert len(page["jobs"]) <= 2
        listed += [job["id"] for job in page["jobs"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert listed == [ids[5], ids[4], *sorted(ids[1:4], reverse=True)]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "two"])
def test_page_size_has_bounds(client: Client, limit: str) -> None:
    assert client.send("GET", f"/v1/jobs?limit={limit}").status == 422


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


def test_finished_job_has_results_and_events(
    suite: SuiteHandle, client: Client, done_job_id: str
) -> None:
    job = client.get_job(done_job_id)
    events = client.call("GET", f"/v1/jobs/{done_job_id}/events")["events"]

    assert [artifact["name"] for artifact in job["artifacts"]] == [
        "media-info.json",
        "frames.zip",
        "manifest.json",
        "frames.csv",
        "contact_sheet.jpg",
    ]
    assert all(
        artifact["url"] == f"/v1/jobs/{done_job_id}/artifacts/{artifact['name']}"
        for artifact in job["artifacts"]
    )
    media_stages = job["stages"][:-1]
    assert all(
        stage["state"] == "done" and stage["done"] == stage["total"] for stage in media_stages
    )
    assert all(stage["attempts"] == 1 for stage in media_stages)
    event_names = [(event["what"], event["details"].get("stage")) for event in events]
    assert event_names[0] == ("created", None)
    assert ("stage_done", "upload_trigger") in event_names
    assert ("stage_done", "frame_extraction") in event_names
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)


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
