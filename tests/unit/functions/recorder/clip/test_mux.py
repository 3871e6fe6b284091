"""A clip is written in one go: nothing that was sent to a bucket is changed afterwards."""

from __future__ import annotations

from fractions import Fraction

import pytest

from functions.recorder.capture.segments import Row
from functions.recorder.clip.mux import HEAD_BYTES, mux
from functions.recorder.clip.mux_plan import TICKS, mux_plan
from functions.recorder.clip.splice import Run, spliced
from functions.recorder.packets import VIDEO, Track
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import Source, confined
from tests.fakes.cameras import TICKS as FILM_TICKS
from tests.fakes.cameras import Shot, h264_film, jpeg_film
from tests.fixtures.media.clip_reader import consecutive, look


class Body:
    """Takes what is sent; there is no going back."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes, /) -> int:
        self.data += data
        return len(data)


def muxed(film: list[Shot], codec: str) -> bytes:
    """The clip of a film whose pictures lie end to end."""
    data = b"".join(shot.data for shot in film)
    places, at = [], 0
    for shot in film:
        places.append(at)
        at += len(shot.data)
    rows = [Row(VIDEO, s.key, s.pts, 100 + s.at, len(s.data), bytes(8)) for s in film]
    track = Track(codec, Fraction(1, FILM_TICKS), 192, 128)
    plan = mux_plan(spliced([Run((track,), rows, tuple(places))]), None, None)
    assert plan is not None
    body = Body()
    worked = confined(
        mux, plan.container, (codec,), (TICKS,), plan.entries,
        source=Source(lambda offset, length: data[offset : offset + length], len(data)),
        sink=body, limits=Limits(60, 512),
    )  # fmt: skip
    assert len(worked.value) <= HEAD_BYTES + 1_000_000
    return worked.value + bytes(body.data)


@pytest.mark.parametrize("seconds", [0.2, pytest.param(240, marks=pytest.mark.sweep), 3])
@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
def test_a_clip_of_any_length_begins_with_its_table_of_contents(codec: str, seconds: float) -> None:
    film = h264_film(seconds, bf=2) if codec == "h264" else jpeg_film(seconds)
    seen = look(muxed(film, codec))
    assert seen.fast_start
    assert consecutive(seen.numbers)
    assert len(seen.numbers) == len(film)
    assert seen.duration_s == pytest.approx(len(film) / 15, abs=0.01)
