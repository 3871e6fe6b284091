"""Cameras whose pictures show counters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.cameras.camera_settings import FPS, PASSWORD
from tests.fakes.cameras.encoded_frames import encode_h264, encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera


@pytest.fixture(scope="module")
def http_camera() -> Iterator[HttpCamera]:
    """A camera with Motion JPEG over HTTP. Its pictures show counters."""
    camera = HttpCamera(encode_mjpeg(60, FPS), loops=True)
    yield camera
    camera.stop()


@pytest.fixture(scope="module")
def rtsp_camera() -> Iterator[RtspCamera]:
    """A camera with H.264 over RTSP and a password. Its pictures show counters."""
    camera = RtspCamera(encode_h264(60, FPS), loops=True)
    camera.password = PASSWORD
    yield camera
    camera.stop()
