"""Frame options and their errors; windows that cover every target once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.recipes.frames.options import FrameOptions
from shared.recipes.frames.windows import FrameNaming, Window, plan_windows
from shared.recipes.media_info import MediaInfo, VideoInfo
from shared.recipes.pts import Pts

MEDIA_INFO = MediaInfo(
    container="mov,mp4,m4a,3gp,3g2,mj2",
    size_bytes=10_000_000,
    duration=Fraction(600),
    video=VideoInfo(
        index=0,
        codec="h264",
        width=1920,
        height=1080,
        rotation=0,
        mirrored=False,
        sample_aspect=Fraction(1),
        pix_fmt="yuv420p",
        time_base=Fraction(1, 15360),
        avg_rate=Fraction(30000, 1001),
        rate_kind="constant",
        keyframe_interval_s=Fraction(2),
        open_gop=False,
        has_b_frames=True,
        first_pts=0,
    ),
    audio_codecs=("aac",),
    stream_count=2,
    random_access="index",
    timestamps_reliable=True,
    warnings=("a warning",),
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1/3", Fraction(1, 3)), ("0.5", Fraction(1, 2)), (1, Fraction(1)), (0.1, Fraction(1, 10))],
)
def test_every_is_parsed_as_a_decimal(value: object, expected: Fraction) -> None:
    assert FrameOptions.parse({"every": value}).every == expected


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"every": "0.03"}, "every is 3/100 s; the shortest interval is 0.04 s"),
        ({"every": "0"}, "the shortest interval"),
        ({"every": "-1"}, "every is '-1'; give seconds, such as 1, 0.5 or 1/3"),
        ({"every": "1/0"}, "divides by zero"),
        ({"every": "soon"}, "give seconds"),
        ({"every": True}, "give seconds"),
        ({"every": float("nan")}, "give seconds"),
        ({"every": float("inf")}, "give seconds"),
        ({"every": "1e9"}, "give seconds"),
        ({"every": "9" * 5000}, "give seconds"),
        ({"every": "999999999"}, "seven days"),
        ({"every": "0.123456789"}, "fine enough"),
        ({"start": "5", "end": "5"}, r"end \(5 s\) must come after start \(5 s\)"),
        ({"max_width": 8}, "max_width is '8'; it must be a whole number from 16 to 16384"),
        ({"max_width": "wide"}, "whole number"),
        ({"quality": 0}, "quality is '0'; it must be a whole number from 1 to 100"),
        ({"quality": 90.5}, "whole number"),
        ({"format": "webp"}, "format is 'webp'; it can be jpeg or png"),
        ({"evry": 1}, "The option 'evry' does not exist"),
    ],
)
def test_invalid_option_is_refused_with_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        FrameOptions.parse(options)


@given(
    st.fractions(Fraction(1, 25), 1000, max_denominator=500),
    st.fractions(0, 1000, max_denominator=500),
    st.none() | st.fractions(1001, 2000, max_denominator=500),
    st.none() | st.integers(16, 4096),
    st.sampled_from(["jpeg", "png", "jpg", "JPEG"]),
    st.integers(1, 100),
)
def test_options_round_trip(
    every: Fraction,
    start: Fraction,
    end: Fraction | None,
    max_width: int | None,
    image_format: str,
    quality: int,
) -> None:
    options = FrameOptions.parse(
        {
            "every": str(every),
            "start": str(start),
            "end": None if end is None else str(end),
            "max_width": max_width,
            "format": image_format,
            "quality": quality,
        }
    )
    assert (options.every, options.start, options.end) == (every, start, end)
    assert FrameOptions.parse(options.to_dict()) == options


def test_media_info_round_trips() -> None:
    assert MediaInfo.from_dict(MEDIA_INFO.to_dict()) == MEDIA_INFO
    unknown = replace(MEDIA_INFO, duration=None, video=replace(MEDIA_INFO.video, avg_rate=None))
    assert MediaInfo.from_dict(unknown.to_dict()) == unknown
    with pytest.raises(ValueError, match="schema"):
        MediaInfo.from_dict({})
    incomplete = MEDIA_INFO.to_dict()
    del incomplete["size_bytes"]
    with pytest.raises(ValueError, match="size_bytes"):
        MediaInfo.from_dict(incomplete)


def _assert_covered(windows: list[Window], count: int) -> None:
    assert [window.index for window in windows] == list(range(len(windows)))
    assert windows[0].k_start == 0
    assert all(a.k_end == b.k_start for a, b in pairwise(windows))
    assert all(w.k_end is not None and w.k_end > w.k_start for w in windows[:-1])
    assert windows[-1].k_start < count


@given(
    st.fractions(Fraction(1, 100), 20_000, max_denominator=1000),
    st.fractions(Fraction(1, 25), 50, max_denominator=100),
    st.fractions(0, 100, max_denominator=100),
    st.none() | st.fractions(101, 10_000, max_denominator=100),
    st.integers(1, 31),
)
def test_windows_cover_every_target_once(
    duration: Fraction, every: Fraction, start: Fraction, end: Fraction | None, max_windows: int
) -> None:
    options = FrameOptions(every=every, start=start, end=end)
    media_info = replace(MEDIA_INFO, duration=duration)
    try:
        windows = plan_windows(media_info, options, max_windows=max_windows, max_frames=10_000)
    except ValueError as error:
        sentence = str(error)
        expected_errors = ("limit is 10000", "ends after", "can be done in one job")
        if not any(text in sentence for text in expected_errors):
            raise
        return
    assert 1 <= len(windows) <= max_windows
    span = (duration if end is None else min(end, duration)) - start
    count = -(-span // every)
    _assert_covered(windows, count)
    if end is None:
        assert windows[-1].k_end is None
    else:
        assert windows[-1].k_end is not None
        assert options.target(windows[-1].k_end - 1) < end <= options.target(windows[-1].k_end)
    assert Window.from_dict(windows[-1].to_dict()) == windows[-1]


def test_short_clip_has_one_window_and_long_clip_has_many() -> None:
    ten_seconds = replace(MEDIA_INFO, duration=Fraction(10))
    assert len(plan_windows(ten_seconds, FrameOptions())) == 1
    hour = replace(MEDIA_INFO, duration=Fraction(3600))
    assert len(plan_windows(hour, FrameOptions())) == 31
    sparse = FrameOptions(every=Fraction(60))
    assert len(plan_windows(hour, sparse)) < 31


def test_file_without_random_access_has_one_window() -> None:
    assert len(plan_windows(replace(MEDIA_INFO, random_access="none"), FrameOptions())) == 1


def test_too_many_frames_are_refused_with_a_suitable_interval() -> None:
    with pytest.raises(ValueError, match=r"would be 15000 frames; the limit is 4000.*0\.15 s"):
        plan_windows(MEDIA_INFO, FrameOptions(every=Fraction(1, 25)), max_frames=4000)
    plan_windows(MEDIA_INFO, FrameOptions(every=Fraction(15, 100)), max_frames=4000)


def test_start_after_the_end_is_refused() -> None:
    with pytest.raises(ValueError, match=r"start is 700 s, but the video ends after 600\.000 s"):
        plan_windows(MEDIA_INFO, FrameOptions(start=Fraction(700)))


def test_start_after_an_estimated_end_is_looked_for() -> None:
    program_stream = replace(MEDIA_INFO, container="mpeg", random_access="none")
    options = FrameOptions(start=Fraction(601), end=Fraction(603))
    assert plan_windows(program_stream, options) == [Window(0, 0, 2, 20_000)]


def test_frame_names_sort_by_time_and_contain_it() -> None:
    short = FrameNaming.for_job(MEDIA_INFO, FrameOptions())
    assert short.name(11, Fraction(11)) == "frame_000012_00m11.000s.jpg"
    assert short.name(1, Fraction(1, 3)) == "frame_000002_00m00.333s.jpg"
    assert short.name(2, Fraction(2, 3)) == "frame_000003_00m00.667s.jpg"
    long = FrameNaming.for_job(
        replace(MEDIA_INFO, duration=Fraction(3600)), FrameOptions(format="png")
    )
    assert long.name(3722, Fraction(3723)) == "frame_003723_01h02m03.000s.png"
    assert long.name(0, Fraction(0)) == "frame_000001_00h00m00.000s.png"


def test_pts_of_different_time_bases_compare_exactly() -> None:
    assert Pts(1, Fraction(1, 3)) == Pts(30_000, Fraction(1, 90_000))
    assert hash(Pts(1, Fraction(1, 3))) == hash(Pts(30_000, Fraction(1, 90_000)))
    assert Pts(333, Fraction(1, 1000)) < Pts(1, Fraction(1, 3)) < Pts(334, Fraction(1, 1000))
    assert str(Pts(1, Fraction(1, 2))) == "0.500000s (1 × 1/2)"
