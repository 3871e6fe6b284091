"""When a picture is written: exactly where something changes, and no scene depends on another."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from functions.stitching.film.encoding import to_ticks
from functions.stitching.film.motion import CYCLE_SAMPLES
from functions.stitching.film.segments import (
    FADE_SAMPLES,
    LAST_FRAME_SAMPLES,
    MAX_SEGMENT_SAMPLES,
    REPEAT_SAMPLES,
    Segment,
    plan_segments,
)
from functions.stitching.film.timeline import FRAME_SAMPLES, RATE_HZ, Timeline, build_timeline
from functions.stitching.subtitles.cues import Cue, build_cues
from shared.recipes.films.narration import Narration, SlideSpeech, SpokenSentence
from shared.recipes.films.options import FilmOptions

WORDS = "Plants take carbon dioxide out of the air and water out of the soil. " * 4


def film_of(lengths: list[list[int]], rate_hz: int = 24_000) -> Timeline:
    """A slide a list, with sentences of so many samples."""
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
    return [round(24_000 * one) for one in lengths]


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
def test_pictures_follow_one_another_to_the_end_without_a_gap(
    lengths: list[list[int]], rate_hz: int, options: FilmOptions
) -> None:
    film = film_of(lengths, rate_hz)
    parts = plan_segments(film, build_cues(film.sentences), options)
    assert parts[0].start == 0
    for before, after in itertools.pairwise(parts):
        assert after.start == before.start + before.length
    assert parts[-1].start + parts[-1].length == film.end
    assert {part.scene for part in parts} == set(range(len(film.scenes)))
    stamps = [to_ticks(part.start) + to_ticks(at) for part in parts for at in part.frame_times]
    steps = [after - before for before, after in itertools.pairwise(stamps)]
    assert min(steps) > 0
    longest = (
        FRAME_SAMPLES * 3 // 2 if options.motion == "gentle" else REPEAT_SAMPLES + FRAME_SAMPLES
    )
    assert max(steps) <= to_ticks(longest) + 2
    assert stamps[-1] == pytest.approx(to_ticks(film.end - LAST_FRAME_SAMPLES), abs=1)
    for part in parts:
        assert part.frame_times[0] == 0
        assert part.length <= (CYCLE_SAMPLES if part.has_motion else MAX_SEGMENT_SAMPLES) + RATE_HZ


@pytest.mark.parametrize("options", [one for one in OPTIONS if one.subtitles == "burned"])
def test_a_line_stands_exactly_as_long_as_its_cue(options: FilmOptions) -> None:
    film = film_of([seconds(1.2345, 2.5), seconds(3.3, 61.7), [], seconds(0.9)])
    rows = build_cues(film.sentences)
    assert len(rows) == 5
    expected: dict[Fraction, tuple[str, ...]] = {Fraction(cue.end_ms, 1000): () for cue in rows}
    expected.update({Fraction(cue.start_ms, 1000): cue.lines for cue in rows})
    assert dict(changes(plan_segments(film, rows, options))) == expected


def test_a_line_goes_with_the_slide_that_it_is_spoken_over() -> None:
    film = film_of([seconds(1), seconds(1)])
    late = Cue(1_900, 2_300, ("Late.",))
    parts = plan_segments(film, [late], FilmOptions(subtitles="burned"))
    assert [(one.start, one.end) for one in parts[0].burned_lines] == [(1.9 * RATE_HZ, 2 * RATE_HZ)]
    assert parts[1].burned_lines == ()


def test_soft_subtitles_change_no_picture() -> None:
    film = film_of([seconds(5), seconds(3)])
    parts = plan_segments(film, build_cues(film.sentences), FilmOptions())
    assert [part.frame_times for part in parts] == [
        [0, REPEAT_SAMPLES, 2 * REPEAT_SAMPLES],
        [0, REPEAT_SAMPLES, 4 * RATE_HZ - LAST_FRAME_SAMPLES],
    ]


def test_a_long_slide_can_be_sought_within() -> None:
    film = film_of([seconds(200), seconds(3)])
    parts = plan_segments(film, (), FilmOptions())
    assert [part.start // RATE_HZ for part in parts] == [0, 60, 120, 180, 201]
    film = film_of([seconds(59.5)])
    assert [part.length for part in plan_segments(film, (), FilmOptions())] == [60.5 * RATE_HZ]


def test_a_fade_is_one_picture_every_thirtieth_of_a_second() -> None:
    film = film_of([seconds(2), seconds(2)])
    first, second = plan_segments(film, (), FilmOptions("fade"))
    assert not first.has_fade
    assert (
        second.frame_times[:14]
        == [*range(0, FADE_SAMPLES + 1, FRAME_SAMPLES), FADE_SAMPLES + REPEAT_SAMPLES][:14]
    )


def changes(parts: tuple[Segment, ...]) -> list[tuple[Fraction, tuple[str, ...]]]:
    """(seconds, lines) wherever other lines are burned in than before."""
    found: list[tuple[Fraction, tuple[str, ...]]] = []
    before: tuple[str, ...] = ()
    for part in parts:
        for at in part.frame_times:
            lines = part.lines_at(at)
            if lines != before:
                found.append((Fraction(part.start + at, RATE_HZ), lines))
                before = lines
    return found
