"""Cameras of this machine, replaced by files and FFmpeg's test sources."""

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

UNUSED_NUMBER = 15


def opens(source: str, container_format: str | None = None) -> Callable[[int], InputContainer]:
    return lambda _: av.open(source, format=container_format)


def write_film(path: Path, codec: str, container_format: str, pictures: int = 40) -> Path:
    """Write a file with a keyframe every ten pictures."""
    with av.open(str(path), "w", format=container_format) as film:
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


def read_all(reader: Reader) -> list[Packet]:
    packets: list[Packet] = []
    with pytest.raises(CameraDisconnected):
        packets.extend(reader.packets())
    return packets


def test_raw_pictures_are_encoded_with_their_times() -> None:
    reader = DeviceReader(0, opens("testsrc2=size=641x361:rate=25:duration=4", "lavfi"))
    (track,) = reader.tracks

    packets = read_all(reader)

    assert (track.codec, track.width, track.height) == ("h264", 640, 360)
    steps = {b.pts - a.pts for a, b in pairwise(packets)}
    assert {step * track.time_base for step in steps} == {Fraction(1, 25)}
    assert [n for n, packet in enumerate(packets) if packet.is_keyframe] == [0, 60]
    decoder = av.CodecContext.create("h264", "r")
    pictures = [p for packet in packets for p in decoder.decode(av.Packet(packet.data))]
    pictures += decoder.decode(None)
    assert len(pictures) == len(packets) == 100
    assert {(picture.width, picture.height) for picture in pictures} == {(640, 360)}


@pytest.mark.parametrize(
    ("codec", "encoder", "container_format", "keyframes"),
    [("mjpeg", "mjpeg", "avi", range(40)), ("h264", "libx264", "mpegts", range(0, 40, 10))],
)
def test_compressed_pictures_are_copied_unchanged(
    tmp_path: Path, codec: str, encoder: str, container_format: str, keyframes: range
) -> None:
    path = write_film(tmp_path / "camera", encoder, container_format)
    with av.open(str(path)) as film:
        sent = [bytes(packet) for packet in film.demux(video=0) if packet.size]
    reader = DeviceReader(0, opens(str(path)))

    packets = read_all(reader)

    assert reader.tracks[0].codec == codec
    assert [packet.data for packet in packets] == sent
    assert [n for n, packet in enumerate(packets) if packet.is_keyframe] == list(keyframes)


def test_closed_reader_ends_at_its_next_picture() -> None:
    reader = DeviceReader(0, opens("testsrc2=size=320x240:rate=25", "lavfi"))
    packets = reader.packets()
    assert len([next(packets) for _ in range(3)]) == 3

    reader.close()

    with pytest.raises(CameraDisconnected):
        next(packets)


def test_missing_device_raises_device_not_found() -> None:
    assert not Path(f"/dev/video{UNUSED_NUMBER}").exists()
    with pytest.raises(DeviceNotFound):
        open_device(UNUSED_NUMBER)


def test_devices_are_refused_unless_settings_allow_them() -> None:
    with pytest.raises(DeviceRefused):
        open_camera(device_source(0), SETTINGS)
    with pytest.raises(DeviceNotFound):
        open_camera(device_source(UNUSED_NUMBER), replace(SETTINGS, allow_camera_devices=True))
