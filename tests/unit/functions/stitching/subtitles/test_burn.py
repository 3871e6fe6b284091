"""Burned-in subtitles: readable on any background, inside the safe area, in every script."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from functions.stitching.film.encoding import Planes, planes_to_frame, rgb_to_planes, split_planes
from functions.stitching.film.motion import FOCUS_POINTS, ZOOM
from functions.stitching.subtitles.burn import (
    PORTRAIT_BOTTOM_MARGIN,
    SAFE_MARGIN,
    SubtitleBurner,
)
from functions.stitching.subtitles.overlay import Overlay
from shared.recipes.films.deck import picture_size
from shared.recipes.films.options import SUBTITLE_AREA
from shared.subtitles.cues import build_cues
from shared.subtitles.lines import MAX_COLUMNS, split_pieces, wrap_pieces
from shared.subtitles.timed_sentence import TimedSentence
from tests.fixtures.media.decks import SCRIPTS

SIZES = [
    picture_size(aspect, resolution)
    for aspect in ("16:9", "9:16", "1:1")
    for resolution in ("720p", "1080p")
]
WIDEST = ("W" * MAX_COLUMNS, "M" * MAX_COLUMNS)


def make_background(size: tuple[int, int], grey: int) -> Planes:
    return rgb_to_planes(np.full((size[1], size[0], 3), grey, np.uint8))


def to_rgb(picture: Planes) -> NDArray[np.uint8]:
    return np.asarray(planes_to_frame(picture).to_ndarray(format="rgb24"), np.uint8)


def box(overlay: Overlay) -> tuple[int, int, int, int]:
    """Returns left, top, right, bottom in pixels."""
    height, width = overlay.planes[0].shape
    return overlay.left, overlay.top, overlay.left + width, overlay.top + height


def contrast(first: float, second: float) -> float:
    """Returns the WCAG 2.2 contrast of two greys."""

    def linear(value: float) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    light, dark = sorted((linear(first), linear(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", SCRIPTS)
def test_two_lines_are_inside_the_safe_area_and_the_subtitle_area(
    size: tuple[int, int], language: str
) -> None:
    words = " ".join(SCRIPTS[language])
    lines = tuple(wrap_pieces(split_pieces(f"{words} {words}"))[:2])
    left, top, right, bottom = box(SubtitleBurner(size, language).overlay(lines))
    assert left >= size[0] * SAFE_MARGIN - 1
    assert right <= size[0] * (1 - SAFE_MARGIN) + 1
    margin = SAFE_MARGIN if size[0] >= size[1] else PORTRAIT_BOTTOM_MARGIN
    assert bottom <= size[1] * (1 - margin) + 1
    # Below the text of a slide, also at the maximum zoom.
    for _, y in FOCUS_POINTS:
        assert top >= size[1] * (y + (1 - float(SUBTITLE_AREA) - y) * (1 + ZOOM))
    assert abs(left + right - size[0]) <= 4


@pytest.mark.parametrize("size", [*SIZES, (192, 108), (64, 64), (2, 2)])
def test_widest_line_fits_any_picture(size: tuple[int, int]) -> None:
    overlay = SubtitleBurner(size, "en").overlay(WIDEST)
    left, top, right, bottom = box(overlay)
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    assert overlay.apply_to(make_background(size, 200)).shape == make_background(size, 200).shape


@pytest.mark.parametrize("grey", [0, 90, 180, 255])
def test_text_has_enough_contrast_on_any_background(grey: int) -> None:
    overlay = SubtitleBurner((1280, 720), "en").overlay(("Readable on anything",))
    left, top, right, bottom = box(overlay)
    area = to_rgb(overlay.apply_to(make_background((1280, 720), grey)))[
        top + 4 : bottom - 4, left + 8 : right - 8
    ]
    assert contrast(float(area.max()), float(np.median(area))) >= 7


def test_only_the_box_changes() -> None:
    before = rgb_to_planes(np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8))
    copy = before.copy()
    overlay = SubtitleBurner((1280, 720), "en").overlay(("A line", "and another"))
    after = overlay.apply_to(before)
    assert np.array_equal(before, copy)
    left, top, right, bottom = box(overlay)
    for n, (old, new) in enumerate(zip(split_planes(before), split_planes(after), strict=True)):
        scale = 2 if n else 1
        outside = np.ones(old.shape, bool)
        outside[top // scale : bottom // scale, left // scale : right // scale] = False
        assert np.array_equal(old[outside], new[outside])
        assert not np.array_equal(old, new)


def read_luma(overlay: Overlay) -> NDArray[np.uint8]:
    """Returns the luma of the box: light text on a dark make_background."""
    return np.ascontiguousarray(overlay.planes[0])


def find_position(words: str, line: str, language: str) -> float:
    """Returns the position of words in their line: 0 at the left edge, 1 at the right edge."""
    burner = SubtitleBurner((1280, 720), language)
    image, part = read_luma(burner.overlay((line,))), read_luma(burner.overlay((words,)))
    columns = np.flatnonzero(part.max(axis=0) > 100)
    part = part[6:-6, columns[0] : columns[-1] + 1]
    _, best, _, (x, _) = cv2.minMaxLoc(cv2.matchTemplate(image, part, cv2.TM_CCOEFF_NORMED))
    assert best > 0.9
    return float(x / (image.shape[1] - part.shape[1]))


@pytest.mark.parametrize("language", ["he", "ar"])
def test_rtl_line_begins_at_the_right_even_with_a_foreign_word(
    language: str,
) -> None:
    rest = {"he": "הוא פחמן דו־חמצני שבאוויר", "ar": "هو ثاني أكسيد الكربون في الهواء"}[language]
    assert find_position(rest, f"CO2 {rest}", language) < 0.3
    assert find_position(rest, f"{rest} CO2", language) > 0.7


def test_english_in_a_hebrew_film_runs_from_left_to_right() -> None:
    assert find_position("in English, please", "Now in English, please", "he") > 0.7


@pytest.mark.parametrize("language", ["ar", "hi", "th"])
def test_complex_scripts_are_shaped(language: str) -> None:
    """Shaped text is narrower than its separate letters."""
    text = {"ar": "النباتات", "hi": "विद्यार्थी", "th": "น้ำ"}[language]
    burner = SubtitleBurner((1280, 720), language)
    shaped = box(burner.overlay((text,)))
    separate = box(burner.overlay((" ".join(text),)))
    assert shaped[2] - shaped[0] < 0.8 * (separate[2] - separate[0])


@settings(max_examples=60)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co"]), min_size=1))
def test_any_text_can_be_drawn(text: str) -> None:
    burner = SubtitleBurner((720, 720), "en")
    for cue in build_cues([TimedSentence(text, 0, 48_000)]):
        overlay = burner.overlay(cue.lines)
        assert overlay.apply_to(make_background((720, 720), 90)).shape == (1080, 720)


def test_every_script_has_its_glyphs() -> None:
    """All missing glyphs look the same."""
    for language, (text, *_) in SCRIPTS.items():
        burner = SubtitleBurner((1280, 720), language)
        letters = sorted({character for character in text if character.isalpha()})[:6]
        drawn = {read_luma(burner.overlay((letter,))).tobytes() for letter in letters}
        assert len(drawn) == len(letters), language


def test_line_that_does_not_fit_into_a_narrow_picture_is_broken_again() -> None:
    burner = SubtitleBurner((160, 90), "en")
    narrow = burner.draw(("Short.",))
    drawn = burner.draw(("WWWWW WWWWW WWWWW WWWWW WWWWW WWWWW",))
    assert drawn.opacity.shape[0] > 1.5 * narrow.opacity.shape[0]
    assert drawn.opacity.shape[1] <= 160
    # No letter is cut off.
    assert not drawn.opacity[:, [0, 1, -2, -1]].any()


def test_text_in_a_very_wide_picture_is_larger_than_its_height_tells() -> None:
    wide, narrow = (
        SubtitleBurner(size, "en").draw(("Text",)).opacity for size in ((1920, 200), (356, 200))
    )
    assert wide.shape[0] > 2 * narrow.shape[0]
    assert wide.shape[0] < 200 / 4
