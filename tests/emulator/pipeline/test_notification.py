"""Emails over the running suite: each outcome of a job sends one email."""

from __future__ import annotations

import base64
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from infra.local.client.api_client import Client
from infra.local.client.http import request
from infra.local.suite import wiring
from infra.local.suite.handle import SuiteHandle, wait_until
from shared.capabilities import hash_capability
from shared.flows.envelope import Envelope
from shared.jobs.share_links import share_path
from shared.pipeline import FUNCTIONS
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, create_cancelled_job, create_failed_job

pytestmark = pytest.mark.suite

ROW = FUNCTIONS["notification"]


@pytest.fixture
def client(suite: SuiteHandle) -> Client:
    return suite.client()


def wait_for_notification(client: Client, job_id: str, state: str = "done") -> None:
    """Waits until the notification of the job is in this state."""
    wait_until(
        lambda: client.get_job(job_id)["stages"][-1]["state"] == state,
        f"a notification that is {state}",
    )


def read_log_entry(suite: SuiteHandle, job_id: str) -> dict[str, Any]:
    """Returns the only entry of the job in the email log."""
    [entry] = firestore.find_documents(suite, "mails", "job", job_id).values()
    return entry


def deliver(suite: SuiteHandle, envelope: Envelope) -> int:
    """Delivers a message as Pub/Sub pushes it. Returns the status; 2xx acknowledges."""
    message = {
        "data": base64.b64encode(envelope.to_json()).decode(),
        "attributes": envelope.attributes,
        "messageId": uuid.uuid4().hex,
        "publishTime": "2026-11-21T00:00:00Z",
    }
    url = f"{suite.url(ROW.name)}/{wiring.topic_path(ROW)}"
    pushed = {"subscription": f"x/{ROW.topic}", "message": message}
    return request("POST", url, pushed, timeout_s=60).status


def test_email_of_a_finished_job_links_to_its_frames(suite: SuiteHandle, client: Client) -> None:
    title = "Père & <b>Noël</b> — ☃"
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path, title=title)
    suite.wait_for_job(client, job_id)
    wait_for_notification(client, job_id)

    [email] = suite.list_emails(client.user.email)
    entry = read_log_entry(suite, job_id)
    assert email["subject"] == f"Ready: {title}"
    assert email["message_id"].startswith(f"<{job_id}.0.done.e0@")
    start = f"{suite.url('api')}/v1/share/"
    [link] = [line for line in email["text"].splitlines() if line.startswith(start)]
    assert link in email["html"]
    assert entry["share"] == hash_capability(link.removeprefix(start))
    assert entry["token"] == ""
    assert "<b>Noël" not in email["html"]
    assert "pictures" in email["text"]
    assert (entry["owner"], entry["to"]) == (client.user.uid, client.user.email)
    assert (entry["state"], entry["outcome"], entry["subject"]) == (
        "sent",
        "done",
        f"Ready: {title}",
    )
    assert entry["created_at"] <= entry["sent_at"] < entry["expires_at"]
    share = firestore.read_document(suite, share_path(entry["share"]))
    assert share is not None
    assert (share["artifact"], share["revoked"], share["uses"]) == ("frames.zip", False, 0)


def test_email_of_a_failed_job_has_the_reason_and_no_link(
    suite: SuiteHandle, client: Client, tmp_path: Path
) -> None:
    job_id = create_failed_job(suite, client, tmp_path)
    wait_for_notification(client, job_id)

    [email] = suite.list_emails(client.user.email)
    assert email["subject"] == "Failed: no-video.mp4"
    assert client.get_job(job_id)["error"]["message"] in " ".join(email["text"].split())
    assert "/v1/share/" not in email["text"] + email["html"]
    assert read_log_entry(suite, job_id)["share"] == ""


def test_each_outcome_of_a_redriven_job_sends_an_email(
    suite: SuiteHandle, client: Client, tmp_path: Path
) -> None:
    job_id = create_failed_job(suite, client, tmp_path)
    wait_for_notification(client, job_id)

    client.call("POST", f"/v1/jobs/{job_id}/redrive")
    suite.wait_for_job(client, job_id)
    wait_for_notification(client, job_id)

    ids = [mail["message_id"].split("@")[0] for mail in suite.list_emails(client.user.email)]
    assert ids == [f"<{job_id}.0.failed.e0", f"<{job_id}.0.failed.e1"]


def test_outcome_delivered_six_times_sends_one_email(suite: SuiteHandle, client: Client) -> None:
    job_id = create_cancelled_job(client)
    envelope = Envelope(job_id, ROW.name, "cancelled.e0", 0, 0)

    with ThreadPoolExecutor(3) as pool:
        first = list(pool.map(lambda _: deliver(suite, envelope), range(3)))
    wait_for_notification(client, job_id)
    later = [deliver(suite, envelope) for _ in range(3)]

    # 503: another delivery holds the lease, and Pub/Sub would deliver the message again.
    assert set(first) <= {200, 204, 503}
    assert all(200 <= status < 300 for status in later)
    [email] = suite.list_emails(client.user.email)
    assert email["subject"] == "Cancelled: clip.mp4"


def test_wrong_outcome_sends_no_email(suite: SuiteHandle, client: Client) -> None:
    job_id = create_cancelled_job(client)
    wait_for_notification(client, job_id)

    for part, revision, epoch in [("done.e0", 0, 0), ("cancelled.e1", 0, 1), ("failed.e0", 0, 0)]:
        status = deliver(suite, Envelope(job_id, ROW.name, part, revision, epoch))
        assert 200 <= status < 300

    assert len(suite.list_emails(client.user.email)) == 1


def test_busy_mail_server_gets_the_email_later(suite: SuiteHandle, client: Client) -> None:
    suite.refuse_emails("451 4.3.0 Try later", to=client.user.email)
    job_id = create_cancelled_job(client)
    wait_for_notification(client, job_id)

    unit = firestore.find_documents(suite, "units", "job", job_id)["notification-0-cancelled.e0"]
    assert (unit["state"], unit["attempt"]) == ("done", 1)
    assert len(suite.list_emails(client.user.email)) == 1
    assert read_log_entry(suite, job_id)["state"] == "sent"


def test_refused_address_fails_the_email_and_not_the_job(
    suite: SuiteHandle, client: Client
) -> None:
    suite.refuse_emails("550 5.1.1 No such user", to=client.user.email)
    job_id = create_cancelled_job(client)
    wait_for_notification(client, job_id, "failed")

    job = client.get_job(job_id)
    entry = read_log_entry(suite, job_id)
    assert (job["status"], job["error"]) == ("cancelled", None)
    assert job["stages"][-1]["error"]["code"] == "mail-refused"
    assert (entry["state"], entry["sent_at"]) == ("refused", None)

    assert 200 <= deliver(suite, Envelope(job_id, ROW.name, "cancelled.e0", 0, 0)) < 300
    assert suite.list_emails(client.user.email) == []


def test_job_of_an_older_version_without_an_address_sends_no_email(suite: SuiteHandle) -> None:
    client = suite.client()
    job_id = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    firestore.update_document(suite, f"jobs/{job_id}", {"email": ""})

    client.call("POST", f"/v1/jobs/{job_id}/cancel")
    wait_for_notification(client, job_id)

    assert firestore.find_documents(suite, "mails", "job", job_id) == {}
