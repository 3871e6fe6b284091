"""New, listed and finished jobs over the API."""

from __future__ import annotations

import pytest

from infra.local.client.api_client import Client
from infra.local.suite.handle import SuiteHandle
from shared.pipeline import RECIPES
from tests.emulator.api.jobs.job_requests import create_job, put
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, call_api

pytestmark = pytest.mark.suite


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
    # A busy machine may renew a lease too late, which is an attempt more.
    assert all(stage["attempts"] >= 1 for stage in media_stages)
    event_names = [(event["what"], event["details"].get("stage")) for event in events]
    assert event_names[0] == ("created", None)
    assert ("stage_done", "upload_trigger") in event_names
    assert ("stage_done", "frame_extraction") in event_names
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
