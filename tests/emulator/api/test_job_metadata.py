"""What is around jobs: links and their use, letters and who wants them, usage, titles, filters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from infra.local.suite.api_client import Client
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.http import request
from shared.pipeline import FUNCTIONS
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, call_api

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def client(suite: SuiteHandle) -> Client:
    return suite.client()


@pytest.fixture(scope="module")
def job(suite: SuiteHandle, client: Client) -> Mapping[str, Any]:
    """A job that is done."""
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
    job = suite.wait_for_job(client, job_id)
    # The letter's link is the caller's as well, and older than all that the tests make.
    wait_until(lambda: client.call("GET", "/v1/shares")["shares"], "the letter's link")
    return job


def put_choice(suite: SuiteHandle, client: Client, tag: str, **mail: bool) -> Any:
    path, token = "/v1/me/preferences", client.user.token
    return call_api(suite, "PUT", path, token, {"mail": mail}, If_Match=tag)


def test_a_link_is_made_used_listed_and_withdrawn(
    suite: SuiteHandle, client: Client, job: Mapping[str, Any]
) -> None:
    path = f"/v1/jobs/{job['id']}/shares"
    share = client.call("POST", path, {"artifact": "frames.csv", "valid_hours": 2})
    end = datetime.fromisoformat(share["expires_at"]) - datetime.fromisoformat(share["created_at"])
    opened = request("GET", share["url"])
    bytes_of = request("GET", opened.headers["Location"])
    listed = client.call("GET", "/v1/shares?limit=1")

    assert end == timedelta(hours=2)
    assert (opened.status, bytes_of.status) == (302, 200)
    assert (share["uses"], share["last_used_at"]) == (0, None)
    [mine] = listed["shares"]
    assert {**mine, "uses": 0, "last_used_at": None} == share
    assert mine["uses"] == 1
    assert mine["last_used_at"] is not None
    assert client.call("GET", f"/v1/shares?cursor={listed['next_cursor']}")["shares"]
    assert client.send("DELETE", f"/v1/share/{share['token']}").status == 204
    assert client.call("GET", "/v1/shares?limit=1")["shares"][0]["revoked"] is True
    assert request("GET", share["url"]).status == 410
    assert suite.client().call("GET", "/v1/shares") == {"shares": [], "next_cursor": None}


def test_a_link_holds_no_longer_than_its_job_is_kept(
    client: Client, job: Mapping[str, Any]
) -> None:
    wish = {"artifact": "frames.zip", "valid_hours": 24 * 90}
    share = client.call("POST", f"/v1/jobs/{job['id']}/shares", wish)

    assert share["expires_at"] == job["expires_at"]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"artifact": "film.mp4"}, "artifact"),
        ({"artifact": "frames.zip", "valid_hours": 0}, "valid_hours"),
        ({"artifact": "frames.zip", "valid_hours": 24 * 90 + 1}, "valid_hours"),
        ({}, "artifact"),
    ],
)
def test_a_link_to_nothing_or_for_no_time_is_refused(
    client: Client, job: Mapping[str, Any], wish: dict[str, Any], field: str
) -> None:
    answer = client.send("POST", f"/v1/jobs/{job['id']}/shares", wish)

    assert answer.status == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


def test_a_letter_is_found_in_the_log(client: Client, job: Mapping[str, Any]) -> None:
    def sent() -> dict[str, Any] | None:
        mails: list[dict[str, Any]] = client.call("GET", "/v1/mails")["mails"]
        return next((one for one in mails if one["job"] == job["id"]), None)

    mail = wait_until(lambda: (one := sent()) and one["state"] == "sent" and one, "the letter")

    assert (mail["to"], mail["outcome"]) == (client.user.email, "done")
    assert mail["subject"].startswith("Ready: ")
    assert "token" not in mail


def test_nobody_is_written_to_who_does_not_want_it(suite: SuiteHandle) -> None:
    client = suite.client()
    tag = client.send("GET", "/v1/me/preferences").headers["ETag"]
    chosen = put_choice(suite, client, tag, done=True, failed=True, cancelled=False)
    stale = put_choice(suite, client, tag, done=False, failed=False, cancelled=False)
    job_id = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    client.call("POST", f"/v1/jobs/{job_id}/cancel")
    wait_until(lambda: client.get_job(job_id)["stages"][-1]["state"] == "done", "it to be told")

    assert (chosen.status, stale.status) == (200, 412)
    assert client.send("GET", "/v1/me/preferences").headers["ETag"] == chosen.headers["ETag"]
    assert suite.list_emails(client.user.email) == []
    assert client.call("GET", "/v1/mails")["mails"] == []


def test_usage_is_what_the_jobs_hold(
    suite: SuiteHandle, client: Client, job: Mapping[str, Any]
) -> None:
    usage = client.call("GET", "/v1/usage")
    upload = CLIP_SPECS["cfr30"].encode().path.stat().st_size
    kept = firestore.read_document(suite, f"jobs/{job['id']}")
    assert kept is not None

    assert usage["jobs"] == {"open": 0, "done": 1, "failed": 0, "cancelled": 0}
    assert usage["files_made"] == len(job["artifacts"])
    assert usage["minutes_in"] > 0
    made = sum(one["size_bytes"] for one in kept["artifacts"])
    assert usage["stored_bytes"] == upload + made
    assert set(kept["worked_ms"]) == {"upload_trigger", "frame_extraction"}
    assert usage["worked_s"] == pytest.approx(sum(kept["worked_ms"].values()) / 1000)
    row = FUNCTIONS["frame_extraction"]
    seconds = kept["worked_ms"]["frame_extraction"] / 1000
    assert usage["cost_usd"] >= seconds * row.cpu * 0.000024 > 0


def test_work_that_was_delivered_twice_is_counted_once(suite: SuiteHandle) -> None:
    client = suite.client()
    suite.add_message_fault("messages", {"repeat": 2})
    try:
        job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path)
        job = suite.wait_for_job(client, job_id)
    finally:
        suite.clear_message_faults()
    usage = client.call("GET", "/v1/usage")
    stages = firestore.find_documents(suite, "stages", "job", job_id)
    units = firestore.find_documents(suite, "units", "job", job_id)
    took_s = [
        (one["done_at"] - one["claimed_at"]).total_seconds()
        for one in units.values()
        if one["stage"] != "notification" and one["state"] == "done"
    ]

    assert usage["files_made"] == len(job["artifacts"])
    assert stages["frame_extraction-0"]["done"] == stages["frame_extraction-0"]["total"]
    assert usage["worked_s"] == pytest.approx(sum(took_s), abs=0.002 * len(took_s))


def test_a_job_gets_another_title(suite: SuiteHandle, client: Client) -> None:
    job_id = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    path, token = f"/v1/jobs/{job_id}", client.user.token
    tag = call_api(suite, "GET", path, token).headers["ETag"]

    first = call_api(suite, "PATCH", path, token, {"title": " My  film "}, If_Match=tag)
    stale = call_api(suite, "PATCH", path, token, {"title": "Other"}, If_Match=tag)
    chained = call_api(
        suite, "PATCH", path, token, {"title": "Third"}, If_Match=first.headers["ETag"]
    )
    weak = call_api(suite, "PATCH", path, token, {"title": "Other"}, If_Match=f'W/"{tag}"')
    free = call_api(suite, "PATCH", path, token, {"title": "Fourth"})

    assert (first.status, first.json()["title"]) == (200, "My film")
    assert (stale.status, stale.json()["code"]) == (412, "changed-meanwhile")
    assert (chained.status, weak.status, free.status) == (200, 412, 200)
    assert client.get_job(job_id)["title"] == "Fourth"


def test_jobs_are_listed_by_recipe_and_status(suite: SuiteHandle) -> None:
    client = suite.client()
    ids = [client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"] for _ in range(2)]
    other = client.call("POST", "/v1/jobs", JOB_REQUEST | {
        "recipe": "emotions", "options": {"consent": True, "purpose": "research"},
    })["job"]["id"]  # fmt: skip
    client.call("POST", f"/v1/jobs/{ids[0]}/cancel")

    def found(query: str) -> list[str]:
        return [one["id"] for one in client.call("GET", f"/v1/jobs?{query}")["jobs"]]

    assert found("") == [other, ids[1], ids[0]]
    assert found("recipe=frames") == [ids[1], ids[0]]
    assert found("status=cancelled") == [ids[0]]
    assert found("recipe=frames&status=awaiting_upload") == [ids[1]]
    assert found("recipe=still") == []
    assert client.send("GET", "/v1/jobs?status=deleted").status == 422
