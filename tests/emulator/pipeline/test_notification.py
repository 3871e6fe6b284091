"""Letters over the real suite: each outcome is told once, whatever happens on the way."""

from __future__ import annotations

import base64
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from infra.local.suite import wiring
from infra.local.suite.api_client import Client, User
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.http import request
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import JOB_REQUEST, create_failed_job

pytestmark = pytest.mark.suite

ROW = FUNCTIONS["notification"]


@pytest.fixture
def client(suite: SuiteHandle) -> Client:
    return suite.client()


def cancelled_job(client: Client) -> str:
    """The fastest way to an outcome; the job's id."""
    job_id: str = client.call("POST", "/v1/jobs", JOB_REQUEST)["job"]["id"]
    client.call("POST", f"/v1/jobs/{job_id}/cancel")
    return job_id


def told(client: Client, job_id: str, state: str = "done") -> None:
    """Wait until the job's notification has ended so."""
    wait_until(lambda: client.get_job(job_id)["stages"][-1]["state"] == state, f"it to be {state}")


def logged(suite: SuiteHandle, job_id: str) -> dict[str, Any]:
    """The job's one row in the mail log."""
    [row] = firestore.find_documents(suite, "mails", "job", job_id).values()
    return row


def deliver(suite: SuiteHandle, envelope: Envelope) -> int:
    """One delivery, as Pub/Sub pushes it; → the status: 2xx acknowledges."""
    message = {
        "data": base64.b64encode(envelope.to_json()).decode(),
        "attributes": envelope.attributes,
        "messageId": uuid.uuid4().hex,
        "publishTime": "2026-11-21T00:00:00Z",
    }
    url = f"{suite.url(ROW.name)}/{wiring.topic_path(ROW)}"
    pushed = {"subscription": f"x/{ROW.topic}", "message": message}
    return request("POST", url, pushed, timeout_s=60).status


def test_a_finished_job_is_told_with_a_link_to_its_pictures(
    suite: SuiteHandle, client: Client
) -> None:
    title = "Père & <b>Noël</b> — ☃"
    job_id = suite.start_job(client, "frames", CLIP_SPECS["cfr30"].encode().path, title=title)
    suite.wait_for_job(client, job_id)
    told(client, job_id)

    [mail] = suite.list_emails(client.user.email)
    row = logged(suite, job_id)
    assert mail["subject"] == f"Ready: {title}"
    assert mail["message_id"].startswith(f"<{job_id}.0.done.e0@")
    assert f"{suite.url('api')}/v1/share/{row['token']}" in mail["text"].splitlines()
    assert f"/v1/share/{row['token']}" in mail["html"]
    assert "<b>Noël" not in mail["html"]
    assert "pictures" in mail["text"]
    assert (row["owner"], row["to"]) == (client.user.uid, client.user.email)
    assert (row["state"], row["outcome"], row["subject"]) == ("sent", "done", f"Ready: {title}")
    assert row["created_at"] <= row["sent_at"] < row["expires_at"]
    share = firestore.read_document(suite, f"shares/{row['token']}")
    assert share is not None
    assert (share["artifact"], share["revoked"], share["uses"]) == ("frames.zip", False, 0)


def test_a_failed_job_is_told_with_its_reason_and_without_a_link(
    suite: SuiteHandle, client: Client, tmp_path: Path
) -> None:
    job_id = create_failed_job(suite, client, tmp_path)
    told(client, job_id)

    [mail] = suite.list_emails(client.user.email)
    assert mail["subject"] == "Failed: no-video.mp4"
    assert client.get_job(job_id)["error"]["message"] in " ".join(mail["text"].split())
    assert "/v1/share/" not in mail["text"] + mail["html"]
    assert logged(suite, job_id)["token"] == ""


def test_each_end_of_a_redriven_job_is_told(
    suite: SuiteHandle, client: Client, tmp_path: Path
) -> None:
    job_id = create_failed_job(suite, client, tmp_path)
    told(client, job_id)

    client.call("POST", f"/v1/jobs/{job_id}/redrive")
    suite.wait_for_job(client, job_id)
    told(client, job_id)

    ids = [mail["message_id"].split("@")[0] for mail in suite.list_emails(client.user.email)]
    assert ids == [f"<{job_id}.0.failed.e0", f"<{job_id}.0.failed.e1"]


def test_an_outcome_delivered_again_and_again_is_told_once(
    suite: SuiteHandle, client: Client
) -> None:
    job_id = cancelled_job(client)
    envelope = Envelope(job_id, ROW.name, "cancelled.e0", 0, 0)

    with ThreadPoolExecutor(3) as pool:
        first = list(pool.map(lambda _: deliver(suite, envelope), range(3)))
    told(client, job_id)
    later = [deliver(suite, envelope) for _ in range(3)]

    # 503 refuses: someone else was at it, and Pub/Sub would bring it again.
    assert set(first) <= {200, 204, 503}
    assert all(200 <= status < 300 for status in later)
    [mail] = suite.list_emails(client.user.email)
    assert mail["subject"] == "Cancelled: clip.mp4"


def test_an_outcome_that_is_not_the_jobs_is_not_told(suite: SuiteHandle, client: Client) -> None:
    job_id = cancelled_job(client)
    told(client, job_id)

    for part, revision, epoch in [("done.e0", 0, 0), ("cancelled.e1", 0, 1), ("failed.e0", 0, 0)]:
        status = deliver(suite, Envelope(job_id, ROW.name, part, revision, epoch))
        assert 200 <= status < 300

    assert len(suite.list_emails(client.user.email)) == 1


def test_a_busy_mail_server_gets_the_letter_later(suite: SuiteHandle, client: Client) -> None:
    suite.refuse_emails("451 4.3.0 Try later", to=client.user.email)
    job_id = cancelled_job(client)
    told(client, job_id)

    unit = firestore.find_documents(suite, "units", "job", job_id)["notification-0-cancelled.e0"]
    assert (unit["state"], unit["attempt"]) == ("done", 2)
    assert len(suite.list_emails(client.user.email)) == 1
    assert logged(suite, job_id)["state"] == "sent"


def test_a_refused_address_costs_the_letter_and_not_the_job(
    suite: SuiteHandle, client: Client
) -> None:
    suite.refuse_emails("550 5.1.1 No such user", to=client.user.email)
    job_id = cancelled_job(client)
    told(client, job_id, "failed")

    job = client.get_job(job_id)
    row = logged(suite, job_id)
    assert (job["status"], job["error"]) == ("cancelled", None)
    assert job["stages"][-1]["error"]["code"] == "mail-refused"
    assert (row["state"], row["sent_at"]) == ("refused", None)

    assert 200 <= deliver(suite, Envelope(job_id, ROW.name, "cancelled.e0", 0, 0)) < 300
    assert suite.list_emails(client.user.email) == []


def test_a_person_without_an_address_has_jobs_all_the_same(suite: SuiteHandle) -> None:
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=local"
    someone = request("POST", url, {"returnSecureToken": True}).json()
    user = User(suite.url("auth"), "", "", uid=someone["localId"], token=someone["idToken"])
    client = suite.client(user)

    job_id = cancelled_job(client)
    told(client, job_id)

    assert firestore.find_documents(suite, "mails", "job", job_id) == {}
