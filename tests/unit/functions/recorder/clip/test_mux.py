"""A clip is written without changing data that was sent to the bucket."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

import pytest

from functions.recorder.capture.segments import IndexRow
from functions.recorder.clip.mux import HEAD_BYTES, mux
from functions.recorder.clip.mux_plan import TICKS_PER_S, plan_mux
from functions.recorder.clip.splice import PacketRun, splice
from functions.recorder.packets import VIDEO, Track
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import Source, run_in_sandbox
from tests.fakes.cameras.encoded_frames import RTP_CLOCK_HZ, EncodedFrame, encode_h264, encode_mjpeg
from tests.fixtures.media.clip_reader import is_consecutive, read_clip


class AppendOnlySink:
    """Collects the data; it cannot seek."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes, /) -> int:
        self.data += data
        return len(data)


def mux_frames(frames: list[EncodedFrame], codec: str) -> bytes:
    """Returns the clip of frames that are concatenated in the source."""
    data = b"".join(frame.data for frame in frames)
    offsets = [0, *accumulate(len(frame.data) for frame in frames)][:-1]
    rows = [
        IndexRow(VIDEO, f.is_keyframe, f.pts, 100 + f.time_s, len(f.data), bytes(8)) for f in frames
    ]
    track = Track(codec, Fraction(1, RTP_CLOCK_HZ), 192, 128)
    plan = plan_mux(splice([PacketRun((track,), rows, tuple(offsets))]), None, None)
    assert plan is not None
    body = AppendOnlySink()
    result = run_in_sandbox(
        mux, plan.container, (codec,), (TICKS_PER_S,), plan.entries,
        source=Source(lambda offset, length: data[offset : offset + length], len(data)),
        sink=body, limits=Limits(60, 512),
    )  # fmt: skip
    assert len(result.value) <= HEAD_BYTES + 1_000_000
    return result.value + bytes(body.data)


@pytest.mark.parametrize("seconds", [0.2, pytest.param(240, marks=pytest.mark.sweep), 3])
@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
def test_clip_of_any_length_starts_with_its_moov_box(codec: str, seconds: float) -> None:
    frames = encode_h264(seconds, b_frames=2) if codec == "h264" else encode_mjpeg(seconds)
    clip = read_clip(mux_frames(frames, codec))
    assert clip.is_fast_start
    assert is_consecutive(clip.counters)
    assert len(clip.counters) == len(frames)
    assert clip.duration_s == pytest.approx(len(frames) / 15, abs=0.01)
