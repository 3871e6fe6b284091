"""The copy of a clip that starts a job: it is counted, and made only for a job that takes it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.recorder.clip.join import upload_to_job
from shared.cameras.recording import recording_path
from shared.entrypoints.task import TaskContext
from shared.flows.documents import Delete, Update, job_path
from shared.jobs.creation import new_job
from shared.jobs.model import Job, JobInput, Status
from shared.pipeline import RECIPES, Bucket
from shared.recipes.stored_object import StoredObject
from shared.runtime.leases import TaskLease
from shared.tasks.task import Task, TaskClaim, task_path
from tests.fixtures.recorder import RecorderHarness

JOB = "j" * 20
UPLOAD = f"jobs/{JOB}/video.0"
CLIP = b"a clip of 20 bytes.."


@pytest.fixture
def recording(recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a recording whose clip a job of Alice waits for."""
    monkeypatch.setattr(recorder, "publish", lambda _envelopes: None)
    camera = recorder.add_camera("rtsp://cam.example.org/live")
    now = datetime.now(UTC)
    recorder.store.commit(
        new_job(
            job_id=JOB,
            owner="alice",
            email="",
            recipe=RECIPES["frames"],
            title="",
            options={},
            inputs=(JobInput("video", UPLOAD, "video/mp4", 0, "t.mp4"),),
            now=now,
            expires_at=now + timedelta(days=30),
        )
    )
    return recorder.start_recording(camera, recipe="frames", job=JOB, job_object=UPLOAD)


def upload_clip(recorder: RecorderHarness, recording_id: str) -> StoredObject | None:
    """Uploads a clip to the job. Returns the job's upload."""
    with recorder.objects.create(
        Bucket.OUTPUTS, f"recordings/{recording_id}/clip.mp4", content_type="video/mp4", spec="s"
    ) as writer:
        writer.write(CLIP)
    (doc,) = recorder.store.read([task_path("recorder", recording_id)])
    assert doc is not None
    lease = TaskLease(TaskClaim(Task.from_doc("recorder", doc), "t", 1), time.monotonic() + 3600)
    context = TaskContext(lease, recorder.services, recorder.settings)
    upload_to_job(context, recorder.read_recording(recording_id), writer.stored_object)
    return recorder.objects.stat(Bucket.UPLOADS, UPLOAD)


def read_job(recorder: RecorderHarness) -> Job:
    (doc,) = recorder.store.read([job_path(JOB)])
    assert doc is not None
    return Job.from_doc(doc)


def test_copy_of_a_clip_counts_after_the_recording_is_deleted(
    recorder: RecorderHarness, recording: str
) -> None:
    upload = upload_clip(recorder, recording)
    recorder.store.commit([Delete(recording_path(recording))])

    assert upload is not None
    assert read_job(recorder).inputs[0].size_bytes == len(CLIP)
    assert recorder.store.sum_stored_bytes("alice") == len(CLIP)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"status": Status.DELETED, "inputs": []}, id="deleted"),
        pytest.param({"status": Status.CANCELLED}, id="cancelled"),
        pytest.param(
            {"inputs": [JobInput("video", f"jobs/{JOB}/video.1", "v/m", 9, "b", 1).to_dict()]},
            id="another file is declared",
        ),
    ],
)
def test_clip_is_not_copied_for_a_job_that_does_not_take_it(
    recorder: RecorderHarness, recording: str, fields: Mapping[str, Any]
) -> None:
    recorder.store.commit([Update(job_path(JOB), fields)])

    assert upload_clip(recorder, recording) is None


def test_repeated_copy_changes_nothing(recorder: RecorderHarness, recording: str) -> None:
    """The first attempt crashed after the copy, and the job runs."""
    first = upload_clip(recorder, recording)
    recorder.store.commit([Update(job_path(JOB), {"status": Status.RUNNING})])

    assert upload_clip(recorder, recording) == first
    assert recorder.store.sum_stored_bytes("alice") == len(CLIP)
