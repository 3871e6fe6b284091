"""Subtitles in the picture: readable on any ground, inside the safe area, right in every script."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from functions.stitching.film.encoding import Planes, planes_to_frame, rgb_to_planes, split_planes
from functions.stitching.film.motion import FOCUS_POINTS, ZOOM
from functions.stitching.film.timeline import TimedSentence
from functions.stitching.subtitles.burn import (
    PORTRAIT_BOTTOM_MARGIN,
    SAFE_MARGIN,
    Overlay,
    SubtitleBurner,
)
from functions.stitching.subtitles.cues import MAX_COLUMNS, build_cues, wrap_text
from shared.recipes.films.deck import picture_size
from shared.recipes.films.options import SUBTITLE_AREA
from tests.fixtures.media.decks import SCRIPTS

SIZES = [
    picture_size(aspect, resolution)
    for aspect in ("16:9", "9:16", "1:1")
    for resolution in ("720p", "1080p")
]
WIDEST = ("W" * MAX_COLUMNS, "M" * MAX_COLUMNS)


def ground(size: tuple[int, int], grey: int) -> Planes:
    return rgb_to_planes(np.full((size[1], size[0], 3), grey, np.uint8))


def rgb(picture: Planes) -> NDArray[np.uint8]:
    return np.asarray(planes_to_frame(picture).to_ndarray(format="rgb24"), np.uint8)


def box(overlay: Overlay) -> tuple[int, int, int, int]:
    """left, top, right, bottom in pixels."""
    height, width = overlay.planes[0].shape
    return overlay.left, overlay.top, overlay.left + width, overlay.top + height


def contrast(one: float, other: float) -> float:
    """WCAG 2.2 of two greys."""

    def linear(value: float) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    light, dark = sorted((linear(one), linear(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", SCRIPTS)
def test_two_lines_stand_inside_the_safe_area_and_the_room_that_slides_keep(
    size: tuple[int, int], language: str
) -> None:
    words = " ".join(SCRIPTS[language])
    lines = tuple(wrap_text(f"{words} {words}")[:2])
    left, top, right, bottom = box(SubtitleBurner(size, language).overlay(lines))
    assert left >= size[0] * SAFE_MARGIN - 1
    assert right <= size[0] * (1 - SAFE_MARGIN) + 1
    below = SAFE_MARGIN if size[0] >= size[1] else PORTRAIT_BOTTOM_MARGIN
    assert bottom <= size[1] * (1 - below) + 1
    # Where a slide's text ends, also when a move has come as near as it comes.
    for _, y in FOCUS_POINTS:
        assert top >= size[1] * (y + (1 - float(SUBTITLE_AREA) - y) * (1 + ZOOM))
    assert abs(left + right - size[0]) <= 4


@pytest.mark.parametrize("size", [*SIZES, (192, 108), (64, 64), (2, 2)])
def test_the_widest_line_fits_any_picture(size: tuple[int, int]) -> None:
    overlay = SubtitleBurner(size, "en").overlay(WIDEST)
    left, top, right, bottom = box(overlay)
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    assert overlay.apply_to(ground(size, 200)).shape == ground(size, 200).shape


@pytest.mark.parametrize("grey", [0, 90, 180, 255])
def test_it_can_be_read_on_any_ground(grey: int) -> None:
    overlay = SubtitleBurner((1280, 720), "en").overlay(("Readable on anything",))
    left, top, right, bottom = box(overlay)
    shown = rgb(overlay.apply_to(ground((1280, 720), grey)))[
        top + 4 : bottom - 4, left + 8 : right - 8
    ]
    assert contrast(float(shown.max()), float(np.median(shown))) >= 7


def test_nothing_but_the_box_changes() -> None:
    before = rgb_to_planes(np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8))
    kept = before.copy()
    overlay = SubtitleBurner((1280, 720), "en").overlay(("A line", "and another"))
    after = overlay.apply_to(before)
    assert np.array_equal(before, kept)
    left, top, right, bottom = box(overlay)
    for n, (was, now) in enumerate(zip(split_planes(before), split_planes(after), strict=True)):
        scale = 2 if n else 1
        outside = np.ones(was.shape, bool)
        outside[top // scale : bottom // scale, left // scale : right // scale] = False
        assert np.array_equal(was[outside], now[outside])
        assert not np.array_equal(was, now)


def ink(overlay: Overlay) -> NDArray[np.uint8]:
    """What is written, light on dark, without the box's edges."""
    return np.ascontiguousarray(overlay.planes[0])


def place_of(words: str, line: str, language: str) -> float:
    """Where some words of a line stand in its box: 0 at its left edge, 1 at its right one."""
    burner = SubtitleBurner((1280, 720), language)
    whole, part = ink(burner.overlay((line,))), ink(burner.overlay((words,)))
    columns = np.flatnonzero(part.max(axis=0) > 100)
    part = part[6:-6, columns[0] : columns[-1] + 1]
    _, best, _, (x, _) = cv2.minMaxLoc(cv2.matchTemplate(whole, part, cv2.TM_CCOEFF_NORMED))
    assert best > 0.9
    return float(x / (whole.shape[1] - part.shape[1]))


@pytest.mark.parametrize("language", ["he", "ar"])
def test_a_line_from_right_to_left_begins_at_the_right_even_with_a_foreign_word(
    language: str,
) -> None:
    rest = {"he": "הוא פחמן דו־חמצני שבאוויר", "ar": "هو ثاني أكسيد الكربون في الهواء"}[language]
    assert place_of(rest, f"CO2 {rest}", language) < 0.3
    assert place_of(rest, f"{rest} CO2", language) > 0.7


def test_english_in_a_hebrew_film_runs_from_left_to_right() -> None:
    assert place_of("in English, please", "Now in English, please", "he") > 0.7


@pytest.mark.parametrize("language", ["ar", "hi", "th"])
def test_letters_are_joined_and_stacked_as_the_script_asks(language: str) -> None:
    """Letter by letter the same text would be wider: nothing was shaped if it is not narrower."""
    text = {"ar": "النباتات", "hi": "विद्यार्थी", "th": "น้ำ"}[language]
    burner = SubtitleBurner((1280, 720), language)
    whole = box(burner.overlay((text,)))
    apart = box(burner.overlay((" ".join(text),)))
    assert whole[2] - whole[0] < 0.8 * (apart[2] - apart[0])


@settings(max_examples=60)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co"]), min_size=1))
def test_no_sentence_is_too_strange_to_be_written(text: str) -> None:
    burner = SubtitleBurner((720, 720), "en")
    for cue in build_cues([TimedSentence(text, 0, 48_000)]):
        overlay = burner.overlay(cue.lines)
        assert overlay.apply_to(ground((720, 720), 90)).shape == (1080, 720)


def test_every_script_has_its_letters() -> None:
    """A missing glyph is the same box for every letter."""
    for language, (text, *_) in SCRIPTS.items():
        burner = SubtitleBurner((1280, 720), language)
        letters = sorted({one for one in text if one.isalpha()})[:6]
        drawn = {ink(burner.overlay((one,))).tobytes() for one in letters}
        assert len(drawn) == len(letters), language
