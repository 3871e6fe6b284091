"""Jobs of the client: waiting by ETag, actions, decks and recordings."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from moodreel import Conflict, Job, JobFailed, WaitTimeout
from moodreel.models import JobView
from moodreel.operations.recordings import parse_source
from tests.fixtures.client_service import ClientService, respond


@pytest.fixture
def job(service: ClientService, tmp_path: Path) -> Job:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    return service.client().run("frames", clip, title="Holiday")


def test_wait_follows_the_job_to_its_end(service: ClientService, job: Job) -> None:
    seen: list[str] = []

    def on_change(view: JobView) -> None:
        seen.append(view.status)
        if view.status == "awaiting_upload":
            service.change_job(job.id, status="running")
        else:
            service.finish_job(job.id, {"frames.zip": b"zip"})

    job.wait(on_change=on_change)

    assert seen == ["awaiting_upload", "running", "done"]
    assert [artifact.name for artifact in job.artifacts] == ["frames.zip"]


def test_unchanged_job_is_not_sent_again(service: ClientService, job: Job) -> None:
    with pytest.raises(WaitTimeout, match="awaiting_upload"):
        job.wait(timeout_s=1.5)

    polls = [r for r in service.network.requests if r.url.path == f"/v1/jobs/{job.id}"]
    assert len(polls) > 1
    assert all("If-None-Match" in request.headers for request in polls[1:])
    assert job.refresh().title == "Holiday"


def test_wait_survives_an_outage(service: ClientService, job: Job) -> None:
    service.finish_job(job.id, {})
    service.network.faults = [respond(503, Retry_After="0"), respond(502)]

    assert job.wait().status == "done"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_job_that_failed_is_an_error(service: ClientService, job: Job, status: str) -> None:
    error = {"code": "no-video", "message": "This is not a video.", "stage": "upload_trigger"}
    service.change_job(job.id, status=status, error=error if status == "failed" else None)

    with pytest.raises(JobFailed, match=r"not a video|cancelled") as raised:
        job.wait()

    assert raised.value.code == ("no-video" if status == "failed" else "cancelled")
    assert job.wait(check=False).status == status


def test_review_ends_the_wait(service: ClientService, job: Job) -> None:
    service.change_job(job.id, status="awaiting_review")

    assert job.wait().status == "awaiting_review"


def test_actions_return_the_changed_job(job: Job) -> None:
    assert job.cancel().status == "cancelled"
    with pytest.raises(Conflict):
        job.redrive()
    job.delete()


def test_same_key_returns_the_first_job(service: ClientService, tmp_path: Path) -> None:
    clip = tmp_path / "b.mp4"
    clip.write_bytes(b"clip")
    client = service.client()

    first = client.run("frames", clip, idempotency_key="batch-7")
    second = client.run("frames", clip, idempotency_key="batch-7")

    assert first.id == second.id


def test_presentation_takes_its_prompt_from_the_request(service: ClientService) -> None:
    job = service.client().run("presentation", prompt="Photosynthesis", slides=5)

    assert job.view.options["slides"] == 5
    assert not service.network.storage_requests("PUT")


def test_jobs_are_filtered_by_time(service: ClientService, job: Job) -> None:
    client = service.client()

    assert [row.id for row in client.jobs(created_before=datetime.now(UTC))] == [job.id]
    assert not list(client.jobs(created_after=datetime.now()))  # noqa: DTZ005 - of this machine
    assert not list(client.jobs(status="done"))


def test_recording_is_started_and_stopped(service: ClientService) -> None:
    client = service.client()

    recording = client.record("rtsp://8.8.8.8/live", title="Door", recipe="frames", every="2")

    assert (recording.title, recording.recipe) == ("Door", "frames")
    assert not recording.has_ended
    assert [row.id for row in client.recordings()] == [recording.id]
    assert client.stop_recording(recording.id).id == recording.id
    assert client.recording(recording.id).job == recording.job


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("rtsp://cam/live", {"url": "rtsp://cam/live"}),
        ("0", {"device": 0}),
        ("01234567890123456789", {"camera": "01234567890123456789"}),
    ],
)
def test_sources_of_recordings(source: str, expected: object) -> None:
    assert parse_source(source) == expected


def test_user_metadata_is_given_changed_and_searched(
    service: ClientService, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")
    client = service.client()
    job = client.run("frames", clip, tags=["pilot"], metadata={"subject": "7", "room": "a"})
    assert (job.view.tags, job.view.metadata) == (("pilot",), {"subject": "7", "room": "a"})
    job.change(title="Pilot", description="First take", metadata={"room": None})
    found = job.refresh().view
    assert (found.title, found.description, found.metadata) == (
        "Pilot", "First take", {"subject": "7"},
    )  # fmt: skip
    assert [row.id for row in client.jobs(tag="pilot")] == [job.id]
    assert list(client.jobs(tag="other")) == []
