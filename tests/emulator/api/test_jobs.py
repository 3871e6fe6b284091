"""A job's life as its owner leads it over the API."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.http import Response, request
from infra.local.suite.layout import PROJECT
from shared.pipeline import RECIPES as ROWS
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, call_api, create_failed_job

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def client(suite: SuiteHandle) -> Client:
    return suite.client()


@pytest.fixture(scope="module")
def done(suite: SuiteHandle, client: Client) -> str:
    """A job that is done; its id."""
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
    assert suite.wait_for_job(client, job_id)["status"] == "done"
    return job_id


def created(client: Client, **changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = client.call("POST", "/v1/jobs", JOB_REQUEST | changes)
    return told


def put(grant: dict[str, Any], data: bytes, **changes: str) -> Response:
    """Send bytes to a signed URL with its headers, or others."""
    headers = grant["headers"] | {name.replace("_", "-"): one for name, one in changes.items()}
    sent = urllib.request.Request(grant["url"], data, headers, method=grant["method"])  # noqa: S310
    try:
        with urllib.request.urlopen(sent, timeout=120) as answer:  # noqa: S310
            return Response(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Response(refusal.code, refusal.headers, refusal.read())


def test_a_new_job_is_told_as_it_is_kept(suite: SuiteHandle, client: Client) -> None:
    answer = client.send("POST", "/v1/jobs", JOB_REQUEST | {"title": "  My   holiday "})
    told = answer.json()
    job = told["job"]

    assert answer.status == 201
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"
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
    assert [one["name"] for one in job["stages"]] == list(ROWS["frames"].stages)
    assert [one["state"] for one in job["stages"]] == ["queued", "waiting", "waiting"]
    assert (job["error"], job["artifacts"], job["warnings"]) == (None, [], [])
    kept = firestore.read_document(suite, f"jobs/{job['id']}")
    assert kept is not None
    assert (kept["owner"], kept["email"]) == (client.user.uid, client.user.email)


def test_a_job_without_a_title_is_called_like_its_file(client: Client) -> None:
    assert created(client)["job"]["title"] == "clip.mp4"


def test_an_upload_url_takes_what_was_declared_once_and_nothing_else(client: Client) -> None:
    grant = created(client)["uploads"]["video"]
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


def test_a_tag_changes_with_the_job_and_only_then(suite: SuiteHandle, client: Client) -> None:
    job_id = created(client)["job"]["id"]
    path, token = f"/v1/jobs/{job_id}", client.user.token
    tag = call_api(suite, "GET", path, token).headers["ETag"]

    same = call_api(suite, "GET", path, token, If_None_Match=tag)
    client.call("POST", f"{path}/cancel")
    other = call_api(suite, "GET", path, token, If_None_Match=tag)

    assert (same.status, same.body) == (304, b"")
    assert other.status == 200
    assert other.headers["ETag"] != tag


def test_pages_hold_every_living_job_once_newest_first(suite: SuiteHandle) -> None:
    client = suite.client()
    ids = [created(client)["job"]["id"] for _ in range(6)]
    # As if three had been created in one microsecond: they still have an order.
    kept = firestore.read_document(suite, f"jobs/{ids[2]}")
    assert kept is not None
    for job_id in ids[1:4]:
        firestore.update_document(suite, f"jobs/{job_id}", {"created_at": kept["created_at"]})
    client.call("DELETE", f"/v1/jobs/{ids[0]}")

    found: list[str] = []
    cursor = ""
    while True:
        page = client.call("GET", f"/v1/jobs?limit=2{cursor}")
        assert len(page["jobs"]) <= 2
        found += [one["id"] for one in page["jobs"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert found == [ids[5], ids[4], *sorted(ids[1:4], reverse=True)]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "two"])
def test_a_page_has_a_size_within_bounds(client: Client, limit: str) -> None:
    assert client.send("GET", f"/v1/jobs?limit={limit}").status == 422


def test_a_cancelled_job_stays_cancelled_whatever_is_asked(
    suite: SuiteHandle, client: Client
) -> None:
    told = created(client)
    path = f"/v1/jobs/{told['job']['id']}"

    first, again = (client.call("POST", f"{path}/cancel") for _ in range(2))
    put(told["uploads"]["video"], b"x" * 1000)

    assert first["status"] == again["status"] == "cancelled"
    assert client.send("POST", f"{path}/redrive").status == 409
    wait_until(
        lambda: client.get_job(told["job"]["id"])["stages"][-1]["state"] == "done", "the outcome"
    )
    assert client.get_job(told["job"]["id"])["status"] == "cancelled"


@pytest.mark.parametrize(
    ("act", "status"), [("redrive", "awaiting_upload"), ("redrive", "done"), ("cancel", "done")]
)
def test_what_a_state_does_not_allow_is_a_conflict(
    client: Client, done: str, act: str, status: str
) -> None:
    job_id = done if status == "done" else created(client)["job"]["id"]

    answer = client.send("POST", f"/v1/jobs/{job_id}/{act}")

    assert (answer.status, answer.json()["code"]) == (409, "wrong-state")
    assert status in answer.json()["detail"]
    assert client.get_job(job_id)["status"] == status


def test_a_failed_job_says_why_cannot_be_cancelled_and_can_be_redriven(
    suite: SuiteHandle, client: Client, tmp_path: Path
) -> None:
    job_id = create_failed_job(suite, client, tmp_path)
    job = client.get_job(job_id)

    assert job["error"]["code"] == "not-a-video"
    assert job["error"]["stage"] == "upload_trigger"
    assert job["error"]["message"].endswith(".")
    assert job["stages"][0]["error"] == job["error"]
    assert client.send("POST", f"/v1/jobs/{job_id}/cancel").status == 409

    again = client.call("POST", f"/v1/jobs/{job_id}/redrive")

    assert again["epoch"] == 1
    assert again["error"] is None
    assert suite.wait_for_job(client, job_id)["status"] == "failed"


def test_a_finished_job_has_its_results_and_its_history(
    suite: SuiteHandle, client: Client, done: str
) -> None:
    job = client.get_job(done)
    events = client.call("GET", f"/v1/jobs/{done}/events")["events"]

    assert [one["name"] for one in job["artifacts"]] == [
        "media-info.json",
        "frames.zip",
        "manifest.json",
        "frames.csv",
        "contact_sheet.jpg",
    ]
    assert all(one["url"] == f"/v1/jobs/{done}/artifacts/{one['name']}" for one in job["artifacts"])
    media = job["stages"][:-1]
    assert all(one["state"] == "done" and one["done"] == one["total"] for one in media)
    assert all(one["attempts"] == 1 for one in media)
    whats = [(one["what"], one["details"].get("stage")) for one in events]
    assert whats[0] == ("created", None)
    assert ("stage_done", "upload_trigger") in whats
    assert ("stage_done", "frame_extraction") in whats
    assert [one["at"] for one in events] == sorted(one["at"] for one in events)


def test_a_deleted_job_is_gone_for_its_owner_too(
    suite: SuiteHandle, client: Client, tmp_path: Path
) -> None:
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
    job = suite.wait_for_job(client, job_id)
    artifact = job["artifacts"][0]["url"]
    wait_until(lambda: firestore.find_documents(suite, "mails", "job", job_id), "the mail's record")

    answer = client.send("DELETE", f"/v1/jobs/{job_id}")

    assert (answer.status, answer.body) == (204, b"")
    for method, path in [
        ("GET", f"/v1/jobs/{job_id}"),
        ("GET", artifact),
        ("GET", f"/v1/jobs/{job_id}/events"),
        ("POST", f"/v1/jobs/{job_id}/cancel"),
        ("POST", f"/v1/jobs/{job_id}/redrive"),
    ]:
        assert client.send(method, path).status == 404, (method, path)
    # A deletion whose answer was lost, or that broke off, can be asked for again; by the owner.
    assert client.send("DELETE", f"/v1/jobs/{job_id}").status == 204
    assert suite.client().send("DELETE", f"/v1/jobs/{job_id}").status == 404
    assert job_id not in {one["id"] for one in client.call("GET", "/v1/jobs")["jobs"]}
    for name in ("stages", "units", "events", "mails", "shares"):
        assert firestore.find_documents(suite, name, "job", job_id) == {}, name
    tombstone = firestore.read_document(suite, f"jobs/{job_id}")
    assert tombstone is not None
    assert client.user.email not in str(tombstone)
    assert objects_of(suite, job_id) == []


def objects_of(suite: SuiteHandle, job_id: str) -> list[str]:
    """Names of all objects in all buckets that carry the job's id."""
    found = []
    for role in ("uploads", "work", "outputs"):
        url = f"{suite.url('gcs')}/storage/v1/b/{PROJECT}-{role}/o?maxResults=1000"
        found += [one["name"] for one in request("GET", url).json().get("items", [])]
    return [name for name in found if job_id in name]
