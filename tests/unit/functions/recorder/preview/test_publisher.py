"""Viewers get small pictures of the last seconds; without viewers nothing is published."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, cast

import av
import pytest

from functions.recorder.preview.decode import MAX_WIDTH_PX
from shared.cameras.preview_format import pack_frames, unpack_frames
from shared.cameras.recording import preview_name
from shared.errors import StorageUnavailable
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore, ObjectWriter
from shared.recipes.stored_object import StoredObject
from tests.fakes.cameras.camera import FakeCamera, running_camera
from tests.fakes.cameras.encoded_frames import encode_h264, encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera
from tests.fixtures.recorder import RecorderHarness

SMALL = {"width": 320, "height": 240}
LARGE = {"width": 1280, "height": 720}
CAMERAS: dict[str, Callable[[], FakeCamera]] = {
    "small JPEGs": lambda: HttpCamera(encode_mjpeg(8, **SMALL), loops=True),
    "large JPEGs": lambda: HttpCamera(encode_mjpeg(8, **LARGE), loops=True),
    "H.264": lambda: RtspCamera(encode_h264(8, b_frames=2, **LARGE), loops=True),
}


def preview_objects(recorder: RecorderHarness, camera: str) -> tuple[StoredObject, ...]:
    return recorder.objects.list_objects(
        Bucket.WORK, preview_name(camera, 0).rpartition("/")[0] + "/"
    )


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[] if kind == "H.264" else [pytest.mark.sweep]) for kind in CAMERAS],
)
def test_preview_is_a_few_small_pictures_per_second(recorder: RecorderHarness, kind: str) -> None:
    started_at = time.time()
    with running_camera(CAMERAS[kind]()) as camera:
        camera_id = recorder.add_camera(camera)
        recorder.watch_preview(camera_id)
        objects = recorder.wait_for(
            lambda: len(stored := preview_objects(recorder, camera_id)) >= 4 and stored
        )
        read = recorder.objects.range_reader(Bucket.WORK, objects[2].name, objects[2].generation)
        frames = list(unpack_frames(read(0, objects[2].size_bytes)))

    # A busy machine may publish fewer pictures, but never more.
    assert 1 <= len(frames) <= 6
    assert frames == sorted(frames)
    assert started_at - 1 <= frames[0][0] / 1000 <= time.time()
    for _, jpeg in frames:
        with av.open(io.BytesIO(jpeg), "r", format="jpeg_pipe") as picture:
            stream = picture.streams.video[0]
            assert stream.width <= MAX_WIDTH_PX
            assert stream.width / stream.height == pytest.approx(
                1280 / 720 if kind != "small JPEGs" else 4 / 3, abs=0.02
            )


class UnavailableOnce:
    """An object store whose first `create` raises StorageUnavailable."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self.failures_left = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)

    def create(
        self, bucket: Bucket, name: str, **options: Any
    ) -> AbstractContextManager[ObjectWriter]:
        if self.failures_left:
            self.failures_left -= 1
            raise StorageUnavailable
        return self._objects.create(bucket, name, **options)


def test_unwritable_second_is_skipped_and_the_next_ones_are_published(
    recorder: RecorderHarness,
) -> None:
    objects = UnavailableOnce(recorder.objects)
    recorder.services = replace(recorder.services, objects=cast(ObjectStore, objects))
    with running_camera(CAMERAS["H.264"]()) as camera:
        camera_id = recorder.add_camera(camera)
        recorder.watch_preview(camera_id)
        recorder.wait_for(lambda: len(preview_objects(recorder, camera_id)) >= 2)

    assert objects.failures_left == 0
    assert [event for event, _ in recorder.log_events].count("preview.skipped") == 1


@pytest.mark.sweep
def test_preview_without_viewers_ends_and_its_objects_are_deleted(
    recorder: RecorderHarness,
) -> None:
    with running_camera(HttpCamera(encode_mjpeg(8, **SMALL), loops=True)) as camera:
        camera_id = recorder.add_camera(camera)
        recorder.watch_preview_for(camera_id, 3)
        recorder.wait_for(lambda: preview_objects(recorder, camera_id))
        recorder.wait_for(lambda: recorder.read_camera(camera_id)["state"] == "idle")
        recorder.wait_for(lambda: not preview_objects(recorder, camera_id))


def test_truncated_preview_object_is_rejected() -> None:
    packed = pack_frames([(1, b"abc"), (2, b"de")])
    assert list(unpack_frames(packed)) == [(1, b"abc"), (2, b"de")]
    for end in (3, 13, len(packed) - 1):
        with pytest.raises(ValueError, match="cut off"):
            list(unpack_frames(packed[:end]))
