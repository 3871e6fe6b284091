"""Commands to a camera: written down once, and told to somebody who holds it or will."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from shared.cameras import session
from shared.cameras.camera import Camera, camera_path, new_camera
from shared.cameras.recording import Recording, Wish, recording_path
from shared.cameras.source import read_source
from shared.errors import NotFound, WrongState
from shared.flows.documents import Update
from shared.flows.effects import Reply
from shared.flows.envelope import Envelope
from shared.pipeline import STAGES
from shared.runtime.interpreter import Driver, ErrandHold, Neighbours, SystemClock
from shared.tasks.run import do
from shared.tasks.task import ErrandOutcome, Settled, errand_path
from tests.fakes.job_store import MemoryLedger

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = read_source("rtsp://cam.example.org/live")
CAMERA = SOURCE.key("alice")
WISH = Wish("t", 0, 60, 1 << 30, NOW + timedelta(days=1))


@dataclass
class Desk:
    """One camera, and the messages that were sent about it."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
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
    def world(self) -> Neighbours:
        return Neighbours(
            cast(Any, self.ledger), cast(Any, None), self, SystemClock(),
            lambda *_, **__: None, self._token,
        )  # fmt: skip

    def run(self, flow: Any) -> Any:
        return Driver(self.world).run(flow)

    def start(self, number: str) -> None:
        self.run(session.start(CAMERA, number, WISH, self.world.clockwork))

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
        rows = self.ledger.list_under("shifts")
        return {doc.id for doc in rows if doc.data["kind"] == session.WATCH}


A, B = "a" * 20, "b" * 20


def test_two_recordings_and_a_viewer_share_one_shift() -> None:
    desk = Desk()
    desk.start(A)
    desk.start(B)
    desk.run(session.watch(CAMERA, desk.world.clockwork))
    assert set(desk.camera.wants) == {A, B}
    assert desk.shift_ids() == {desk.camera.shift}
    assert desk.camera.epoch == 1


def test_a_start_that_is_repeated_is_one_recording_and_is_announced_again() -> None:
    desk = Desk()
    desk.start(A)
    before = len(desk.sent)
    desk.start(A)
    assert len(desk.shift_ids()) == 1
    assert desk.sent[before].job_id == desk.camera.shift


def test_a_camera_whose_shift_was_given_up_gets_a_new_one() -> None:
    desk = Desk()
    desk.start(A)
    first = desk.camera.shift
    desk.ledger.commit([Update(errand_path("recorder", first), {"state": "failed"})])
    desk.start(B)
    assert desk.camera.shift != first
    assert desk.camera.epoch == 2
    assert set(desk.camera.wants) == {A, B}


def test_a_stop_reaches_whoever_holds_the_camera_and_a_second_one_changes_nothing() -> None:
    desk = Desk()
    desk.start(A)
    stopped = desk.run(session.stop(A, desk.world.clockwork))
    again = desk.run(session.stop(A, desk.world.clockwork))
    assert (stopped.state, stopped.ended_by) == ("stopping", "stop")
    assert again.ended_at == stopped.ended_at
    assert desk.camera.wants[A].stop == "stop"


def test_a_recording_that_is_deleted_while_it_runs_is_wanted_no_more() -> None:
    desk = Desk()
    desk.start(A)
    desk.run(session.discard(A, desk.world.clockwork))
    assert desk.camera.wants == {}
    assert desk.recording(A).state == "deleted"
    assert desk.sent[-1].job_id == A


def test_a_camera_that_records_is_not_dismissed() -> None:
    desk = Desk()
    desk.start(A)
    with pytest.raises(WrongState):
        desk.run(session.dismiss(CAMERA))
    desk.run(session.discard(A, desk.world.clockwork))
    desk.run(session.dismiss(CAMERA))
    assert desk.ledger.list_under("cameras") == desk.ledger.list_under("camera_secrets") == ()


def test_nobody_records_a_camera_that_is_not_there() -> None:
    desk = Desk()
    for flow in (
        session.start("c" * 20, A, WISH, desk.world.clockwork),
        session.stop(B, desk.world.clockwork),
        session.watch("c" * 20, desk.world.clockwork),
    ):
        with pytest.raises(NotFound):
            desk.run(flow)


def test_a_camera_is_held_by_a_short_lease() -> None:
    """What it shows while nobody holds it is lost, so a dead worker must not hold it for long."""
    desk = Desk()
    desk.start(A)
    left: list[timedelta] = []

    def hold(held: ErrandHold) -> ErrandOutcome:
        (doc,) = desk.ledger.read([held.claimed.errand.path])
        assert doc is not None
        left.append(doc.data["lease_until"] - datetime.now(UTC))
        return Settled()

    driver = Driver(desk.world, errand_handler=hold)
    assert driver.run(do(desk.sent[0], desk.world.clockwork)) is Reply.ACK
    assert left[0] <= timedelta(seconds=STAGES["recorder"].lease_s)
    assert STAGES["recorder"].lease_s < 20
