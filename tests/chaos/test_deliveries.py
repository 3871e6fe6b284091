"""Messages that are delivered twice or never, and cancelled and redriven jobs."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local.client.api_client import ApiError, Client
from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.layout import PROJECT
from shared.flows.documents import Update, all_documents, job_path, unit_path
from shared.flows.envelope import JOIN, Envelope
from shared.jobs.queries import parse_stages, stages_of
from shared.pipeline import FUNCTIONS, STALLED_S
from shared.runtime.services import Services
from tests.fixtures.suite.deliveries import hold_deliveries, lose_message
from tests.fixtures.suite.frames_job import download_artifact, run_frames_job

pytestmark = pytest.mark.suite


def wait_until_extraction_is_queued(client: Client, job_id: str) -> None:
    """Waits until the upload was processed. The job runs from the start of that on."""

    def is_queued() -> bool:
        stages = client.get_job(job_id)["stages"]
        return ("frame_extraction", "queued") in {(row["name"], row["state"]) for row in stages}

    wait_until(is_queued, "the extraction to be queued")


def test_message_delivered_four_times_gives_one_result_and_one_email(
    suite: SuiteHandle, services: Services, clip: Path, tmp_path: Path
) -> None:
    user = suite.user()
    client = suite.client(user)
    _, expected = run_frames_job(suite, client, clip, tmp_path, every="1")
    job_id = suite.start_job(client, "frames", clip, options={"every": "1"})
    keys = [
        ("upload_trigger", "video"),
        ("upload_trigger", JOIN),
        ("frame_extraction", "0"),
        ("frame_extraction", JOIN),
        ("notification", "done.e0"),
    ]
    copies = [Envelope(job_id, stage, part, epoch=0) for stage, part in keys]
    for _ in range(3):
        services.publisher.publish(copies)
        time.sleep(0.7)
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done", job["error"]
    wait_until(lambda: len(suite.list_emails(user.email)) >= 2, "the e-mail of each job")
    wait_until(
        lambda: client.get_job(job_id)["stages"][-1]["state"] == "done", "the notification's commit"
    )
    services.publisher.publish(copies)
    # The copies have no visible effect to wait for: all their units are DONE.
    time.sleep(3)
    assert download_artifact(client, job, "frames.zip", tmp_path) == expected
    assert len(suite.list_emails(user.email)) == 2, "one e-mail for each of the two jobs"
    stages = {
        stage.name: stage for stage in parse_stages(services.store.run_query(stages_of(job_id)))
    }
    assert stages["frame_extraction"].done == stages["frame_extraction"].total == 1
    units = services.store.run_query(all_documents(f"jobs/{job_id}/units"))
    assert {doc.data["state"] for doc in units} == {"done"}


def test_sweeper_resumes_a_job_whose_messages_were_lost(
    suite: SuiteHandle, services: Services, clip: Path
) -> None:
    client = suite.client()
    # Held to the end: a repeated event of the upload announces the part again.
    with hold_deliveries(suite, "frame_extraction"):
        job_id = suite.start_job(client, "frames", clip)
        lose_message(suite, "frame_extraction", job_id)
        path = unit_path(job_id, "frame_extraction", 0, "0")
        (unit,) = services.store.read([path])
        assert unit is not None
        waits = unit.data["next_check_at"] - unit.data["admitted_at"]
        assert waits >= timedelta(seconds=STALLED_S), "the sweeper acts before two leases expire"
        # Later than any machine needs for the rest of the test.
        later = datetime.now(UTC) + timedelta(hours=1)
        services.store.commit([Update(path, {"next_check_at": later})])
        suite.trigger_schedule("sweeper")
        time.sleep(2)
        (unit,) = services.store.read([path])
        assert unit is not None
        assert unit.data["next_check_at"] == later, "the sweeper acted before the time"
        long_ago = datetime.now(UTC) - timedelta(minutes=10)
        services.store.commit([Update(path, {"next_check_at": long_ago})])
        suite.trigger_schedule("sweeper")
        lose_message(suite, "frame_extraction", job_id)
        services.store.commit([Update(path, {"next_check_at": long_ago})])
    suite.trigger_schedule("sweeper")
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done"


def test_cancelled_job_stops_and_stays_cancelled(
    suite: SuiteHandle, services: Services, clip: Path
) -> None:
    user = suite.user()
    client = suite.client(user)
    with hold_deliveries(suite, "frame_extraction"):
        job_id = suite.start_job(client, "frames", clip)
        wait_until_extraction_is_queued(client, job_id)
        client.call("POST", f"/v1/jobs/{job_id}/cancel")
        client.call("POST", f"/v1/jobs/{job_id}/cancel")
    wait_until(lambda: suite.list_emails(user.email), "the e-mail")
    time.sleep(2)
    job = client.get_job(job_id)
    assert job["status"] == "cancelled"
    assert len(suite.list_emails(user.email)) == 1
    (unit,) = services.store.read([unit_path(job_id, "frame_extraction", 0, "0")])
    assert unit is None or unit.data["attempt"] == 0, "the extraction started for a cancelled job"
    with pytest.raises(ApiError) as refused:
        client.call("POST", f"/v1/jobs/{job_id}/redrive")
    assert (refused.value.status, refused.value.code) == (409, "wrong-state")


def test_redriven_job_ends_done_and_sends_an_email_for_each_outcome(
    suite: SuiteHandle, services: Services, clip: Path, tmp_path: Path
) -> None:
    """The extraction fails for good while the recorded generation of the source is wrong."""
    user = suite.user()
    client = suite.client(user)
    with hold_deliveries(suite, "frame_extraction"):
        job_id = suite.start_job(client, "frames", clip)
        wait_until_extraction_is_queued(client, job_id)
        (doc,) = services.store.read([job_path(job_id)])
        assert doc is not None
        facts = doc.data["facts"]["upload_trigger"]["video"]
        generation_field = "facts.upload_trigger.video.generation"
        services.store.commit(
            [Update(job_path(job_id), {generation_field: facts["generation"] + 1})]
        )
    failed = suite.wait_for_job(client, job_id)
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "source-expired"
    assert failed["error"]["stage"] == "frame_extraction"
    wait_until(lambda: suite.list_emails(user.email), "the first e-mail")
    services.store.commit([Update(job_path(job_id), {generation_field: facts["generation"]})])
    client.call("POST", f"/v1/jobs/{job_id}/redrive")
    job = suite.wait_for_job(client, job_id)
    assert (job["status"], job["epoch"], job["error"]) == ("done", 1, None)
    assert len(download_artifact(client, job, "frames.zip", tmp_path)) > 1000
    both_emails = wait_until(
        lambda: emails if len(emails := suite.list_emails(user.email)) == 2 else None,
        "the second e-mail",
    )
    assert len({mail["message_id"] for mail in both_emails}) == 2


def test_dead_letter_with_attempts_left_is_published_again(
    suite: SuiteHandle, services: Services, clip: Path
) -> None:
    client = suite.client()
    with hold_deliveries(suite, "frame_extraction"):
        job_id = suite.start_job(client, "frames", clip)
        lose_message(suite, "frame_extraction", job_id)
    envelope = Envelope(job_id, "frame_extraction", "0", epoch=0)
    url = f"{suite.url('pubsub')}/v1/projects/{PROJECT}/topics/{FUNCTIONS['dead_letter'].topic}"

    body = base64.b64encode(envelope.to_json()).decode()
    request(
        "POST", f"{url}:publish", {"messages": [{"data": body, "attributes": envelope.attributes}]}
    )
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done"
