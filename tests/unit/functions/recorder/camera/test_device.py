"""Cameras of this machine, played by sources that FFmpeg opens as it opens those."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import pytest
from av.container import InputContainer

from functions.recorder.camera.device import DeviceReader, open_device
from functions.recorder.camera.open_camera import open_camera
from functions.recorder.errors import CameraDisconnected, DeviceNotFound, DeviceRefused
from functions.recorder.packets import Packet, Reader
from shared.cameras.source import device_source
from tests.fakes.application import SETTINGS

UNUSED = 15


def showing(source: str, form: str | None = None) -> Callable[[int], InputContainer]:
    return lambda _: av.open(source, format=form)


def written(path: Path, codec: str, form: str, pictures: int = 40) -> Path:
    """A file with a key picture every ten."""
    with av.open(str(path), "w", format=form) as film:
        options = {"g": "10", "bf": "0"}
        track = cast(av.VideoStream, film.add_stream(codec, rate=25, options=options))
        track.width, track.height = 320, 240
        track.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(pictures):
            picture = av.VideoFrame(320, 240, track.pix_fmt)
            for plane in picture.planes:
                plane.update(bytes([number * 5 % 256]) * plane.buffer_size)
            picture.pts, picture.time_base = number, Fraction(1, 25)
            film.mux(track.encode(picture))
        film.mux(track.encode())
    return path


def to_its_end(reader: Reader) -> list[Packet]:
    found: list[Packet] = []
    with pytest.raises(CameraDisconnected):
        found.extend(reader.packets())
    return found


def test_raw_pictures_are_encoded_each_with_its_time() -> None:
    reader = DeviceReader(0, showing("testsrc2=size=641x361:rate=25:duration=4", "lavfi"))
    (track,) = reader.tracks

    packets = to_its_end(reader)

    assert (track.codec, track.width, track.height) == ("h264", 640, 360)
    steps = {b.pts - a.pts for a, b in pairwise(packets)}
    assert {step * track.time_base for step in steps} == {Fraction(1, 25)}
    assert [n for n, one in enumerate(packets) if one.is_keyframe] == [0, 60]
    decoder = av.CodecContext.create("h264", "r")
    shown = [picture for one in packets for picture in decoder.decode(av.Packet(one.data))]
    shown += decoder.decode(None)
    assert len(shown) == len(packets) == 100
    assert {(one.width, one.height) for one in shown} == {(640, 360)}


@pytest.mark.parametrize(
    ("codec", "encoder", "form", "keys"),
    [("mjpeg", "mjpeg", "avi", range(40)), ("h264", "libx264", "mpegts", range(0, 40, 10))],
)
def test_what_a_camera_compresses_itself_is_kept_to_the_byte(
    tmp_path: Path, codec: str, encoder: str, form: str, keys: range
) -> None:
    path = written(tmp_path / "camera", encoder, form)
    with av.open(str(path)) as film:
        sent = [bytes(one) for one in film.demux(video=0) if one.size]
    reader = DeviceReader(0, showing(str(path)))

    packets = to_its_end(reader)

    assert reader.tracks[0].codec == codec
    assert [one.data for one in packets] == sent
    assert [n for n, one in enumerate(packets) if one.is_keyframe] == list(keys)


def test_a_camera_that_is_let_go_ends_at_its_next_picture() -> None:
    reader = DeviceReader(0, showing("testsrc2=size=320x240:rate=25", "lavfi"))
    packets = reader.packets()
    assert len([next(packets) for _ in range(3)]) == 3

    reader.close()

    with pytest.raises(CameraDisconnected):
        next(packets)


def test_a_camera_that_is_not_there_is_named_so() -> None:
    assert not Path(f"/dev/video{UNUSED}").exists()
    with pytest.raises(DeviceNotFound):
        open_device(UNUSED)


def test_in_the_cloud_no_device_is_opened() -> None:
    with pytest.raises(DeviceRefused):
        open_camera(device_source(0), SETTINGS)
    with pytest.raises(DeviceNotFound):
        open_camera(device_source(UNUSED), replace(SETTINGS, allow_camera_devices=True))
