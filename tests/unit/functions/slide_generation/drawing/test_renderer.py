"""Tests of rendered slides: every script, theme and format is complete and readable."""

from __future__ import annotations

import io
import itertools
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image, ImageChops

from functions.slide_generation.deck.fitting import fit_slides
from functions.slide_generation.drawing.backgrounds import draw_background
from functions.slide_generation.drawing.layout import SlidePlanner
from functions.slide_generation.drawing.layouts.page import MIN_TEXT_U
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
MIN_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3, level AA."""


def content_box(
    image: Image.Image, deck: Deck, *, bold: bool, rtl: bool
) -> tuple[int, int, int, int]:
    """Returns the bounding box of everything drawn on the background except the progress line."""
    background = draw_background(deck.theme, deck.size, bold=bold, rtl=rtl)
    height = deck.size[1] - round(0.02 * min(deck.size))
    box = ImageChops.difference(image, background).crop((0, 0, deck.size[0], height)).getbbox()
    assert box is not None
    return box


def rgb(pixel: float | tuple[int, ...] | None) -> Colour:
    assert isinstance(pixel, tuple)
    red, green, blue = pixel
    return red, green, blue


def test_every_theme_option_can_be_drawn() -> None:
    assert tuple(THEMES) == deck_options.THEMES


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("aspect", get_args(Aspect))
def test_text_colours_have_enough_contrast_to_the_background(name: str, aspect: Aspect) -> None:
    theme = THEMES[name]
    size = picture_size(aspect, "720p")
    margin = round(0.08 * min(size))
    for bold in (False, True):
        background = draw_background(theme.name, size, bold=bold, rtl=False)
        inner = background.crop((margin, margin, size[0] - margin, size[1] - margin))
        colours = inner.getcolors(inner.width * inner.height)
        assert colours is not None
        for text in (theme.heading, theme.body, theme.muted, theme.accent):
            worst = min(contrast_ratio(text, colour) for _, colour in colours)  # type: ignore[arg-type]
            assert worst >= MIN_CONTRAST, (theme.name, bold, text, worst)


@pytest.mark.parametrize(("language", "aspect"), [*itertools.product(SCRIPTS, FORMATS)])
def test_every_script_stays_within_the_margins(language: str, aspect: str) -> None:
    deck = make_script_deck(language, aspect=aspect, theme="paper")
    renderer = SlideRenderer(deck)
    margin = round(0.03 * min(deck.size))
    for number in range(len(deck.slides)):
        plan = renderer.plan(number)
        assert plan.fits
        assert plan.rtl == (language in ("ar", "he"))
        left, top, right, bottom = content_box(
            renderer.render(number), deck, bold=plan.bold, rtl=plan.rtl
        )
        assert left >= margin
        assert top >= margin
        assert right <= deck.size[0] - margin
        assert bottom <= deck.size[1] - margin


@pytest.mark.parametrize(("kind", "aspect"), [*itertools.product(LONG_TEXTS, FORMATS)])
def test_full_slides_fit_and_are_readable(kind: str, aspect: str) -> None:
    deck = fit_slides(make_full_deck(LONG_TEXTS[kind], aspect=aspect))
    renderer = SlideRenderer(deck)
    smallest = round(MIN_TEXT_U * min(deck.size) / 100)
    for number in range(len(deck.slides)):
        plan = renderer.plan(number)
        assert plan.fits
        assert all(text.block.size_px >= smallest for text in plan.texts)
        box = content_box(renderer.render(number), deck, bold=plan.bold, rtl=plan.rtl)
        assert box[0] > 0
        assert box[2] < deck.size[0]


def test_right_to_left_slides_are_mirrored() -> None:
    arabic, english = SlideRenderer(make_script_deck("ar")), SlideRenderer(make_script_deck("en"))
    width = make_script_deck("en").size[0]
    for number in range(4):
        right = content_box(
            arabic.render(number), make_script_deck("ar"), bold=arabic.plan(number).bold, rtl=True
        )
        left = content_box(
            english.render(number),
            make_script_deck("en"),
            bold=english.plan(number).bold,
            rtl=False,
        )
        assert abs((width - right[2]) - left[0]) <= 6


def test_han_characters_have_the_forms_of_each_language() -> None:
    pictures = {
        encode_png(SlideRenderer(make_talk("骨直角令返化", language)).render(1))
        for language in ("zh-Hans", "zh-Hant", "ja", "ko")
    }
    assert len(pictures) == 4


def make_talk(text: str, language: str) -> Deck:
    return make_deck([{"heading": text, "bullets": [text]}] * 3, language=language)


def test_picture_alternates_between_left_and_right() -> None:
    slide = {"heading": "By the sea", "bullets": ["Waves", "Wind"], "layout": "picture"}
    renderer = SlideRenderer(make_deck([slide] * 3))
    red = Image.new("RGB", (400, 900), (255, 0, 0))
    sides = []
    for number in (1, 2):
        image = renderer.render(number, red)
        sides.append([image.getpixel((x, 300)) == (255, 0, 0) for x in (20, image.width - 20)])
    assert sides == [[True, False], [False, True]]


def test_slide_without_its_picture_has_no_picture_box() -> None:
    slide = {"heading": "By the sea", "bullets": ["Waves"], "layout": "picture", "picture": "x"}
    assert SlideRenderer(make_deck([slide] * 3)).plan(1).picture is None


def test_png_has_the_format_and_size_of_the_film() -> None:
    deck = make_script_deck("en", resolution="1080p")
    with Image.open(io.BytesIO(encode_png(SlideRenderer(deck).render(0)))) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (1920, 1080))


TITLES = {
    "en": (
        "How photosynthesis works",
        "Understanding cryptocurrency regulation",
        "Internationalization of telecommunications",
        "The Mediterranean diet",
        "Photosynthesis-driven biotechnology",
    ),
    "de": (
        "Geschwindigkeitsbegrenzungen auf Autobahnen",
        "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
    ),
    "fi": ("Epäjärjestelmällisyys ja lentokonesuihkuturbiinimoottori",),
    "ru": ("Электроэнцефалографические исследования", "Достопримечательности города"),
    "el": ("Ηλεκτροεγκεφαλογράφημα και φωτοσύνθεση",),
    "vi": ("Nghiêng nghiêng mái nhà",),
    "ar": ("والاستقلالية البيولوجية للنباتات",),
    "ko": ("국제화시대의 광합성은 어떻게 이루어질까요",),
}
CASES = [(language, title) for language, titles in TITLES.items() for title in titles]


@pytest.mark.parametrize("aspect", get_args(Aspect))
@pytest.mark.parametrize(("language", "title"), CASES)
def test_no_slide_cuts_a_word(language: str, title: str, aspect: str) -> None:
    slides: list[Mapping[str, Any]] = [
        {"heading": title, "bullets": [title], "layout": "title"},
        {"heading": title, "bullets": [title, title.split()[0]]},
        {"heading": title, "layout": "statement"},
        {"heading": title, "bullets": [title], "layout": "picture", "picture": "p"},
        {"heading": title, "bullets": [title] * 3, "layout": "closing"},
    ]
    # One with serifs and one without: nothing else of a theme changes the layout.
    for theme in ({theme.serif: name for name, theme in THEMES.items()}).values():
        deck = make_deck(slides, language=language, aspect=aspect, theme=theme)
        planner = SlidePlanner(deck, THEMES[theme])
        for number, slide in enumerate(deck.slides):
            for placed in planner.plan(slide, number, picture=slide.picture is not None).texts:
                lines = [line.text for line in placed.block.lines]
                # The only breaks within a word are those after its hyphen.
                assert " ".join(lines).replace("- ", "-") in (title, title.split()[0])


@pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_moving_box_has_no_text(aspect: str, language: str) -> None:
    slides: list[Mapping[str, Any]] = [
        {"heading": "A", "bullets": ["B"], "layout": "picture", "picture": "upload:picture1"}
    ]
    deck = make_deck(slides * 3, aspect=aspect, language=language)
    renderer = SlideRenderer(deck)
    box = renderer.moving_box(1)
    assert box is not None
    left, top, width, height = box
    black, white = (
        np.asarray(renderer.render(1, Image.new("RGB", (64, 64), colour)))
        for colour in ("black", "white")
    )
    shown = [slide[top : top + height, left : left + width] for slide in (black, white)]
    assert (shown[0].max(), shown[1].min()) == (0, 255)
    # The rest of the picture: one row or column at an odd edge, and what the progress covers.
    changed = int((black != white).any(axis=2).sum())
    assert width * height <= changed <= width * height * 1.02
    assert not any(number % 2 for number in box)


def test_a_slide_without_a_picture_has_no_moving_box() -> None:
    deck = make_deck([{"heading": "A", "bullets": ["B"]}] * 3)
    assert SlideRenderer(deck).moving_box(0) is None
