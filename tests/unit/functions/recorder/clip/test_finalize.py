"""FINALIZE after failures: every recording expires, and deletion leaves nothing."""

from __future__ import annotations

import time

import pytest

from functions.recorder.tasks import run
from shared.cameras import session
from shared.cameras.recording import RecordingState, clip_prefix, recording_path, segments_prefix
from shared.entrypoints.task import TaskContext
from shared.errors import FirestoreUnavailable
from shared.flows.documents import Doc, Query, Update
from shared.flows.effects import Later
from shared.pipeline import FUNCTIONS, Bucket
from shared.runtime.interpreter import Interpreter
from shared.runtime.leases import TaskLease
from shared.tasks.task import Task, TaskClaim, TaskOutcome, task_path
from tests.fixtures.recorder import RecorderHarness


@pytest.fixture
def joining_recording(recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a recording that waits for its clip. No message about it is delivered."""
    monkeypatch.setattr(recorder, "publish", lambda _envelopes: None)
    recording_id = recorder.start_recording(recorder.add_camera("rtsp://cam.example.org/live"))
    recorder.store.commit([Update(recording_path(recording_id), {"state": RecordingState.JOINING})])
    return recording_id


def finalize(recorder: RecorderHarness, recording_id: str, attempt: int) -> TaskOutcome:
    (doc,) = recorder.store.read([task_path("recorder", recording_id)])
    assert doc is not None
    claim = TaskClaim(Task.from_doc("recorder", doc), "token", attempt)
    lease = TaskLease(claim, time.monotonic() + 3600)
    return run(TaskContext(lease, recorder.services, recorder.settings))


def test_recording_that_crashes_its_workers_fails_and_still_expires(
    recorder: RecorderHarness, joining_recording: str
) -> None:
    """A task that is given up does not run again, so it could not remove the recording."""
    outcome = finalize(recorder, joining_recording, FUNCTIONS["recorder"].max_attempts)
    failed = recorder.read_recording(joining_recording)
    assert failed.state is RecordingState.FAILED
    assert failed.error is not None
    assert failed.error["code"] == "not-joined"
    assert isinstance(outcome, Later)
    assert outcome.progress
    assert outcome.wait_s == pytest.approx(24 * 3600, rel=0.01)


def test_unavailable_firestore_does_not_fail_the_recording(
    recorder: RecorderHarness, joining_recording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_unavailable(_query: Query) -> tuple[Doc, ...]:
        raise FirestoreUnavailable

    monkeypatch.setattr(recorder.store, "run_query", raise_unavailable)
    outcome = finalize(recorder, joining_recording, FUNCTIONS["recorder"].max_attempts - 1)
    monkeypatch.undo()
    assert isinstance(outcome, Later)
    assert outcome.progress
    assert recorder.read_recording(joining_recording).state is RecordingState.JOINING


def test_deleted_recording_leaves_no_objects_of_crashed_workers(
    recorder: RecorderHarness, joining_recording: str
) -> None:
    leftovers = [
        (Bucket.WORK, f"{segments_prefix(joining_recording)}000001-t-0001-00000.h264"),
        (Bucket.OUTPUTS, f"{clip_prefix(joining_recording)}1.body"),
        (Bucket.OUTPUTS, f"{clip_prefix(joining_recording)}abc/clip.mp4"),
    ]
    for bucket, name in leftovers:
        with recorder.objects.create(bucket, name, content_type="video/mp4", spec="s") as writer:
            writer.write(b"pictures")
    Interpreter(recorder.services).run(
        session.delete_recording(joining_recording, recorder.services.clock_and_ids)
    )
    finalize(recorder, joining_recording, 1)
    assert recorder.store.read([recording_path(joining_recording)]) == (None,)
    assert [name for bucket, name in leftovers if recorder.objects.stat(bucket, name)] == []
