"""Segments and frame times: frames at every change, and no scene depends on another."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from functions.stitching.film.encoding import to_ticks
from functions.stitching.film.motion import CYCLE_SAMPLES, MOTION_SAMPLES
from functions.stitching.film.segments import (
    FADE_SAMPLES,
    LAST_FRAME_SAMPLES,
    MAX_SEGMENT_SAMPLES,
    REPEAT_SAMPLES,
    Segment,
    plan_segments,
)
from functions.stitching.film.timeline import FRAME_SAMPLES, RATE_HZ, Timeline, build_timeline
from shared.recipes.films.narration import Narration, SlideSpeech, SpokenSentence
from shared.recipes.films.options import FilmOptions
from shared.subtitles.cues import Cue, build_cues

WORDS = "Plants take carbon dioxide out of the air and water out of the soil. " * 4


def make_timeline(lengths: list[list[int]], rate_hz: int = 24_000) -> Timeline:
    """Returns a timeline with one slide per list, with sentences of these lengths in samples."""
    slides = []
    for row in lengths:
        ends = list(itertools.accumulate(row))
        sentences = tuple(
            SpokenSentence(WORDS[: 20 + n % 200], end - length, end)
            for n, (length, end) in enumerate(zip(row, ends, strict=True))
        )
        slides.append(
            SlideSpeech("s", 1, 1, rate_hz, ends[-1], sentences) if row else SlideSpeech()
        )
    return build_timeline(Narration(tuple(slides)))


def seconds(*lengths: float) -> list[int]:
    return [round(24_000 * length) for length in lengths]


OPTIONS = [
    FilmOptions.from_job({"transition": transition, "subtitles": subtitles, "motion": motion})
    for transition in ("cut", "fade")
    for subtitles in ("soft", "burned")
    for motion in ("none", "gentle")
]


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.integers(1, 3_000_000), max_size=5), min_size=1, max_size=5),
    st.sampled_from([8_000, 22_050, 24_000, 48_000]),
    st.sampled_from(OPTIONS),
)
@example([[1, 1135, 1]], 22_050, FilmOptions(subtitles="burned", motion="gentle"))
def test_frames_cover_the_film_without_gaps(
    lengths: list[list[int]], rate_hz: int, options: FilmOptions
) -> None:
    timeline = make_timeline(lengths, rate_hz)
    moving = range(len(timeline.scenes)) if options.motion == "gentle" else ()
    segments = plan_segments(timeline, build_cues(timeline.sentences), options, moving)
    assert segments[0].start == 0
    for before, after in itertools.pairwise(segments):
        assert after.start == before.start + before.length
    assert segments[-1].start + segments[-1].length == timeline.end
    assert {segment.scene for segment in segments} == set(range(len(timeline.scenes)))
    stamps = [
        to_ticks(segment.start) + to_ticks(at) for segment in segments for at in segment.frame_times
    ]
    steps = [after - before for before, after in itertools.pairwise(stamps)]
    assert min(steps) > 0
    max_step = FRAME_SAMPLES + (MOTION_SAMPLES if moving else REPEAT_SAMPLES)
    assert max(steps) <= to_ticks(max_step) + 2
    assert stamps[-1] == pytest.approx(to_ticks(timeline.end - LAST_FRAME_SAMPLES), abs=1)
    for segment in segments:
        assert segment.frame_times[0] == 0
        assert (
            segment.length
            <= (CYCLE_SAMPLES if segment.has_motion else MAX_SEGMENT_SAMPLES) + RATE_HZ
        )


@pytest.mark.parametrize(
    "options", [options for options in OPTIONS if options.subtitles == "burned"]
)
def test_burned_line_has_the_time_of_its_cue(options: FilmOptions) -> None:
    timeline = make_timeline([seconds(1.2345, 2.5), seconds(3.3, 61.7), [], seconds(0.9)])
    rows = build_cues(timeline.sentences)
    assert len(rows) == 5
    expected: dict[Fraction, tuple[str, ...]] = {Fraction(cue.end_ms, 1000): () for cue in rows}
    expected.update({Fraction(cue.start_ms, 1000): cue.lines for cue in rows})
    assert dict(list_changes(plan_segments(timeline, rows, options))) == expected


def test_burned_line_ends_with_its_slide() -> None:
    timeline = make_timeline([seconds(1), seconds(1)])
    late = Cue(1_900, 2_300, ("Late.",))
    segments = plan_segments(timeline, [late], FilmOptions(subtitles="burned"))
    assert [(burned.start, burned.end) for burned in segments[0].burned_lines] == [
        (1.9 * RATE_HZ, 2 * RATE_HZ)
    ]
    assert segments[1].burned_lines == ()


def test_soft_subtitles_add_no_frames() -> None:
    timeline = make_timeline([seconds(5), seconds(3)])
    segments = plan_segments(timeline, build_cues(timeline.sentences), FilmOptions())
    assert [segment.frame_times for segment in segments] == [
        [0, REPEAT_SAMPLES, 2 * REPEAT_SAMPLES],
        [0, REPEAT_SAMPLES, 4 * RATE_HZ - LAST_FRAME_SAMPLES],
    ]


def test_long_slide_is_split_for_seeking() -> None:
    timeline = make_timeline([seconds(200), seconds(3)])
    segments = plan_segments(timeline, (), FilmOptions())
    assert [segment.start // RATE_HZ for segment in segments] == [0, 60, 120, 180, 201]
    timeline = make_timeline([seconds(59.5)])
    assert [segment.length for segment in plan_segments(timeline, (), FilmOptions())] == [
        60.5 * RATE_HZ
    ]


def test_fade_has_30_frames_per_second() -> None:
    timeline = make_timeline([seconds(2), seconds(2)])
    first, second = plan_segments(timeline, (), FilmOptions("fade"))
    assert not first.has_fade
    assert (
        second.frame_times[:14]
        == [*range(0, FADE_SAMPLES + 1, FRAME_SAMPLES), FADE_SAMPLES + REPEAT_SAMPLES][:14]
    )


def list_changes(segments: tuple[Segment, ...]) -> list[tuple[Fraction, tuple[str, ...]]]:
    """Returns (seconds, lines) of every change of the burned-in lines."""
    changes: list[tuple[Fraction, tuple[str, ...]]] = []
    before: tuple[str, ...] = ()
    for segment in segments:
        for at in segment.frame_times:
            lines = segment.lines_at(at)
            if lines != before:
                changes.append((Fraction(segment.start + at, RATE_HZ), lines))
                before = lines
    return changes
