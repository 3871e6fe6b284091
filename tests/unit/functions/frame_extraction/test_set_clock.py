"""A video whose clock was set during its recording is not a film of a day."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import pytest

from functions.frame_extraction.pick import PickReport, pick_frames
from functions.upload_trigger.probes.video import probe
from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.windows import plan_windows
from tests.fakes.cameras.encoded_frames import EncodedFrame, encode_h264, encode_mjpeg
from tests.fixtures.media.counter import read_counter

FPS, DAY_S = 15, 86_400


def film(frames: list[EncodedFrame], codec: str, container: str, jump_s: float, at: int) -> bytes:
    """The frames in a file; from frame `at` on the clock is ahead by `jump_s`."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=FPS)
        stream.width, stream.height = 192, 128
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        # FFmpeg writes durations of up to 2³¹ ticks to an MP4: 49 hours at its rate.
        stream.time_base = Fraction(1, 6000)
        for number, frame in enumerate(frames):
            packet = av.Packet(frame.data)
            packet.stream, packet.time_base = stream, Fraction(1, 90_000)
            ticks = frame.pts + (round(jump_s * 90_000) if number >= at else 0)
            packet.pts = packet.dts = ticks
            packet.duration, packet.is_keyframe = 6000, frame.is_keyframe
            output.mux(packet)
    return file.getvalue()


KINDS = {
    "recorded MJPEG": ("mjpeg", "mp4", DAY_S, 75),
    "QuickTime": ("mjpeg", "mov", DAY_S, 75),
    "H.264 between two keyframes": ("h264", "mp4", DAY_S, 80),
    "Matroska": ("h264", "matroska", DAY_S, 37),
    "two hours": ("mjpeg", "mp4", 7200, 20),
    "two days": ("mjpeg", "mp4", 2 * DAY_S, 5),
}


@pytest.mark.parametrize("kind", KINDS)
def test_frames_go_on_behind_the_jump(kind: str) -> None:
    codec, container, jump_s, at = KINDS[kind]
    frames = encode_mjpeg(6, FPS) if codec == "mjpeg" else encode_h264(6, FPS)
    data = film(frames, codec, container, jump_s, at)

    media_info = probe(io.BytesIO(data), len(data))
    options = FrameOptions(every=Fraction(1, 2))
    windows = plan_windows(media_info, options)

    assert float(media_info.duration or 0) == pytest.approx(6, abs=1 / FPS)
    assert media_info.warnings == ()
    assert any("time stamps jump once" in repair for repair in media_info.repairs)
    picked = [
        read_counter(frame.image)
        for window in windows
        for frame in pick_frames(io.BytesIO(data), window, options, media_info, report=PickReport())
    ]
    assert picked == [int(n * FPS / 2) for n in range(12)]


def test_slide_that_is_shown_for_an_hour_keeps_its_time() -> None:
    data = film(encode_mjpeg(2, FPS), "mjpeg", "mp4", 3500, 20)
    assert float(probe(io.BytesIO(data), len(data)).duration or 0) == pytest.approx(3502, abs=0.1)
