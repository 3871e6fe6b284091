"""Shares and their use, emails and preferences, usage, titles and filters of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from infra.local.client.api_client import Client
from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.pipeline import FUNCTIONS
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.link_uses import expect_uses, read_uses
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
    # The link in the email is a share of the caller too, and older than those of the tests.
    wait_until(lambda: client.call("GET", "/v1/shares")["shares"], "the share of the e-mail")
    return job


def put_mail_preferences(suite: SuiteHandle, client: Client, tag: str, **mail: bool) -> Any:
    path, token = "/v1/me/preferences", client.user.token
    return call_api(suite, "PUT", path, token, {"mail": mail}, If_Match=tag)


def test_share_is_created_used_listed_and_revoked(
    suite: SuiteHandle, client: Client, job: Mapping[str, Any]
) -> None:
    path = f"/v1/jobs/{job['id']}/shares"
    share = client.call("POST", path, {"artifact": "frames.csv", "valid_hours": 2})
    validity = datetime.fromisoformat(share["expires_at"]) - datetime.fromisoformat(
        share["created_at"]
    )
    token = share["url"].rsplit("/", 1)[1]
    with expect_uses(suite, token, 1):
        redirect = request("GET", share["url"])
    download = request("GET", redirect.headers["Location"])
    listed = client.call("GET", "/v1/shares?limit=1")

    assert validity == timedelta(hours=2)
    assert (redirect.status, download.status) == (302, 200)
    assert (share["uses"], share["last_used_at"]) == (0, None)
    [listed_share] = listed["shares"]
    urls = {name: share[name] for name in ("url", "page_url", "embed_url")}
    assert {**listed_share, "uses": 0, "last_used_at": None, **urls} == share
    assert not urls.keys() & listed_share.keys()
    assert listed_share["uses"] == read_uses(suite, token)
    assert (listed_share["last_used_at"] is not None) == (listed_share["uses"] > 0)
    assert client.call("GET", f"/v1/shares?cursor={listed['next_cursor']}")["shares"]
    assert client.send("DELETE", f"/v1/shares/{share['id']}").status == 204
    assert client.call("GET", "/v1/shares?limit=1")["shares"][0]["revoked"] is True
    assert request("GET", share["url"]).status == 410
    assert suite.client().call("GET", "/v1/shares") == {"shares": [], "next_cursor": None}


def test_share_expires_with_its_job_at_the_latest(client: Client, job: Mapping[str, Any]) -> None:
    body = {"artifact": "frames.zip", "valid_hours": 24 * 90}
    share = client.call("POST", f"/v1/jobs/{job['id']}/shares", body)

    assert share["expires_at"] == job["expires_at"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"artifact": "film.mp4"}, "artifact"),
        ({"artifact": "frames.zip", "valid_hours": 0}, "valid_hours"),
        ({"artifact": "frames.zip", "valid_hours": 24 * 90 + 1}, "valid_hours"),
        ({}, "artifact"),
    ],
)
def test_invalid_share_is_refused(
    client: Client, job: Mapping[str, Any], body: dict[str, Any], field: str
) -> None:
    response = client.send("POST", f"/v1/jobs/{job['id']}/shares", body)

    assert response.status == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_sent_email_is_listed(client: Client, job: Mapping[str, Any]) -> None:
    def find_email() -> dict[str, Any] | None:
        emails: list[dict[str, Any]] = client.call("GET", "/v1/mails")["mails"]
        return next((email for email in emails if email["job"] == job["id"]), None)

    email = wait_until(
        lambda: (email := find_email()) and email["state"] == "sent" and email, "the e-mail"
    )

    assert (email["to"], email["outcome"]) == (client.user.email, "done")
    assert email["subject"].startswith("Ready: ")
    assert not email.keys() & {"token", "share"}


def test_no_email_for_an_outcome_that_the_user_turned_off(suite: SuiteHandle) -> None:
    client = suite.client()
    tag = client.send("GET", "/v1/me/preferences").headers["ETag"]
    saved = put_mail_preferences(suite, client, tag, done=True, failed=True, cancelled=False)
    stale = put_mail_preferences(suite, client, tag, done=False, failed=False, cancelled=False)
    job_id = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    client.call("POST", f"/v1/jobs/{job_id}/cancel")
    wait_until(lambda: client.get_job(job_id)["stages"][-1]["state"] == "done", "the notification")

    assert (saved.status, stale.status) == (200, 412)
    assert client.send("GET", "/v1/me/preferences").headers["ETag"] == saved.headers["ETag"]
    assert suite.list_emails(client.user.email) == []
    assert client.call("GET", "/v1/mails")["mails"] == []


def test_usage_adds_up_the_jobs(suite: SuiteHandle, client: Client, job: Mapping[str, Any]) -> None:
    usage = client.call("GET", "/v1/usage")
    upload_bytes = CLIP_SPECS["cfr30"].encode().path.stat().st_size
    document = firestore.read_document(suite, f"jobs/{job['id']}")
    assert document is not None

    assert usage["jobs"] == {"open": 0, "done": 1, "failed": 0, "cancelled": 0}
    assert usage["files_made"] == len(job["artifacts"])
    assert usage["minutes_in"] > 0
    result_bytes = sum(artifact["size_bytes"] for artifact in document["artifacts"])
    assert usage["stored_bytes"] == upload_bytes + result_bytes
    assert set(document["worked_ms"]) == {"upload_trigger", "frame_extraction"}
    assert usage["worked_s"] == pytest.approx(sum(document["worked_ms"].values()) / 1000)
    row = FUNCTIONS["frame_extraction"]
    seconds = document["worked_ms"]["frame_extraction"] / 1000
    assert usage["cost_usd"] >= seconds * row.cpu * 0.000024 > 0


def test_work_delivered_twice_is_counted_once(suite: SuiteHandle) -> None:
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
    durations_s = [
        (unit["done_at"] - unit["claimed_at"]).total_seconds()
        for unit in units.values()
        if unit["stage"] != "notification" and unit["state"] == "done"
    ]

    assert usage["files_made"] == len(job["artifacts"])
    assert stages["frame_extraction-0.0"]["done"] == stages["frame_extraction-0"]["total"] == 1
    assert usage["worked_s"] == pytest.approx(sum(durations_s), abs=0.002 * len(durations_s))


def test_title_can_be_changed(suite: SuiteHandle, client: Client) -> None:
    job_id = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    path, token = f"/v1/jobs/{job_id}", client.user.token
    tag = call_api(suite, "GET", path, token).headers["ETag"]

    first = call_api(suite, "PATCH", path, token, {"title": " My  film "}, If_Match=tag)
    stale = call_api(suite, "PATCH", path, token, {"title": "Other"}, If_Match=tag)
    next_change = call_api(
        suite, "PATCH", path, token, {"title": "Third"}, If_Match=first.headers["ETag"]
    )
    weak_tag = call_api(suite, "PATCH", path, token, {"title": "Other"}, If_Match=f'W/"{tag}"')
    untagged = call_api(suite, "PATCH", path, token, {"title": "Fourth"})

    assert (first.status, first.json()["title"]) == (200, "My film")
    assert (stale.status, stale.json()["code"]) == (412, "changed-meanwhile")
    assert (next_change.status, weak_tag.status, untagged.status) == (200, 412, 200)
    assert client.get_job(job_id)["title"] == "Fourth"


def test_jobs_are_filtered_by_recipe_and_status(suite: SuiteHandle) -> None:
    client = suite.client()
    ids = [client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"] for _ in range(2)]
    other = client.call("POST", "/v1/jobs", JOB_REQUEST | {
        "recipe": "emotions", "options": {"consent": True, "purpose": "research"},
    })["job"]["id"]  # fmt: skip
    client.call("POST", f"/v1/jobs/{ids[0]}/cancel")

    def list_ids(query: str) -> list[str]:
        return [job["id"] for job in client.call("GET", f"/v1/jobs?{query}")["jobs"]]

    assert list_ids("") == [other, ids[1], ids[0]]
    assert list_ids("recipe=frames") == [ids[1], ids[0]]
    assert list_ids("status=cancelled") == [ids[0]]
    assert list_ids("recipe=frames&status=awaiting_upload") == [ids[1]]
    assert list_ids("recipe=still") == []
    assert client.send("GET", "/v1/jobs?status=deleted").status == 422
