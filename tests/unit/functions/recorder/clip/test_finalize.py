"""JOIN when things go wrong: nothing is kept for ever, and nothing stays that was deleted."""

from __future__ import annotations

import time

import pytest

from functions.recorder.tasks import attend
from shared.cameras import session
from shared.cameras.recording import RecordingState, clip_prefix, recording_path, segments_prefix
from shared.entrypoints.task import ErrandTask
from shared.errors import LedgerUnavailable
from shared.flows.documents import Doc, Update
from shared.pipeline import STAGES, Bucket
from shared.runtime.interpreter import Driver, ErrandHold
from shared.tasks.task import Errand, ErrandClaimed, ErrandOutcome, Postponed, errand_path
from tests.fixtures.recorder import Studio


@pytest.fixture
def joining(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> str:
    """A recording that waits for its clip; nobody is told of it."""
    monkeypatch.setattr(studio, "publish", lambda _envelopes: None)
    number = studio.record(studio.camera("rtsp://cam.example.org/live"))
    studio.ledger.commit([Update(recording_path(number), {"state": RecordingState.JOINING})])
    return number


def looked_after(studio: Studio, number: str, attempt: int) -> ErrandOutcome:
    (doc,) = studio.ledger.read([errand_path("recorder", number)])
    assert doc is not None
    claimed = ErrandClaimed(Errand.from_doc("recorder", doc), "token", attempt)
    hold = ErrandHold(claimed, time.monotonic() + 3600)
    return attend(ErrandTask(hold, studio.world, studio.settings))


def test_a_recording_that_brings_its_workers_down_fails_and_still_expires(
    studio: Studio, joining: str
) -> None:
    """An errand that is given up is looked after by nobody: neither would the recording be."""
    outcome = looked_after(studio, joining, STAGES["recorder"].attempts)
    failed = studio.recording(joining)
    assert failed.state is RecordingState.FAILED
    assert failed.error is not None
    assert failed.error["code"] == "not-joined"
    assert isinstance(outcome, Postponed)
    assert outcome.progress
    assert outcome.wait_s == pytest.approx(24 * 3600, rel=0.01)


def test_a_ledger_that_is_away_gives_up_no_recording(
    studio: Studio, joining: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_collection: str) -> tuple[Doc, ...]:
        raise LedgerUnavailable

    monkeypatch.setattr(studio.ledger, "list_under", away)
    outcome = looked_after(studio, joining, STAGES["recorder"].attempts - 1)
    monkeypatch.undo()
    assert isinstance(outcome, Postponed)
    assert outcome.progress
    assert studio.recording(joining).state is RecordingState.JOINING


def test_a_deleted_recording_leaves_nothing_that_a_dead_worker_wrote(
    studio: Studio, joining: str
) -> None:
    left = [
        (Bucket.WORK, f"{segments_prefix(joining)}000001-t-0001-00000.h264"),
        (Bucket.OUTPUTS, f"{clip_prefix(joining)}1.body"),
        (Bucket.OUTPUTS, f"{clip_prefix(joining)}abc/clip.mp4"),
    ]
    for bucket, name in left:
        with studio.objects.create(bucket, name, content_type="video/mp4", spec="s") as writer:
            writer.write(b"pictures")
    Driver(studio.world).run(session.discard(joining, studio.world.clockwork))
    looked_after(studio, joining, 1)
    assert studio.ledger.read([recording_path(joining)]) == (None,)
    assert [name for bucket, name in left if studio.objects.stat(bucket, name)] == []
