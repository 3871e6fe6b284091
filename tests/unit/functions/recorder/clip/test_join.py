"""Joining goes on where an earlier attempt ended, and keeps the segments until there is a clip."""

from __future__ import annotations

import threading
import time

import pytest

from functions.recorder.capture.segments import segments_path
from functions.recorder.clip import parts
from shared.cameras import redrive, session
from shared.cameras.recording import (
    RecordingState,
    recording_path,
)
from shared.flows.documents import all_documents
from shared.flows.effects import Later
from shared.pipeline import FUNCTIONS
from shared.runtime.interpreter import Interpreter
from shared.tasks.errors import LeaseLost
from shared.tasks.task import TaskState, task_path
from tests.fakes.cameras.encoded_frames import encode_h264
from tests.fixtures.hooked_objects import CrashAt, WorkerCrashed
from tests.fixtures.join_worker import FPS, SECONDS, JoinWorker
from tests.fixtures.recorder import RecorderHarness
from tests.fixtures.segments import (
    G711,
    g711_packets,
    stop_capture,
    video_packets,
    video_track,
    write_segments,
)

pytestmark = pytest.mark.slow

MAX_ATTEMPTS = FUNCTIONS["recorder"].max_attempts


@pytest.fixture
def worker(recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch) -> JoinWorker:
    """A recording of four seconds that is joined in six parts, three of them at a time."""
    monkeypatch.setattr(recorder, "publish", lambda _envelopes: None)
    monkeypatch.setattr(parts, "PART_PACKETS", 50)
    monkeypatch.setattr(parts, "COMPOSE_LIMIT", 3)
    recording_id = recorder.start_recording(recorder.add_camera("rtsp://cam.example.org/live"))
    write_segments(
        recorder,
        recording_id,
        (video_track("h264"), G711),
        video_packets(encode_h264(SECONDS, FPS, b_frames=2)),
        g711_packets(SECONDS),
    )
    stop_capture(recorder, recording_id)
    return JoinWorker(recorder, recording_id)


def test_segments_are_kept_event_joining_fails_and_a_redrive_joins_them(worker: JoinWorker) -> None:
    recorder, recording_id = worker.recorder, worker.recording_id
    worker.attempt(MAX_ATTEMPTS)
    failed = recorder.read_recording(recording_id)
    assert failed.state is RecordingState.FAILED
    assert failed.error is not None
    assert failed.error["code"] == "not-joined"
    segments = recorder.store.run_query(all_documents(segments_path(recording_id)))
    assert len(segments) == SECONDS
    objects = [stored for doc in segments for stored in doc.data["objects"].values()]
    names = [name for name, _, _ in objects]
    assert failed.data["stored_bytes"] == sum(size_bytes for _, _, size_bytes in objects)
    assert worker.stored_names() == ([], sorted(names))

    Interpreter(recorder.services).run(
        redrive.redrive_recording(recording_id, recorder.services.clock_and_ids)
    )
    (task,) = recorder.store.read([task_path("recorder", recording_id)])
    assert task is not None
    assert (task.data["state"], task.data["attempt"]) == (TaskState.OPEN, 0)
    assert task.data["due_at"] <= recorder.services.clock.now()
    worker.attempt()
    worker.check_clip()


def test_join_that_meets_its_deadline_continues_in_the_next_invocation(worker: JoinWorker) -> None:
    created: list[str] = []

    def end_after_each_part(event: str, name: str) -> None:
        if event == "created" and name.endswith(".head") and worker.lease is not None:
            created.append(name)
            worker.lease.deadline = time.monotonic() - 1

    worker.objects.hook = end_after_each_part
    outcomes = []
    while worker.recorder.read_recording(worker.recording_id).state is RecordingState.JOINING:
        outcomes.append(worker.attempt())
    *interrupted, _last = outcomes
    assert len(interrupted) == 5
    for outcome in interrupted:
        assert isinstance(outcome, Later)
        assert (outcome.progress, outcome.wait_s, outcome.code) == (True, 0, "")
    assert len(created) == len(set(created)) == 7, "six parts and the head of the clip, each once"
    worker.check_clip()


def test_join_is_continued_after_a_crash_at_any_step(worker: JoinWorker) -> None:
    """Each attempt crashes one change later than the one before, and the last not at all."""
    for n in range(200):
        worker.objects.hook = CrashAt(n)
        try:
            worker.attempt()
        except WorkerCrashed:
            continue
        if worker.objects.hook.is_over:
            break
    assert n > 20
    worker.objects.hook = lambda _event, _name: None
    worker.attempt()
    worker.check_clip()


@pytest.mark.parametrize("n", range(0, 36, 5))
def test_join_that_crashes_once_ends_in_the_same_file(worker: JoinWorker, n: int) -> None:
    worker.objects.hook = CrashAt(n)
    with pytest.raises(WorkerCrashed):
        worker.attempt()
    worker.objects.hook = lambda _event, _name: None
    worker.attempt()
    worker.check_clip()


def test_attempts_are_counted_since_the_last_complete_part(worker: JoinWorker) -> None:
    """A worker that crashes ten times, once after each part, has not failed ten times."""
    worker.objects.hook = CrashAt(8)
    with pytest.raises(WorkerCrashed):
        worker.attempt(MAX_ATTEMPTS - 1)
    outcome = worker.attempt(MAX_ATTEMPTS)
    assert isinstance(outcome, Later)
    assert outcome.progress
    assert worker.recorder.read_recording(worker.recording_id).state is RecordingState.JOINING
    worker.objects.hook = lambda _event, _name: None
    worker.attempt(MAX_ATTEMPTS)
    assert worker.recorder.read_recording(worker.recording_id).state is RecordingState.FAILED


def test_two_workers_at_the_same_time_end_in_one_file(worker: JoinWorker) -> None:
    other = JoinWorker(worker.recorder, worker.recording_id)
    failures: list[BaseException] = []

    def join(one: JoinWorker) -> None:
        try:
            one.attempt()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=join, args=(one,)) for one in (worker, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The slower one may find a part that the faster one has deleted; it is delivered again.
    assert len(failures) <= 1
    worker.attempt()
    worker.check_clip()


def test_repeated_delivery_changes_nothing(worker: JoinWorker) -> None:
    worker.attempt()
    data, clip = worker.check_clip(), worker.recorder.read_recording(worker.recording_id).clip
    worker.attempt()
    assert worker.check_clip() == data
    assert worker.recorder.read_recording(worker.recording_id).clip == clip


def test_segment_that_arrives_between_two_attempts_is_in_the_clip(worker: JoinWorker) -> None:
    store, path = worker.recorder.store, segments_path(worker.recording_id)
    *_, late = sorted(store.run_query(all_documents(path)), key=lambda doc: doc.path)
    document = store.documents.pop(late.path)
    worker.objects.hook = CrashAt(8)
    with pytest.raises(WorkerCrashed):
        worker.attempt()
    store.documents[late.path] = document
    worker.objects.hook = lambda _event, _name: None
    worker.attempt()
    worker.check_clip()


def test_recording_that_is_deleted_while_it_is_joined_leaves_nothing(worker: JoinWorker) -> None:
    services, recording_id = worker.recorder.services, worker.recording_id

    def delete_after_a_part(event: str, name: str) -> None:
        if event == "created" and name.endswith("00001.head"):
            assert worker.lease is not None
            Interpreter(services).run(
                session.delete_recording(recording_id, services.clock_and_ids)
            )
            JoinWorker(worker.recorder, recording_id).attempt()
            worker.lease.lost.set()

    worker.objects.hook = delete_after_a_part
    with pytest.raises(LeaseLost):
        worker.attempt()
    assert worker.stored_names() == ([], [])
    assert worker.recorder.store.read([recording_path(recording_id)]) == (None,)
