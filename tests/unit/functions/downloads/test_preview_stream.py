"""Tests of the preview stream while the camera's document is contended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from functions.downloads.routes import ROUTES
from shared.cameras.camera import Camera, CameraState, camera_path, new_camera
from shared.cameras.preview_format import pack_frames
from shared.cameras.source import parse_source
from shared.cameras.viewers import new_viewer
from shared.flows.documents import Update
from shared.pipeline import Bucket
from shared.recipes.stored_object import StoredObject
from tests.fakes.application import AppHarness
from tests.fakes.clock import ManualClock
from tests.fakes.contended_store import ContendedJobStore
from tests.fakes.secret_keys import encrypt_camera

TOKEN = "0" * 48
PICTURE = b"a picture"


class PreviewObjects:
    """An object store with one picture in every second."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def stat(self, bucket: Bucket, name: str) -> StoredObject:
        return StoredObject(bucket, name, 1, len(self._data()))

    def range_reader(self, *_: Any) -> Any:
        return lambda start, length: self._data()[start : start + length]

    def _data(self) -> bytes:
        at_ms = int(self._clock.now().timestamp()) * 1000
        return pack_frames([(at_ms, PICTURE)])


def test_requested_preview_is_served_without_writing_to_the_camera() -> None:
    clock = ManualClock()
    store = ContendedJobStore(clock.now)
    app = AppHarness(ROUTES, store=store, clock=clock, objects=PreviewObjects(clock))
    source = parse_source("rtsp://cam.moodreel.test/live", allow_private=False)
    store.commit(new_camera("alice", "Door", source, encrypt_camera, clock.now()))
    camera_id = source.camera_id("alice")
    store.commit([new_viewer(TOKEN, camera_id, "alice", clock.now())])
    clock.time += timedelta(seconds=2)
    # Another viewer has just requested the preview.
    until = clock.now() + timedelta(seconds=30)
    fields = {"preview_until": until, "state": CameraState.CONNECTED}
    store.commit([Update(camera_path(camera_id), fields)])

    response = app.request("GET", f"/v1/media/previews/{TOKEN}", buffered=False)

    assert response.status_code == 200
    assert PICTURE in next(part for part in response.response if PICTURE in part)
    (doc,) = store.read([camera_path(camera_id)])
    assert doc is not None
    assert Camera.from_doc(doc).preview_until == until
    response.close()
