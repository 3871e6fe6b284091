"""JOIN when things go wrong: nothing is kept for ever, and nothing stays that was deleted."""

from __future__ import annotations

import time

import pytest

from functions.recorder.tasks import run
from shared.cameras import session
from shared.cameras.recording import RecordingState, clip_prefix, recording_path, segments_prefix
from shared.entrypoints.task import TaskContext
from shared.errors import FirestoreUnavailable
from shared.flows.documents import Doc, Update
from shared.flows.effects import Later
from shared.pipeline import FUNCTIONS, Bucket
from shared.runtime.interpreter import Interpreter, TaskLease
from shared.tasks.task import Task, TaskClaim, TaskOutcome, task_path
from tests.fixtures.recorder import RecorderHarness


@pytest.fixture
def joining(recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch) -> str:
    """A recording that waits for its clip; nobody is told of it."""
    monkeypatch.setattr(recorder, "publish", lambda _envelopes: None)
    number = recorder.start_recording(recorder.add_camera("rtsp://cam.example.org/live"))
    recorder.store.commit([Update(recording_path(number), {"state": RecordingState.JOINING})])
    return number


def looked_after(recorder: RecorderHarness, number: str, attempt: int) -> TaskOutcome:
    (doc,) = recorder.store.read([task_path("recorder", number)])
    assert doc is not None
    claimed = TaskClaim(Task.from_doc("recorder", doc), "token", attempt)
    hold = TaskLease(claimed, time.monotonic() + 3600)
    return run(TaskContext(hold, recorder.services, recorder.settings))


def test_a_recording_that_brings_its_workers_down_fails_and_still_expires(
    recorder: RecorderHarness, joining: str
) -> None:
    """An errand that is given up is looked after by nobody: neither would the recording be."""
    outcome = looked_after(recorder, joining, FUNCTIONS["recorder"].max_attempts)
    failed = recorder.read_recording(joining)
    assert failed.state is RecordingState.FAILED
    assert failed.error is not None
    assert failed.error["code"] == "not-joined"
    assert isinstance(outcome, Later)
    assert outcome.progress
    assert outcome.wait_s == pytest.approx(24 * 3600, rel=0.01)


def test_a_ledger_that_is_away_gives_up_no_recording(
    recorder: RecorderHarness, joining: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_collection: str) -> tuple[Doc, ...]:
        raise FirestoreUnavailable

    monkeypatch.setattr(recorder.store, "list_documents", away)
    outcome = looked_after(recorder, joining, FUNCTIONS["recorder"].max_attempts - 1)
    monkeypatch.undo()
    assert isinstance(outcome, Later)
    assert outcome.progress
    assert recorder.read_recording(joining).state is RecordingState.JOINING


def test_a_deleted_recording_leaves_nothing_that_a_dead_worker_wrote(
    recorder: RecorderHarness, joining: str
) -> None:
    left = [
        (Bucket.WORK, f"{segments_prefix(joining)}000001-t-0001-00000.h264"),
        (Bucket.OUTPUTS, f"{clip_prefix(joining)}1.body"),
        (Bucket.OUTPUTS, f"{clip_prefix(joining)}abc/clip.mp4"),
    ]
    for bucket, name in left:
        with recorder.objects.create(bucket, name, content_type="video/mp4", spec="s") as writer:
            writer.write(b"pictures")
    Interpreter(recorder.services).run(
        session.delete_recording(joining, recorder.services.clock_and_ids)
    )
    looked_after(recorder, joining, 1)
    assert recorder.store.read([recording_path(joining)]) == (None,)
    assert [name for bucket, name in left if recorder.objects.stat(bucket, name)] == []
