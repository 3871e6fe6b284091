"""The end of a recording is an event for the webhooks of its owner."""

from __future__ import annotations

import time
from typing import Any

import pytest

from functions.api.webhooks.event_schemas import RecordingEvent
from functions.recorder.tasks import run
from shared.cameras.recording import Recording, RecordingState, recording_path
from shared.cameras.recording_events import recording_event
from shared.entrypoints.task import TaskContext
from shared.flows.documents import Update, all_documents
from shared.flows.envelope import Envelope
from shared.jobs.webhooks.events import EVENT
from shared.jobs.webhooks.webhook import new_webhook
from shared.runtime.leases import TaskLease
from shared.tasks.task import Task, TaskClaim, task_path
from tests.fakes.secret_keys import encrypt_secret
from tests.fixtures.recorder import RecorderHarness

CLIP: dict[str, Any] = {
    "path": "recordings/x/clip.mp4", "generation": 7, "size_bytes": 99, "content_type": "video/mp4",
    "duration_sec": 4.5, "fps": 25.0, "width": 640, "height": 360, "codec": "h264",
    "audio_codec": None, "gaps": [], "skipped_run_count": 0,
}  # fmt: skip


def subscribe(recorder: RecorderHarness, *events: str) -> None:
    webhook_id, now = "h" * 20, recorder.services.clock.now()
    secret = encrypt_secret("whsec_AAAA", webhook_id, "alice")
    recorder.store.commit([new_webhook(webhook_id, "alice", "https://h.test", events, secret, now)])


def end_without_pictures(
    recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch, published: list[Envelope]
) -> Recording:
    """Returns a recording whose camera has sent nothing, after two deliveries of its task."""
    monkeypatch.setattr(recorder, "publish", published.extend)
    camera = recorder.add_camera("rtsp://cam.example.org/live")
    recording_id = recorder.start_recording(camera)
    fields = {"state": RecordingState.JOINING, "title": "Door"}
    recorder.store.commit([Update(recording_path(recording_id), fields)])
    published.clear()
    for _ in range(2):
        (doc,) = recorder.store.read([task_path("recorder", recording_id)])
        assert doc is not None
        lease = TaskLease(
            TaskClaim(Task.from_doc("recorder", doc), "token", 1), time.monotonic() + 3600
        )
        run(TaskContext(lease, recorder.services, recorder.settings))
    return recorder.read_recording(recording_id)


def events_of(recorder: RecorderHarness) -> list[dict[str, Any]]:
    docs = recorder.store.run_query(all_documents("deliveries"))
    return [dict(doc.data) for doc in docs if doc.data["kind"] == EVENT]


def test_failed_recording_is_told_once(
    recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(recorder, "recording.failed")
    published: list[Envelope] = []
    recording = end_without_pictures(recorder, monkeypatch, published)

    assert recording.state is RecordingState.FAILED
    [task] = events_of(recorder)
    event = RecordingEvent.model_validate_json(task["body"])
    assert (event.type, event.data.title) == ("recording.failed", "Door")
    assert event.data.recording_id == recording.id
    assert event.data.error is not None
    assert event.data.error.code == "nothing-recorded"
    assert event.data.clip is None
    assert [envelope.stage for envelope in published] == ["webhook"]


def test_recording_without_a_subscriber_writes_no_event(
    recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(recorder, "recording.done")
    published: list[Envelope] = []
    end_without_pictures(recorder, monkeypatch, published)
    assert (events_of(recorder), published) == ([], [])


def test_body_describes_the_clip(
    recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = end_without_pictures(recorder, monkeypatch, [])
    fields = {"state": RecordingState.DONE, "clip": CLIP}
    create = recording_event(recording, fields, recorder.services.clock.now())

    event = RecordingEvent.model_validate_json(create.data["body"])
    assert event.type == "recording.done"
    assert event.data.clip is not None
    assert event.data.clip.duration_sec == 4.5
    assert event.data.clip.url == f"/v1/recordings/{recording.id}/clip"
    assert "generation" not in create.data["body"]
