"""Every frame is the one shown at its target, for every kind of clip."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from functions.frame_extraction.pick import PickReport
from shared.recipes.frames.windows import FrameOptions
from tests.fixtures.media.clips import RECIPES, Recipe
from tests.fixtures.media.frame_oracle import many_windows, oracle_of, passport_of, picked

pytestmark = pytest.mark.slow

INTERVALS = ["0.2", "1/3", "1", "2.5"]
SWEEP_INTERVALS = ["0.04", "1/24", "0.0417", "1001/30000", "0.1", "0.7", "1.001", "5", "10", "17"]
KINDS = sorted(RECIPES)


def _check(kind: str, every: str, **more: object) -> None:
    recipe = RECIPES[kind]
    clip = recipe.make()
    passport = passport_of(clip.path)
    options = FrameOptions.parse({"every": every, **more})
    expected = oracle_of(clip, recipe.turn).expected(options)
    report = PickReport()
    assert picked(clip.path, passport, options, report=report) == expected
    windows = many_windows(passport, options)
    assert picked(clip.path, passport, options, windows, report) == expected
    if passport.timestamps_reliable:
        assert report.gave_up == []


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
    recipe = RECIPES[kind]
    clip = recipe.make()
    oracle = oracle_of(clip, recipe.turn)
    assert oracle.counters == tuple(range(len(clip.times)))
    rounding = Fraction(1, 1000)
    assert all(
        abs(found - meant) <= rounding
        for found, meant in zip(oracle.times, clip.times, strict=True)
    )
    # MP4 keeps lengths in decoding order, so where they vary the last one's is not what was meant.
    assert oracle.end > oracle.times[-1]
    assert len(recipe.gaps) > 1 or abs(oracle.end - clip.end) <= rounding


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_that_is_wrong_about_the_end_costs_no_frame(kind: str) -> None:
    recipe = RECIPES[kind]
    clip = recipe.make()
    passport = passport_of(clip.path)
    options = FrameOptions.parse({"every": "0.5"})
    expected = oracle_of(clip, recipe.turn).expected(options)
    for factor in (Fraction(1, 3), Fraction(9, 10), Fraction(11, 10), Fraction(4)):
        assert passport.duration is not None
        lying = replace(passport, duration=passport.duration * factor)
        assert picked(clip.path, lying, options, many_windows(lying, options)) == expected
    unknown = replace(passport, duration=None)
    assert picked(clip.path, unknown, options) == expected


def test_a_wrong_picture_would_be_noticed() -> None:
    """The check itself can fail: shift the clip's beginning by one picture."""
    clip = Recipe(pictures=60).make()
    passport = passport_of(clip.path)
    options = FrameOptions.parse({"every": "0.2"})
    right = oracle_of(clip).expected(options)
    assert picked(clip.path, passport, options) == right
    video = replace(passport.video, first_pts=passport.video.first_pts + 512)
    shifted = replace(passport, video=video)
    assert picked(clip.path, shifted, options) != right
