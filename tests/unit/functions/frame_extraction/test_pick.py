"""For every kind of clip, each frame is the picture that is shown at its target."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from functions.frame_extraction.pick import PickReport
from shared.recipes.frames.options import FrameOptions
from tests.fixtures.media.clip_specs import CLIP_SPECS
from tests.fixtures.media.clips import ClipSpec
from tests.fixtures.media.frame_oracle import (
    decode_oracle,
    pick_counters,
    plan_many_windows,
    probe_file,
)

pytestmark = pytest.mark.slow

INTERVALS = ["0.2", "1/3", "2.5"]
SWEEP_INTERVALS = [
    "0.04", "1/24", "0.0417", "1001/30000", "0.1", "0.7", "1", "1.001", "5", "10", "17",
]  # fmt: skip
KINDS = sorted(CLIP_SPECS)


def _check(kind: str, every: str, **other_options: object) -> None:
    spec = CLIP_SPECS[kind]
    clip = spec.encode()
    media_info = probe_file(clip.path)
    options = FrameOptions.parse({"every": every, **other_options})
    expected = decode_oracle(clip, spec.rotation).expected_frames(options)
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
def test_every_frame_is_the_one_shown_at_odd_intervals(kind: str, every: str) -> None:
    if Fraction(every) >= Fraction(1, 25):
        _check(kind, every)


@pytest.mark.parametrize("kind", ["cfr30", "open-gop", "webm", "mpegts-later"])
def test_25_frames_per_second_neither_lose_nor_repeat_frames(kind: str) -> None:
    _check(kind, "0.04")


@pytest.mark.parametrize("kind", ["cfr30", "vfr", "open-gop", "mpegts", "webm", "long-gop"])
@pytest.mark.parametrize(
    ("start", "end"), [("3.3", "7"), ("0", "0.05"), ("5.01", None), ("2", "600"), ("7.9", "8")]
)
def test_start_and_end_are_exact(kind: str, start: str, end: str | None) -> None:
    _check(kind, "0.3", start=start, end=end)


@pytest.mark.parametrize("kind", KINDS)
def test_encoded_clips_match_their_specs(kind: str) -> None:
    """The oracle reads the files; this test compares the files with their specs."""
    spec = CLIP_SPECS[kind]
    clip = spec.encode()
    oracle = decode_oracle(clip, spec.rotation)
    assert oracle.counters == tuple(range(len(clip.times_s)))
    rounding = Fraction(1, 1000)
    assert all(
        abs(actual - intended) <= rounding
        for actual, intended in zip(oracle.times_s, clip.times_s, strict=True)
    )
    # MP4 stores durations in decoding order, so where they vary the last duration differs.
    assert oracle.end_s > oracle.times_s[-1]
    assert len(spec.frame_durations) > 1 or abs(oracle.end_s - clip.end_s) <= rounding


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_duration_in_the_metadata_loses_no_frame(kind: str) -> None:
    spec = CLIP_SPECS[kind]
    clip = spec.encode()
    media_info = probe_file(clip.path)
    options = FrameOptions.parse({"every": "0.5"})
    expected = decode_oracle(clip, spec.rotation).expected_frames(options)
    for factor in (Fraction(1, 3), Fraction(9, 10), Fraction(11, 10), Fraction(4)):
        assert media_info.duration is not None
        wrong_info = replace(media_info, duration=media_info.duration * factor)
        assert (
            pick_counters(clip.path, wrong_info, options, plan_many_windows(wrong_info, options))
            == expected
        )
    without_duration = replace(media_info, duration=None)
    assert pick_counters(clip.path, without_duration, options) == expected


def test_comparison_detects_wrong_pictures() -> None:
    """The comparison fails when the start of the clip is shifted by one picture."""
    clip = ClipSpec(frame_count=60).encode()
    media_info = probe_file(clip.path)
    options = FrameOptions.parse({"every": "0.2"})
    expected = decode_oracle(clip).expected_frames(options)
    assert pick_counters(clip.path, media_info, options) == expected
    video = replace(media_info.video, first_pts=media_info.video.first_pts + 512)
    shifted = replace(media_info, video=video)
    assert pick_counters(clip.path, shifted, options) != expected
