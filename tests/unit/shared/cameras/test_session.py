"""Camera commands: their writes, and the announcement of recorder tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from shared.cameras import session
from shared.cameras.camera import Camera, camera_path, new_camera
from shared.cameras.recorder_tasks import STREAM
from shared.cameras.recording import Recording, RecordingRequest, recording_path
from shared.cameras.source import parse_source
from shared.errors import NotFound, WrongState
from shared.flows.documents import Update, all_documents
from shared.flows.effects import Reply
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS
from shared.runtime.interpreter import Interpreter
from shared.runtime.leases import TaskLease
from shared.runtime.services import Services, SystemClock
from shared.tasks.run import run
from shared.tasks.task import TaskDone, TaskOutcome, task_path
from tests.fakes.job_store import MemoryJobStore
from tests.fakes.secret_keys import encrypt_camera
from tests.fakes.services import FixedServices

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = parse_source("rtsp://cam.example.org/live")
CAMERA = SOURCE.camera_id("alice")
REQUEST = RecordingRequest("t", 0, 60, 1 << 30, NOW + timedelta(days=1))


@dataclass
class CameraFixture:
    """One camera, its job store, and the messages that were published."""

    job_store: MemoryJobStore = field(default_factory=MemoryJobStore)
    sent: list[Envelope] = field(default_factory=list)
    token_count: int = 0

    def __post_init__(self) -> None:
        self.job_store.commit(new_camera("alice", "Door", SOURCE, encrypt_camera, NOW))

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        self.sent += envelopes

    def _token(self) -> str:
        self.token_count += 1
        return f"{self.token_count:016d}"

    @property
    def services(self) -> Services:
        return FixedServices(
            cast(Any, self.job_store), cast(Any, None), self, SystemClock(),
            lambda *_, **__: None, self._token,
        )  # fmt: skip

    def run(self, flow: Any) -> Any:
        return Interpreter(self.services).run(flow)

    def start(self, number: str) -> None:
        clock = self.services.clock_and_ids
        self.run(session.start_recording(CAMERA, number, REQUEST, clock, max_watched=4))

    @property
    def camera(self) -> Camera:
        (doc,) = self.job_store.read([camera_path(CAMERA)])
        assert doc is not None
        return Camera.from_doc(doc)

    def recording(self, number: str) -> Recording:
        (doc,) = self.job_store.read([recording_path(number)])
        assert doc is not None
        return Recording.from_doc(doc)

    def recorder_task_ids(self) -> set[str]:
        rows = self.job_store.run_query(all_documents("recorder_tasks"))
        return {doc.id for doc in rows if doc.data["kind"] == STREAM}


A, B = "a" * 20, "b" * 20


def test_recordings_and_previews_share_one_recorder_task() -> None:
    fixture = CameraFixture()
    fixture.start(A)
    fixture.start(B)
    fixture.run(session.request_preview(CAMERA, fixture.services.clock_and_ids, max_watched=4))
    assert set(fixture.camera.active_requests) == {A, B}
    assert fixture.recorder_task_ids() == {fixture.camera.recorder_task}
    assert fixture.camera.epoch == 1


def test_repeated_start_announces_the_same_recording_again() -> None:
    fixture = CameraFixture()
    fixture.start(A)
    before = len(fixture.sent)
    fixture.start(A)
    assert len(fixture.recorder_task_ids()) == 1
    assert fixture.sent[before].job_id == fixture.camera.recorder_task


def test_camera_with_a_failed_recorder_task_gets_a_new_one() -> None:
    fixture = CameraFixture()
    fixture.start(A)
    first = fixture.camera.recorder_task
    fixture.job_store.commit([Update(task_path("recorder", first), {"state": "failed"})])
    fixture.start(B)
    assert fixture.camera.recorder_task != first
    assert fixture.camera.epoch == 2
    assert set(fixture.camera.active_requests) == {A, B}


def test_stop_is_recorded_with_the_camera_and_is_idempotent() -> None:
    fixture = CameraFixture()
    fixture.start(A)
    stopped = fixture.run(session.stop_recording(A, fixture.services.clock_and_ids))
    repeated = fixture.run(session.stop_recording(A, fixture.services.clock_and_ids))
    assert (stopped.state, stopped.ended_by) == ("stopping", "stop")
    assert repeated.ended_at == stopped.ended_at
    assert fixture.camera.active_requests[A].stop_reason == "stop"


def test_deleting_a_running_recording_removes_its_request() -> None:
    fixture = CameraFixture()
    fixture.start(A)
    fixture.run(session.delete_recording(A, fixture.services.clock_and_ids))
    assert fixture.camera.active_requests == {}
    assert fixture.recording(A).state == "deleted"
    assert fixture.sent[-1].job_id == A


def test_recording_camera_cannot_be_deleted() -> None:
    fixture = CameraFixture()
    fixture.start(A)
    with pytest.raises(WrongState):
        fixture.run(session.delete_camera(CAMERA))
    fixture.run(session.delete_recording(A, fixture.services.clock_and_ids))
    fixture.run(session.delete_camera(CAMERA))
    assert (
        fixture.job_store.run_query(all_documents("cameras"))
        == fixture.job_store.run_query(all_documents("camera_secrets"))
        == ()
    )


def test_commands_raise_not_found_without_the_camera() -> None:
    fixture = CameraFixture()
    clock = fixture.services.clock_and_ids
    for flow in (
        session.start_recording("c" * 20, A, REQUEST, clock, max_watched=4),
        session.stop_recording(B, clock),
        session.request_preview("c" * 20, clock, max_watched=4),
    ):
        with pytest.raises(NotFound):
            fixture.run(flow)


def test_recorder_lease_is_short() -> None:
    """Pictures are lost while no task holds the camera, so a dead worker's lease must be short."""
    fixture = CameraFixture()
    fixture.start(A)
    remaining: list[timedelta] = []

    def handle(lease: TaskLease) -> TaskOutcome:
        (doc,) = fixture.job_store.read([lease.claim.task.path])
        assert doc is not None
        remaining.append(doc.data["lease_until"] - datetime.now(UTC))
        return TaskDone()

    interpreter = Interpreter(fixture.services, task_handler=handle)
    assert interpreter.run(run(fixture.sent[0], fixture.services.clock_and_ids)) is Reply.ACK
    assert remaining[0] <= timedelta(seconds=FUNCTIONS["recorder"].lease_s)
    assert FUNCTIONS["recorder"].lease_s < 20
