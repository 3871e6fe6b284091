"""Messages that come twice, never, or too often, and people who change their mind."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from infra.local.suite.api_client import ApiError
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.http import request
from infra.local.suite.layout import PROJECT
from shared.flows.documents import Update, job_path, stage_path, unit_path
from shared.flows.envelope import JOIN, Envelope
from shared.pipeline import FUNCTIONS, Bucket
from shared.runtime.interpreter import Services
from tests.fixtures.media.clips import CLIP_SPECS
from tests.fixtures.suite.deliveries import hold_deliveries, lose_messages
from tests.fixtures.suite.frames_job import download_artifact, run_frames_job

pytestmark = pytest.mark.suite


@pytest.fixture(scope="module")
def clip() -> Path:
    return CLIP_SPECS["cfr30"].encode().path


def test_every_message_four_times_makes_one_result_and_one_mail(
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
    services.publisher.publish(copies)
    # When a last message behind them is through, so are they: their units are all DONE.
    time.sleep(3)
    assert download_artifact(client, job, "frames.zip", tmp_path) == expected
    assert len(suite.list_emails(user.email)) == 2, "one mail for each of the two jobs"
    stages = {
        doc.data["stage"]: doc.data
        for doc in services.store.list_documents(f"jobs/{job_id}/stages")
    }
    assert stages["frame_extraction"]["done"] == stages["frame_extraction"]["total"] == 1
    units = services.store.list_documents(f"jobs/{job_id}/units")
    assert {doc.data["state"] for doc in units} == {"done"}


def test_a_job_whose_messages_were_lost_is_found_by_the_sweeper(
    suite: SuiteHandle, services: Services, clip: Path
) -> None:
    client = suite.client()
    with hold_deliveries(suite, "frame_extraction"):
        job_id = suite.start_job(client, "frames", clip)
        lose_messages(suite, "frame_extraction", count=1)
    suite.trigger_schedule("sweeper")
    time.sleep(2)
    assert client.get_job(job_id)["status"] == "running", (
        "the sweeper spoke before two leases were over"
    )
    long_ago = datetime.now(UTC) - timedelta(minutes=10)
    for stage in ("upload_trigger", "frame_extraction", "notification"):
        services.store.commit(
            [Update(stage_path(job_id, stage, 0), {"last_progress_at": long_ago})]
        )
    suite.trigger_schedule("sweeper")
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done"


def test_a_cancelled_job_stops_and_stays_cancelled(
    suite: SuiteHandle, services: Services, clip: Path
) -> None:
    user = suite.user()
    client = suite.client(user)
    with hold_deliveries(suite, "frame_extraction"):
        job_id = suite.start_job(client, "frames", clip)
        wait_until(lambda: client.get_job(job_id)["status"] == "running", "the job to run")
        client.call("POST", f"/v1/jobs/{job_id}/cancel")
        client.call("POST", f"/v1/jobs/{job_id}/cancel")
    wait_until(lambda: suite.list_emails(user.email), "the mail")
    time.sleep(2)
    job = client.get_job(job_id)
    assert job["status"] == "cancelled"
    assert len(suite.list_emails(user.email)) == 1
    (unit,) = services.store.read([unit_path(job_id, "frame_extraction", 0, "0")])
    assert unit is None, "work was begun for a cancelled job"
    with pytest.raises(ApiError) as refused:
        client.call("POST", f"/v1/jobs/{job_id}/redrive")
    assert (refused.value.status, refused.value.code) == (409, "wrong-state")


def test_a_failed_job_that_is_redriven_ends_done_and_tells_both_ends(
    suite: SuiteHandle, services: Services, clip: Path, tmp_path: Path
) -> None:
    """The source is hidden, so the extraction fails for good; it comes back before the redrive."""
    user = suite.user()
    client = suite.client(user)
    with hold_deliveries(suite, "frame_extraction"):
        job_id = suite.start_job(client, "frames", clip)
        wait_until(lambda: client.get_job(job_id)["status"] == "running", "the job to run")
        (doc,) = services.store.read([job_path(job_id)])
        assert doc is not None
        facts = doc.data["facts"]["upload_trigger"]["video"]
        hidden = "facts.upload_trigger.video.generation"
        services.store.commit([Update(job_path(job_id), {hidden: facts["generation"] + 1})])
    failed = suite.wait_for_job(client, job_id)
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "source-expired"
    assert failed["error"]["stage"] == "frame_extraction"
    wait_until(lambda: suite.list_emails(user.email), "the first mail")
    services.store.commit([Update(job_path(job_id), {hidden: facts["generation"]})])
    client.call("POST", f"/v1/jobs/{job_id}/redrive")
    job = suite.wait_for_job(client, job_id)
    assert (job["status"], job["epoch"], job["error"]) == ("done", 1, None)
    assert len(download_artifact(client, job, "frames.zip", tmp_path)) > 1000
    mails = wait_until(
        lambda: found if len(found := suite.list_emails(user.email)) == 2 else None,
        "the second mail",
    )
    assert len({mail["message_id"] for mail in mails}) == 2


def test_a_deleted_job_leaves_nothing_and_late_uploads_go_too(
    suite: SuiteHandle, services: Services, clip: Path, tmp_path: Path
) -> None:
    client = suite.client()
    job, _ = run_frames_job(suite, client, clip, tmp_path)
    job_id = job["id"]
    objects = [
        (Bucket(doc["bucket"]), doc["object"])
        for (one,) in [services.store.read([job_path(job_id)])]
        if one is not None
        for doc in one.data["artifacts"]
    ]
    assert objects
    client.call("DELETE", f"/v1/jobs/{job_id}")
    client.call("DELETE", f"/v1/jobs/{job_id}")
    with pytest.raises(ApiError) as gone:
        client.get_job(job_id)
    assert gone.value.status == 404
    for below in ("stages", "units", "events"):
        assert services.store.list_documents(f"jobs/{job_id}/{below}") == ()
    upload = f"jobs/{job_id}/video.0"
    for bucket, name in [*objects, (Bucket.UPLOADS, upload)]:
        assert services.objects.stat(bucket, name) is None
    with services.objects.create(Bucket.UPLOADS, upload, content_type="video/mp4", spec="") as late:
        late.write(clip.read_bytes())
    wait_until(partial(is_gone, services, upload), "the late upload to go")


def test_an_object_that_belongs_to_no_job_is_put_aside(
    suite: SuiteHandle, services: Services
) -> None:
    strange = {}
    for name in ("stray.mp4", f"jobs/{'x' * 20}/video.0"):
        with services.objects.create(
            Bucket.UPLOADS, name, content_type="video/mp4", spec=""
        ) as stray:
            stray.write(b"whose am I?")
        strange[name] = stray.stored_object.generation
    for name, generation in strange.items():
        wait_until(
            partial(services.objects.stat, Bucket.WORK, f"quarantine/uploads/{name}.{generation}"),
            f"{name} to be put aside",
        )
        wait_until(partial(is_gone, services, name), f"{name} to go")


def is_gone(services: Services, upload: str) -> bool:
    return services.objects.stat(Bucket.UPLOADS, upload) is None


def test_a_dead_letter_with_attempts_left_is_announced_again(
    suite: SuiteHandle, services: Services, clip: Path
) -> None:
    client = suite.client()
    with hold_deliveries(suite, "frame_extraction"):
        job_id = suite.start_job(client, "frames", clip)
        lose_messages(suite, "frame_extraction", count=1)
    dead = Envelope(job_id, "frame_extraction", "0", epoch=0)
    url = f"{suite.url('pubsub')}/v1/projects/{PROJECT}/topics/{FUNCTIONS['dead_letter'].topic}"

    body = base64.b64encode(dead.to_json()).decode()
    request("POST", f"{url}:publish", {"messages": [{"data": body, "attributes": dead.attributes}]})
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done"


def test_storage_that_fails_one_call_in_ten_costs_time_and_nothing_else(
    suite: SuiteHandle, clip: Path, tmp_path: Path
) -> None:
    client = suite.client()
    _, expected = run_frames_job(suite, client, clip, tmp_path, every="0.5")
    suite.add_storage_fault(
        {"match": {"path_regex": "/storage/.*|/upload/.*"}, "action": {"status": 503}, "rate": 0.1,
         "count": 1000}
    )  # fmt: skip
    try:
        _, archive = run_frames_job(suite, client, clip, tmp_path, every="0.5")
    finally:
        suite.clear_storage_faults()
    assert archive == expected


def test_a_mail_server_that_is_busy_gets_the_mail_later_and_only_once(
    suite: SuiteHandle, clip: Path
) -> None:
    user = suite.user()
    client = suite.client(user)
    suite.refuse_emails("451 4.3.0 Try later", to=user.email)
    job_id = suite.start_job(client, "frames", clip)
    assert suite.wait_for_job(client, job_id)["status"] == "done"
    mails = wait_until(lambda: suite.list_emails(user.email), "the mail")
    assert len(mails) == 1


def test_an_address_that_is_refused_leaves_the_job_done(suite: SuiteHandle, clip: Path) -> None:
    user = suite.user()
    client = suite.client(user)
    suite.refuse_emails("550 5.1.1 No such user", to=user.email)
    job_id = suite.start_job(client, "frames", clip)
    job = suite.wait_for_job(client, job_id)
    assert job["status"] == "done"
    told = wait_until(
        lambda: next(
            (
                one
                for one in client.get_job(job_id)["stages"]
                if one["name"] == "notification" and one["state"] == "failed"
            ),
            None,
        ),
        "the notification to give up",
    )
    assert told["error"]["code"] == "mail-refused"
    assert client.get_job(job_id)["status"] == "done"
