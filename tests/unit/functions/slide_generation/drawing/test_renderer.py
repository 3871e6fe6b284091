"""Slides as pictures: in every script, look and format, with nothing cut off or hard to read."""

from __future__ import annotations

import io
import itertools
from typing import get_args

import pytest
from PIL import Image, ImageChops

from functions.slide_generation.deck.fitting import fit_slides
from functions.slide_generation.drawing.backgrounds import draw_background
from functions.slide_generation.drawing.layout import MIN_TEXT_U
from functions.slide_generation.drawing.renderer import SlideRenderer, encode_png
from functions.slide_generation.drawing.themes import THEMES, Colour, contrast_ratio
from shared.recipes.films import deck_options
from shared.recipes.films.deck import Aspect, Deck, picture_size
from tests.fixtures.media.decks import (
    LONG_TEXTS,
    SCRIPTS,
    make_deck,
    make_full_deck,
    make_script_deck,
)

pytestmark = pytest.mark.slow

FORMATS = get_args(Aspect)
READABLE = 4.5
"""WCAG 2.2, success criterion 1.4.3, level AA."""


def ink(image: Image.Image, made: Deck, *, bold: bool, rtl: bool) -> tuple[int, int, int, int]:
    """The box around all that was drawn on the backdrop, but for the line at the lower edge."""
    ground = draw_background(made.theme, made.size, bold=bold, rtl=rtl)
    height = made.size[1] - round(0.02 * min(made.size))
    found = ImageChops.difference(image, ground).crop((0, 0, made.size[0], height)).getbbox()
    assert found is not None
    return found


def rgb(pixel: float | tuple[int, ...] | None) -> Colour:
    assert isinstance(pixel, tuple)
    red, green, blue = pixel
    return red, green, blue


def test_the_themes_that_can_be_asked_for_are_those_that_can_be_drawn() -> None:
    assert tuple(THEMES) == deck_options.THEMES


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("aspect", get_args(Aspect))
def test_every_text_colour_can_be_read_on_all_that_may_lie_behind_it(
    name: str, aspect: Aspect
) -> None:
    look = THEMES[name]
    size = picture_size(aspect, "720p")
    margin = round(0.08 * min(size))
    for bold in (False, True):
        ground = draw_background(look.name, size, bold=bold, rtl=False)
        inner = ground.crop((margin, margin, size[0] - margin, size[1] - margin))
        colours = inner.getcolors(inner.width * inner.height)
        assert colours is not None
        for text in (look.heading, look.body, look.muted, look.accent):
            worst = min(contrast_ratio(text, colour) for _, colour in colours)  # type: ignore[arg-type]
            assert worst >= READABLE, (look.name, bold, text, worst)


@pytest.mark.parametrize(("language", "aspect"), [*itertools.product(SCRIPTS, FORMATS)])
def test_a_talk_in_any_script_is_drawn_within_its_margins(language: str, aspect: str) -> None:
    made = make_script_deck(language, aspect=aspect, theme="paper")
    artist = SlideRenderer(made)
    margin = round(0.03 * min(made.size))
    for number in range(len(made.slides)):
        plan = artist.plan(number)
        assert plan.fits
        assert plan.rtl == (language in ("ar", "he"))
        left, top, right, bottom = ink(artist.render(number), made, bold=plan.bold, rtl=plan.rtl)
        assert left >= margin
        assert top >= margin
        assert right <= made.size[0] - margin
        assert bottom <= made.size[1] - margin


@pytest.mark.parametrize(("kind", "aspect"), [*itertools.product(LONG_TEXTS, FORMATS)])
def test_slides_as_full_as_may_be_still_fit_and_can_be_read(kind: str, aspect: str) -> None:
    made = fit_slides(make_full_deck(LONG_TEXTS[kind], aspect=aspect))
    artist = SlideRenderer(made)
    smallest = round(MIN_TEXT_U * min(made.size) / 100)
    for number in range(len(made.slides)):
        plan = artist.plan(number)
        assert plan.fits
        assert all(one.block.size_px >= smallest for one in plan.texts)
        box = ink(artist.render(number), made, bold=plan.bold, rtl=plan.rtl)
        assert box[0] > 0
        assert box[2] < made.size[0]


def test_what_is_written_from_right_to_left_is_laid_out_as_in_a_mirror() -> None:
    arabic, english = SlideRenderer(make_script_deck("ar")), SlideRenderer(make_script_deck("en"))
    width = make_script_deck("en").size[0]
    for number in range(4):
        right = ink(
            arabic.render(number), make_script_deck("ar"), bold=arabic.plan(number).bold, rtl=True
        )
        left = ink(
            english.render(number),
            make_script_deck("en"),
            bold=english.plan(number).bold,
            rtl=False,
        )
        assert abs((width - right[2]) - left[0]) <= 6


def test_the_same_chinese_character_is_written_as_each_place_writes_it() -> None:
    pictures = {
        encode_png(SlideRenderer(talk_of("骨直角令返化", language)).render(1))
        for language in ("zh-Hans", "zh-Hant", "ja", "ko")
    }
    assert len(pictures) == 4


def talk_of(text: str, language: str) -> Deck:
    return make_deck([{"heading": text, "bullets": [text]}] * 3, language=language)


def test_a_picture_stands_beside_the_words_and_changes_sides() -> None:
    slide = {"heading": "By the sea", "bullets": ["Waves", "Wind"], "layout": "picture"}
    artist = SlideRenderer(make_deck([slide] * 3))
    red = Image.new("RGB", (400, 900), (255, 0, 0))
    sides = []
    for number in (1, 2):
        image = artist.render(number, red)
        sides.append([image.getpixel((x, 300)) == (255, 0, 0) for x in (20, image.width - 20)])
    assert sides == [[True, False], [False, True]]


def test_a_slide_asks_for_no_picture_that_is_not_there() -> None:
    slide = {"heading": "By the sea", "bullets": ["Waves"], "layout": "picture", "picture": "x"}
    assert SlideRenderer(make_deck([slide] * 3)).plan(1).picture is None


def test_a_png_is_what_the_film_takes() -> None:
    made = make_script_deck("en", resolution="1080p")
    with Image.open(io.BytesIO(encode_png(SlideRenderer(made).render(0)))) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (1920, 1080))
