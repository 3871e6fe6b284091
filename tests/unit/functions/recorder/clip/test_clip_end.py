"""A clip may end anywhere in the decoding order; each of its pictures has the references that it
needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import av
import pytest

from functions.recorder.clip.mux_plan import plan_mux
from functions.recorder.clip.splice import MAX_REORDERED_PICTURES, splice
from functions.recorder.packets import VIDEO
from tests.fakes.cameras.encoded_frames import EncodedFrame, encode_h264
from tests.fixtures.media.counter import read_counter
from tests.fixtures.segments import STARTED_AT, make_packet_run, video_track

FPS = 15


def planned_frames(
    frames: Sequence[EncodedFrame], *, ends_at: float | None = None
) -> list[EncodedFrame]:
    """The frames of the clip of a recording of `frames`, in decoding order."""
    rows = [
        (VIDEO, f.is_keyframe, f.pts, STARTED_AT + f.time_s, len(f.data), n)
        for n, f in enumerate(frames)
    ]
    run = make_packet_run((video_track("h264"),), rows)
    plan = plan_mux(splice([run]), None, ends_at)
    assert plan is not None
    number_by_offset = {offset: n for n, offset in enumerate(run.pictures.offsets.tolist())}
    offsets = plan.tracks[VIDEO]["offset"].tolist()
    return [frames[number_by_offset[offset]] for offset in offsets]


def decode_counters(frames: Iterable[EncodedFrame]) -> list[int]:
    """The counters in display order. A picture without its references has none that is valid."""
    decoder: Any = av.CodecContext.create("h264", "r")
    pictures = [picture for frame in frames for picture in decoder.decode(av.Packet(frame.data))]
    pictures += decoder.decode(None)
    return [read_counter(picture.to_ndarray(format="bgr24")) for picture in pictures]


@pytest.mark.parametrize("b_frames", [0, 2, 7])
def test_recording_cut_at_any_picture_has_only_complete_pictures(b_frames: int) -> None:
    frames = encode_h264(3, FPS, b_frames=b_frames, width=96, height=64)
    for count in range(FPS, 2 * FPS + 1):
        counters = decode_counters(planned_frames(frames[:count]))
        assert counters == list(range(len(counters))), f"cut after {count} pictures"
        assert count - 2 * b_frames - 1 <= len(counters) <= count


@pytest.mark.parametrize("extra_count", [0, 1, 8])
@pytest.mark.parametrize("b_frames", [2, 7])
def test_end_at_any_time_has_only_complete_pictures(b_frames: int, extra_count: int) -> None:
    """`extra_count` pictures were recorded after the end."""
    frames = encode_h264(3, FPS, b_frames=b_frames, width=96, height=64)
    for count in range(FPS, 2 * FPS + 1):
        recorded = frames[: count + extra_count]
        ends_at = STARTED_AT + frames[count - 1].time_s + 0.001
        counters = decode_counters(planned_frames(recorded, ends_at=ends_at))
        assert counters == list(range(len(counters))), f"end after {count} pictures"
        assert abs(len(counters) - count) <= MAX_REORDERED_PICTURES
