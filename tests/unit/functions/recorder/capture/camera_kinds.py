"""The kinds of cameras with which several test modules record."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fakes.cameras.camera import FakeCamera
from tests.fakes.cameras.encoded_frames import encode_h264, encode_mjpeg
from tests.fakes.cameras.http_camera import HttpCamera
from tests.fakes.cameras.rtsp_camera import RtspCamera

CAMERAS: dict[str, Callable[[], FakeCamera]] = {
    "mjpeg": lambda: HttpCamera(encode_mjpeg(60)),
    "h264": lambda: RtspCamera(encode_h264(60)),
    "h264-with-b-frames": lambda: RtspCamera(encode_h264(60, b_frames=2)),
    "h264-and-sound": lambda: RtspCamera(encode_h264(60), has_audio=True),
}


KINDS = [
    pytest.param("mjpeg"),
    pytest.param("h264", marks=pytest.mark.sweep),
    pytest.param("h264-with-b-frames", marks=pytest.mark.sweep),
    pytest.param("h264-and-sound"),
]
