"""Every frame is the one shown at its target, for every kind of clip."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from functions.frame_extraction.pick import PickReport
from shared.recipes.frames.options import FrameOptions
from tests.fixtures.media.clips import CLIP_SPECS, ClipSpec
from tests.fixtures.media.frame_oracle import (
    decode_oracle,
    pick_counters,
    plan_many_windows,
    probe_file,
)

pytestmark = pytest.mark.slow

INTERVALS = ["0.2", "1/3", "1", "2.5"]
SWEEP_INTERVALS = ["0.04", "1/24", "0.0417", "1001/30000", "0.1", "0.7", "1.001", "5", "10", "17"]
KINDS = sorted(CLIP_SPECS)


def _check(kind: str, every: str, **more: object) -> None:
    recipe = CLIP_SPECS[kind]
    clip = recipe.encode()
    media_info = probe_file(clip.path)
    options = FrameOptions.parse({"every": every, **more})
    expected = decode_oracle(clip, recipe.rotation).expected_frames(options)
    report = PickReport()
    assert pick_counters(clip.path, media_info, options, report=report) == expected
    windows = plan_many_windows(media_info, options)
    assert pick_counters(clip.path, media_info, options, windows, report) == expected
    if media_info.timestamps_reliable:
        assert report.failures == []


@pytest.mark.parametrize("every", INTERVALS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_the_one_shown_at_its_time(kind: str, every: str) -> None:
    _check(kind, every)


@pytest.mark.sweep
@pytest.mark.parametrize("every", SWEEP_INTERVALS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_the_one_shown_at_odd_intervals_too(kind: str, every: str) -> None:
    if Fraction(every) >= Fraction(1, 25):
        _check(kind, every)


@pytest.mark.parametrize("kind", ["cfr30", "open-gop", "webm", "mpegts-later"])
def test_twenty_five_frames_a_second_lose_and_double_none(kind: str) -> None:
    _check(kind, "0.04")


@pytest.mark.parametrize("kind", ["cfr30", "vfr", "open-gop", "mpegts", "webm", "long-gop"])
@pytest.mark.parametrize(
    ("start", "end"), [("3.3", "7"), ("0", "0.05"), ("5.01", None), ("2", "600"), ("7.9", "8")]
)
def test_a_part_is_cut_out_exactly(kind: str, start: str, end: str | None) -> None:
    _check(kind, "0.3", start=start, end=end)


@pytest.mark.parametrize("kind", KINDS)
def test_the_clips_are_what_their_maker_says(kind: str) -> None:
    """The oracle reads files; this holds the files against what was meant to be written."""
    recipe = CLIP_SPECS[kind]
    clip = recipe.encode()
    oracle = decode_oracle(clip, recipe.rotation)
    assert oracle.counters == tuple(range(len(clip.times_s)))
    rounding = Fraction(1, 1000)
    assert all(
        abs(found - meant) <= rounding
        for found, meant in zip(oracle.times_s, clip.times_s, strict=True)
    )
    # MP4 keeps lengths in decoding order, so where they vary the last one's is not what was meant.
    assert oracle.end_s > oracle.times_s[-1]
    assert len(recipe.frame_durations) > 1 or abs(oracle.end_s - clip.end_s) <= rounding


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_that_is_wrong_about_the_end_costs_no_frame(kind: str) -> None:
    recipe = CLIP_SPECS[kind]
    clip = recipe.encode()
    media_info = probe_file(clip.path)
    options = FrameOptions.parse({"every": "0.5"})
    expected = decode_oracle(clip, recipe.rotation).expected_frames(options)
    for factor in (Fraction(1, 3), Fraction(9, 10), Fraction(11, 10), Fraction(4)):
        assert media_info.duration is not None
        lying = replace(media_info, duration=media_info.duration * factor)
        assert (
            pick_counters(clip.path, lying, options, plan_many_windows(lying, options)) == expected
        )
    unknown = replace(media_info, duration=None)
    assert pick_counters(clip.path, unknown, options) == expected


def test_a_wrong_picture_would_be_noticed() -> None:
    """The check itself can fail: shift the clip's beginning by one picture."""
    clip = ClipSpec(frame_count=60).encode()
    media_info = probe_file(clip.path)
    options = FrameOptions.parse({"every": "0.2"})
    right = decode_oracle(clip).expected_frames(options)
    assert pick_counters(clip.path, media_info, options) == right
    video = replace(media_info.video, first_pts=media_info.video.first_pts + 512)
    shifted = replace(media_info, video=video)
    assert pick_counters(clip.path, shifted, options) != right
