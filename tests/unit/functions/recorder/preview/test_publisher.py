"""What viewers get: pictures of the last seconds, small enough, and none when nobody looks."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, cast

import av
import pytest

from functions.recorder.preview.decoder import MAX_WIDTH_PX
from shared.cameras.preview_format import pack_frames, unpack_frames
from shared.cameras.recording import preview_name
from shared.errors import StorageUnavailable
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore, ObjectWriter
from shared.recipes.stored_object import StoredObject
from tests.fakes.cameras import (
    FakeCamera,
    HttpCamera,
    RtspCamera,
    encode_h264,
    encode_mjpeg,
    running_camera,
)
from tests.fixtures.recorder import RecorderHarness

SMALL = {"width": 320, "height": 240}
LARGE = {"width": 1280, "height": 720}
CAMERAS: dict[str, Callable[[], FakeCamera]] = {
    "small JPEGs": lambda: HttpCamera(encode_mjpeg(8, **SMALL), loops=True),
    "large JPEGs": lambda: HttpCamera(encode_mjpeg(8, **LARGE), loops=True),
    "H.264": lambda: RtspCamera(encode_h264(8, b_frames=2, **LARGE), loops=True),
}


def seconds(recorder: RecorderHarness, camera: str) -> tuple[StoredObject, ...]:
    return recorder.objects.list_objects(
        Bucket.WORK, preview_name(camera, 0).rpartition("/")[0] + "/"
    )


@pytest.mark.parametrize(
    "kind",
    [pytest.param(one, marks=[] if one == "H.264" else [pytest.mark.sweep]) for one in CAMERAS],
)
def test_a_preview_is_a_few_small_pictures_a_second(recorder: RecorderHarness, kind: str) -> None:
    begin = time.time()
    with running_camera(CAMERAS[kind]()) as camera:
        place = recorder.add_camera(camera)
        recorder.watch_preview(place)
        found = recorder.wait_for(lambda: len(rows := seconds(recorder, place)) >= 4 and rows)
        read = recorder.objects.range_reader(Bucket.WORK, found[2].name, found[2].generation)
        frames = list(unpack_frames(read(0, found[2].size_bytes)))

    # Fewer where the machine is busy; never more.
    assert 1 <= len(frames) <= 6
    assert frames == sorted(frames)
    assert begin - 1 <= frames[0][0] / 1000 <= time.time()
    for _, jpeg in frames:
        with av.open(io.BytesIO(jpeg), "r", format="jpeg_pipe") as picture:
            stream = picture.streams.video[0]
            assert stream.width <= MAX_WIDTH_PX
            assert stream.width / stream.height == pytest.approx(
                1280 / 720 if kind != "small JPEGs" else 4 / 3, abs=0.02
            )


class AwayOnce:
    """A storage that does not answer when a first second is to be written."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self.away = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)

    def create(self, bucket: Bucket, name: str, **how: Any) -> AbstractContextManager[ObjectWriter]:
        if self.away:
            self.away -= 1
            raise StorageUnavailable
        return self._objects.create(bucket, name, **how)


def test_a_second_that_cannot_be_written_is_lost_and_the_next_ones_are_shown(
    recorder: RecorderHarness,
) -> None:
    objects = AwayOnce(recorder.objects)
    recorder.services = replace(recorder.services, objects=cast(ObjectStore, objects))
    with running_camera(CAMERAS["H.264"]()) as camera:
        place = recorder.add_camera(camera)
        recorder.watch_preview(place)
        recorder.wait_for(lambda: len(seconds(recorder, place)) >= 2)

    assert objects.away == 0
    assert [event for event, _ in recorder.log_events].count("preview.skipped") == 1


@pytest.mark.sweep
def test_a_preview_ends_when_nobody_has_looked_for_a_while_and_leaves_nothing(
    recorder: RecorderHarness,
) -> None:
    with running_camera(HttpCamera(encode_mjpeg(8, **SMALL), loops=True)) as camera:
        place = recorder.add_camera(camera)
        recorder.watch_preview_for(place, 3)
        recorder.wait_for(lambda: seconds(recorder, place))
        recorder.wait_for(lambda: recorder.read_camera(place)["state"] == "idle")
        recorder.wait_for(lambda: not seconds(recorder, place))


def test_a_preview_that_was_cut_off_is_not_read_as_a_whole_one() -> None:
    whole = pack_frames([(1, b"abc"), (2, b"de")])
    assert list(unpack_frames(whole)) == [(1, b"abc"), (2, b"de")]
    for end in (3, 13, len(whole) - 1):
        with pytest.raises(ValueError, match="cut off"):
            list(unpack_frames(whole[:end]))
