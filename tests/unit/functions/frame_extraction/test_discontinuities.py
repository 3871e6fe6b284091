"""Every window of a video whose time stamps jump has the pictures that are shown at its targets."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from functions.frame_extraction.pick import PickedFrame, PickReport, pick_frames
from functions.upload_trigger.media_info import render_media_info
from functions.upload_trigger.probes.summary import UNREAD_JUMP_WARNING
from functions.upload_trigger.probes.timelines import read_timeline, timeline
from functions.upload_trigger.probes.video import probe
from shared.jobs.model import JobInput
from shared.pipeline import Bucket
from shared.recipes.frames.options import FrameOptions
from shared.recipes.media_info import MEDIA_INFO_SCHEMA, MediaInfo
from shared.recipes.stored_object import StoredObject
from shared.recipes.upload_results import Upload
from tests.corpus.discontinuities import (
    CAPTURE,
    FIRST,
    SECOND,
    capture,
    joined,
    joined_flv,
    without_header,
)
from tests.corpus.encoding import clip_bytes, run_ffmpeg
from tests.fixtures.media.clips import ClipSpec
from tests.fixtures.media.counter import read_counter
from tests.fixtures.media.frame_oracle import plan_many_windows

pytestmark = pytest.mark.slow

MPEG2 = {"codec": "mpeg2video", "options": (("g", "15"), ("bf", "2"))}
WRAP_S = Fraction(2**33, 90_000)
FILES: dict[str, Callable[[], bytes]] = {
    "ts": joined,
    "ts of MPEG-2": lambda: joined(**MPEG2),
    "program stream": lambda: joined(suffix="vob", **MPEG2),
    "matroska": lambda: joined(suffix="mkv"),
    "flv": joined_flv,
    "flv without a second header": lambda: without_header(joined_flv()),
    "three parts": lambda: joined() + clip_bytes(FIRST),
    "partly the same times": lambda: (
        _at(replace(FIRST, width=64), 100) + _at(replace(SECOND, width=64), 101)
    ),
    "the clock is reset at 33 bits": lambda: _at(FIRST, int(WRAP_S) - 2) + _at(SECOND, 0),
    "both parts contain the reset": lambda: (
        _at(FIRST, int(WRAP_S) - 2) + _at(SECOND, int(WRAP_S) - 1)
    ),
}


def _at(spec: Any, offset_s: int) -> bytes:
    return clip_bytes(replace(spec, offset_s=Fraction(offset_s), format="mpegts"))


def _pick(
    data: bytes, media_info: MediaInfo, **options: object
) -> tuple[list[PickedFrame], PickReport]:
    """The frames of all windows, as many as possible."""
    chosen, report = FrameOptions.parse(options), PickReport()
    frames = [
        frame
        for window in plan_many_windows(media_info, chosen)
        for frame in pick_frames(io.BytesIO(data), window, chosen, media_info, report=report)
    ]
    return frames, report


@pytest.mark.parametrize("kind", FILES)
def test_every_window_goes_on_behind_the_jump(kind: str) -> None:
    data = FILES[kind]()
    media_info = probe(io.BytesIO(data), len(data))
    counters = [*range(90), *range(60), *(range(90) if kind == "three parts" else ())]
    assert media_info.duration is not None
    assert abs(media_info.duration - Fraction(len(counters), 30)) <= Fraction(1, 30)
    for options in ({"every": "0.1"}, {"every": "0.7", "start": "2.5"}):
        frames, report = _pick(data, media_info, **options)
        start, every = Fraction(options.get("start", "0")), Fraction(options["every"])
        targets = [start + n * every for n in range(1000)]
        expected = [int(t * 30) for t in targets if t < Fraction(len(counters), 30)]
        assert [read_counter(frame.image) for frame in frames] == [counters[n] for n in expected]
        for frame, number in zip(frames, expected, strict=True):
            # Matroska and FLV have milliseconds.
            assert abs(frame.time_s - Fraction(number, 30)) <= Fraction(1, 999)
        assert report.failures == []


def test_options_select_pictures_behind_the_jump() -> None:
    data = joined()
    media_info = probe(io.BytesIO(data), len(data))
    assert media_info.random_access == "index"
    frames, _ = _pick(data, media_info, every="0.25", start="4", end="4.6")
    assert [read_counter(frame.image) for frame in frames] == [30, 37, 45]


def test_part_that_begins_within_a_gop_keeps_its_time() -> None:
    # The second part begins with picture 19 in decoding order; 340 is its first keyframe.
    data = clip_bytes(replace(FIRST, width=64)) + capture(CAPTURE, 20)
    media_info = probe(io.BytesIO(data), len(data))
    frames, _ = _pick(data, media_info, every="1")
    assert any("10.7 s cannot be decoded" in warning for warning in media_info.warnings)
    counters = [read_counter(frame.image) for frame in frames]
    assert counters[:4] == [0, 30, 60, 89]
    assert set(counters[3:14]) == {89}
    assert counters[14:] == [349, 379]


@pytest.mark.parametrize("suffix", ["ts", "mkv"])
def test_windows_of_a_capture_begin_at_the_first_keyframe(suffix: str) -> None:
    data = capture(replace(CAPTURE, suffix=suffix), 20)
    media_info = probe(io.BytesIO(data), len(data))
    assert media_info.duration is not None
    assert abs(media_info.duration - 2) <= Fraction(1, 30)
    assert any("first 10.7 s cannot be decoded" in text for text in media_info.warnings)
    frames, _ = _pick(data, media_info, every="0.2", start="0.4")
    assert [read_counter(frame.image) for frame in frames] == [*range(352, 400, 6)]


def test_gap_that_sound_fills_is_no_jump() -> None:
    """A picture that is shown for 12 s while the sound goes on stays for 12 s."""
    spec = ClipSpec(
        frame_count=4, frame_durations=(30, 360, 30, 30), has_sound=True, width=64, height=64,
        options=(("bf", "0"),),
    )  # fmt: skip
    data = run_ffmpeg("gap", "ts", "-i", spec, "-c", "copy")
    media_info = probe(io.BytesIO(data), len(data))
    assert media_info.discontinuities == ()
    frames, _ = _pick(data, media_info, every="1", end="14")
    assert [read_counter(frame.image) for frame in frames] == [0, *[1] * 12, 2]


def test_discontinuities_survive_storage() -> None:
    data = joined()
    media_info = probe(io.BytesIO(data), len(data))
    assert len(media_info.discontinuities) == 1
    assert MediaInfo.from_dict(media_info.to_dict()) == media_info


def test_seek_points_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MAX_SEEK_POINTS", 3)
    data = joined() + joined() + joined()
    media_info = probe(io.BytesIO(data), len(data))
    assert len(media_info.discontinuities) == 5
    assert 1 < len(media_info.seek_points) <= 3
    frames, _ = _pick(data, media_info, every="0.5")
    assert [read_counter(frame.image) for frame in frames] == [
        0, 15, 30, 45, 60, 75, 0, 15, 30, 45] * 3  # fmt: skip


def test_too_many_jumps_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MAX_DISCONTINUITIES", 1)
    data = joined() + joined()
    media_info = probe(io.BytesIO(data), len(data))
    assert any("more than 1 time" in warning for warning in media_info.warnings)


def test_jump_in_a_large_file_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(read_timeline.MAX_BYTES, "mpegts", 10_000)
    for data, expected in ((joined(), (UNREAD_JUMP_WARNING,)), (clip_bytes(FIRST), ())):
        media_info = probe(io.BytesIO(data), len(data))
        assert media_info.discontinuities == ()
        assert media_info.warnings == expected


def test_other_programme_is_no_part() -> None:
    """The second programme goes on when the first, which is as long, has ended."""
    spec = replace(FIRST, suffix="mp4")
    other = replace(spec, width=64, frame_count=89)
    data = run_ffmpeg(
        "two", "ts", "-i", spec, "-itsoffset", "0.5", "-i", other, "-c", "copy", "-map", "0",
        "-map", "1", "-program", "st=0", "-program", "st=1",
    )  # fmt: skip
    media_info = probe(io.BytesIO(data), len(data))
    assert media_info.joined_at == ()
    assert media_info.discontinuities == ()
    frames, _ = _pick(data, media_info, every="0.5")
    assert {frame.image.shape for frame in frames} == {(64, 96, 3)}


def test_stored_description_has_every_field() -> None:
    """A later attempt reads the media info from media-info.json."""
    data = joined_flv()
    media_info = probe(io.BytesIO(data), len(data))
    stored = StoredObject(Bucket.UPLOADS, "video", 1, len(data), "")
    declared = JobInput("video", "video", "video/x-flv", len(data), "a.flv")
    document = json.loads(render_media_info(declared, Upload(stored, "a.flv", media_info)))
    restored = {**document, "schema": MEDIA_INFO_SCHEMA, "size_bytes": len(data)}
    assert MediaInfo.from_dict(restored) == media_info
