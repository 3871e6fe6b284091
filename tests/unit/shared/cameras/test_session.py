"""Commands to a camera: written down once, and told to somebody who holds it or will."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from shared.cameras import session
from shared.cameras.camera import Camera, camera_path, new_camera
from shared.cameras.recording import Recording, RecordingRequest, recording_path
from shared.cameras.source import parse_source
from shared.errors import NotFound, WrongState
from shared.flows.documents import Update
from shared.flows.effects import Reply
from shared.flows.envelope import Envelope
from shared.pipeline import FUNCTIONS
from shared.runtime.interpreter import Interpreter, Services, SystemClock, TaskLease
from shared.tasks.run import run
from shared.tasks.task import TaskDone, TaskOutcome, task_path
from tests.fakes.job_store import MemoryJobStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = parse_source("rtsp://cam.example.org/live")
CAMERA = SOURCE.camera_id("alice")
WISH = RecordingRequest("t", 0, 60, 1 << 30, NOW + timedelta(days=1))


@dataclass
class Desk:
    """One camera, and the messages that were sent about it."""

    ledger: MemoryJobStore = field(default_factory=MemoryJobStore)
    sent: list[Envelope] = field(default_factory=list)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.ledger.commit(new_camera("alice", "Door", SOURCE, NOW))

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        self.sent += envelopes

    def _token(self) -> str:
        self.numbers += 1
        return f"{self.numbers:016d}"

    @property
    def world(self) -> Services:
        return Services(
            cast(Any, self.ledger), cast(Any, None), self, SystemClock(),
            lambda *_, **__: None, self._token,
        )  # fmt: skip

    def run(self, flow: Any) -> Any:
        return Interpreter(self.world).run(flow)

    def start(self, number: str) -> None:
        self.run(session.start_recording(CAMERA, number, WISH, self.world.clock_and_ids))

    @property
    def camera(self) -> Camera:
        (doc,) = self.ledger.read([camera_path(CAMERA)])
        assert doc is not None
        return Camera.from_doc(doc)

    def recording(self, number: str) -> Recording:
        (doc,) = self.ledger.read([recording_path(number)])
        assert doc is not None
        return Recording.from_doc(doc)

    def shift_ids(self) -> set[str]:
        rows = self.ledger.list_documents("recorder_tasks")
        return {doc.id for doc in rows if doc.data["kind"] == session.STREAM}


A, B = "a" * 20, "b" * 20


def test_two_recordings_and_a_viewer_share_one_shift() -> None:
    desk = Desk()
    desk.start(A)
    desk.start(B)
    desk.run(session.request_preview(CAMERA, desk.world.clock_and_ids))
    assert set(desk.camera.active_requests) == {A, B}
    assert desk.shift_ids() == {desk.camera.recorder_task}
    assert desk.camera.epoch == 1


def test_a_start_that_is_repeated_is_one_recording_and_is_announced_again() -> None:
    desk = Desk()
    desk.start(A)
    before = len(desk.sent)
    desk.start(A)
    assert len(desk.shift_ids()) == 1
    assert desk.sent[before].job_id == desk.camera.recorder_task


def test_a_camera_whose_shift_was_given_up_gets_a_new_one() -> None:
    desk = Desk()
    desk.start(A)
    first = desk.camera.recorder_task
    desk.ledger.commit([Update(task_path("recorder", first), {"state": "failed"})])
    desk.start(B)
    assert desk.camera.recorder_task != first
    assert desk.camera.epoch == 2
    assert set(desk.camera.active_requests) == {A, B}


def test_a_stop_reaches_whoever_holds_the_camera_and_a_second_one_changes_nothing() -> None:
    desk = Desk()
    desk.start(A)
    stopped = desk.run(session.stop_recording(A, desk.world.clock_and_ids))
    again = desk.run(session.stop_recording(A, desk.world.clock_and_ids))
    assert (stopped.state, stopped.ended_by) == ("stopping", "stop")
    assert again.ended_at == stopped.ended_at
    assert desk.camera.active_requests[A].stop_reason == "stop"


def test_a_recording_that_is_deleted_while_it_runs_is_wanted_no_more() -> None:
    desk = Desk()
    desk.start(A)
    desk.run(session.delete_recording(A, desk.world.clock_and_ids))
    assert desk.camera.active_requests == {}
    assert desk.recording(A).state == "deleted"
    assert desk.sent[-1].job_id == A


def test_a_camera_that_records_is_not_dismissed() -> None:
    desk = Desk()
    desk.start(A)
    with pytest.raises(WrongState):
        desk.run(session.delete_camera(CAMERA))
    desk.run(session.delete_recording(A, desk.world.clock_and_ids))
    desk.run(session.delete_camera(CAMERA))
    assert (
        desk.ledger.list_documents("cameras") == desk.ledger.list_documents("camera_secrets") == ()
    )


def test_nobody_records_a_camera_that_is_not_there() -> None:
    desk = Desk()
    for flow in (
        session.start_recording("c" * 20, A, WISH, desk.world.clock_and_ids),
        session.stop_recording(B, desk.world.clock_and_ids),
        session.request_preview("c" * 20, desk.world.clock_and_ids),
    ):
        with pytest.raises(NotFound):
            desk.run(flow)


def test_a_camera_is_held_by_a_short_lease() -> None:
    """What it shows while nobody holds it is lost, so a dead worker must not hold it for long."""
    desk = Desk()
    desk.start(A)
    left: list[timedelta] = []

    def hold(held: TaskLease) -> TaskOutcome:
        (doc,) = desk.ledger.read([held.claim.task.path])
        assert doc is not None
        left.append(doc.data["lease_until"] - datetime.now(UTC))
        return TaskDone()

    interpreter = Interpreter(desk.world, task_handler=hold)
    assert interpreter.run(run(desk.sent[0], desk.world.clock_and_ids)) is Reply.ACK
    assert left[0] <= timedelta(seconds=FUNCTIONS["recorder"].lease_s)
    assert FUNCTIONS["recorder"].lease_s < 20
