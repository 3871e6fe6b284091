"""A clip is written in one go: nothing that was sent to a bucket is changed afterwards."""

from __future__ import annotations

from fractions import Fraction

import pytest

from functions.recorder.capture.segments import IndexRow
from functions.recorder.clip.mux import HEAD_BYTES, mux
from functions.recorder.clip.mux_plan import TICKS_PER_S, plan_mux
from functions.recorder.clip.splice import PacketRun, splice
from functions.recorder.packets import VIDEO, Track
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import Source, run_in_sandbox
from tests.fakes.cameras import RTP_CLOCK_HZ as FILM_TICKS
from tests.fakes.cameras import EncodedFrame, encode_h264, encode_mjpeg
from tests.fixtures.media.clip_reader import is_consecutive, read_clip


class Body:
    """Takes what is sent; there is no going back."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes, /) -> int:
        self.data += data
        return len(data)


def muxed(film: list[EncodedFrame], codec: str) -> bytes:
    """The clip of a film whose pictures lie end to end."""
    data = b"".join(shot.data for shot in film)
    places, at = [], 0
    for shot in film:
        places.append(at)
        at += len(shot.data)
    rows = [
        IndexRow(VIDEO, s.is_keyframe, s.pts, 100 + s.time_s, len(s.data), bytes(8)) for s in film
    ]
    track = Track(codec, Fraction(1, FILM_TICKS), 192, 128)
    plan = plan_mux(splice([PacketRun((track,), rows, tuple(places))]), None, None)
    assert plan is not None
    body = Body()
    worked = run_in_sandbox(
        mux, plan.container, (codec,), (TICKS_PER_S,), plan.entries,
        source=Source(lambda offset, length: data[offset : offset + length], len(data)),
        sink=body, limits=Limits(60, 512),
    )  # fmt: skip
    assert len(worked.value) <= HEAD_BYTES + 1_000_000
    return worked.value + bytes(body.data)


@pytest.mark.parametrize("seconds", [0.2, pytest.param(240, marks=pytest.mark.sweep), 3])
@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
def test_a_clip_of_any_length_begins_with_its_table_of_contents(codec: str, seconds: float) -> None:
    film = encode_h264(seconds, b_frames=2) if codec == "h264" else encode_mjpeg(seconds)
    seen = read_clip(muxed(film, codec))
    assert seen.is_fast_start
    assert is_consecutive(seen.counters)
    assert len(seen.counters) == len(film)
    assert seen.duration_s == pytest.approx(len(film) / 15, abs=0.01)
