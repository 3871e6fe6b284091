"""Packets that the recorder drops because it does not keep up are a gap in the clip."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from functions.recorder.capture import reader_thread
from functions.recorder.capture.active_recordings import ActiveRecordings
from functions.recorder.capture.camera_stream import CameraStream
from functions.recorder.capture.segments import Segment, segments_path
from functions.recorder.capture.stored_source import StoredSource
from functions.recorder.clip.concat_reader import collect_runs
from functions.recorder.clip.splice import splice
from functions.recorder.errors import CameraDisconnected
from functions.recorder.packets import VIDEO, Packet
from functions.recorder.preview.publisher import PreviewPublisher
from shared.adapters.hpke import HpkeDecrypter
from shared.cameras.camera import Camera, camera_path
from shared.flows.documents import all_documents
from tests.fakes.secret_keys import CAMERA_KEYS
from tests.fixtures.recorder import RecorderHarness
from tests.fixtures.segments import video_track

pytestmark = pytest.mark.slow

FPS, GOP, PICTURE_BYTES = 10, 5, 100
QUEUED_COUNT = 20
"""The pictures for which the queue has space."""
DROPPED_COUNT = 50
"""The pictures that arrive while the queue is full; the first one after them is no keyframe."""
FIRST_RESUMED = 75


class BurstReader:
    """A reader whose pictures arrive while nobody takes them from the queue, until
    `is_queue_read`; then come 20 more."""

    tracks = (video_track("h264"),)
    dropped_count = 0

    def __init__(self) -> None:
        self.is_queue_full, self.is_queue_read = threading.Event(), threading.Event()
        self._started_at = time.time()

    def packets(self) -> Iterator[Packet]:
        for n in range(QUEUED_COUNT + DROPPED_COUNT + 1):
            yield self._picture(n)
        self.is_queue_full.set()
        self.is_queue_read.wait()
        for n in range(QUEUED_COUNT + DROPPED_COUNT + 1, FIRST_RESUMED + 20):
            yield self._picture(n)
        raise CameraDisconnected

    def close(self) -> None: ...

    def _picture(self, n: int) -> Packet:
        data = n.to_bytes(PICTURE_BYTES)
        return Packet(VIDEO, n * 90_000 // FPS, n % GOP == 0, self._started_at + n / FPS, data)


def test_packets_dropped_by_a_full_queue_are_a_gap(
    recorder: RecorderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "publish", lambda _envelopes: None)
    monkeypatch.setattr(reader_thread, "MAX_QUEUED_BYTES", QUEUED_COUNT * PICTURE_BYTES)
    # Less than the time for which packets are dropped: the camera is not silent meanwhile.
    recorder.update_settings(source_stall_s=3)
    camera_id = recorder.add_camera("rtsp://cam.example.org/live")
    recording_id = recorder.start_recording(camera_id)
    (doc,) = recorder.store.read([camera_path(camera_id)])
    assert doc is not None
    camera, reader = Camera.from_doc(doc), BurstReader()
    recordings = ActiveRecordings(camera, recorder.services, recorder.settings)
    stream = CameraStream(
        camera_id, recorder.services, recorder.settings,
        source=StoredSource(recorder.store, camera, HpkeDecrypter(CAMERA_KEYS).decrypt), epoch=1,
        open_reader=lambda _source: reader, recordings=recordings,
        preview=PreviewPublisher(recorder.services, camera_id), was_connected=lambda: True,
    )  # fmt: skip
    recordings.apply_requests(camera.active_requests, stream.start_recording)
    stream.connect_if_due()
    assert reader.is_queue_full.wait(60)
    for _ in range(QUEUED_COUNT + 1):
        assert not stream.read_next(60)
    reader.is_queue_read.set()
    while not stream.read_next(60):
        pass

    assert stream.error is not None
    assert stream.error["code"] == "camera-gone"
    assert stream.stats["dropped_frames"] == FIRST_RESUMED - QUEUED_COUNT
    segments = recorder.store.run_query(all_documents(segments_path(recording_id)))
    runs, _ = collect_runs([Segment.from_doc(doc) for doc in segments], recorder.objects)
    result = splice(runs)
    [gap] = result.gaps
    assert gap.start_s == pytest.approx(QUEUED_COUNT / FPS, abs=0.001)
    assert gap.duration_s == pytest.approx((FIRST_RESUMED - QUEUED_COUNT) / FPS, abs=0.001)
    assert [part.end - part.start for part in result.slices] == [QUEUED_COUNT, 20]
