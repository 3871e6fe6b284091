"""Tests of what was seen on slides: sizes, sides and lines that suit the content and the aspect."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from functions.slide_generation.drawing.layout import SlidePlanner
from functions.slide_generation.drawing.plan import Box, Panel, Ring
from functions.slide_generation.drawing.renderer import SlideRenderer
from functions.slide_generation.drawing.themes import THEMES
from shared.recipes.films.deck import Aspect
from tests.fixtures.media.decks import make_deck
from tests.fixtures.media.layouts import make_all_layouts, overlap

ASPECTS = get_args(Aspect)


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("number", ["1,234 %", "412 000 €", "$48.2 million"])
def test_a_number_is_one_large_line_in_every_aspect(number: str, aspect: str) -> None:
    row = {"heading": "Passengers", "bullets": ["A year"], "layout": "number", "number": number}
    for theme in THEMES:
        deck = make_deck([row] * 3, aspect=aspect, theme=theme)
        plan = SlidePlanner(deck, THEMES[theme]).plan(deck.slides[1], 1)
        (large,) = [text for text in plan.texts if text.role == "accent"]
        assert [line.text for line in large.block.lines] == [number]


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_donut_is_not_small_and_stands_in_the_middle_with_its_legend(aspect: str) -> None:
    for theme in THEMES:
        deck = make_all_layouts("en", theme, aspect)
        plan = SlidePlanner(deck, THEMES[theme]).plan(deck.slides[12], 12)
        rings = [shape for shape in plan.shapes if isinstance(shape, Ring)]
        texts = [text.box for text in plan.texts if text.role in ("heading", "body")][1:]
        assert 2 * rings[0].radius >= 0.28 * min(deck.size)
        assert min(text.block.size_px for text in plan.texts) >= 0.035 * min(deck.size)
        left = min(rings[0].x - rings[0].radius, *(box.x - 40 for box in texts))
        right = max(rings[0].x + rings[0].radius, *(box.x + box.width for box in texts))
        assert (left + right) / 2 == pytest.approx(deck.size[0] / 2, abs=0.03 * deck.size[0])


@pytest.mark.parametrize("aspect", ASPECTS)
def test_headings_of_a_film_stand_at_one_side(aspect: str) -> None:
    strong = ("title", "statement", "number", "quote")
    for name, theme in THEMES.items():
        deck = make_all_layouts("en", name, aspect)
        renderer = SlideRenderer(deck)
        plans = [renderer.plan(n) for n, s in enumerate(deck.slides) if s.layout not in strong]
        assert {plan.texts[0].align for plan in plans} == {theme.align}
        assert len({round(plan.texts[0].x) for plan in plans}) == 1


@pytest.mark.parametrize("aspect", ASPECTS)
def test_headings_have_no_short_line_that_a_smaller_size_avoids(aspect: str) -> None:
    for theme in THEMES:
        row = {"heading": "Light becomes sugar", "bullets": ["One", "Two"]}
        deck = make_deck([row] * 3, aspect=aspect, theme=theme)
        plan = SlidePlanner(deck, THEMES[theme]).plan(deck.slides[1], 1)
        assert len(plan.texts[0].block.lines) == 1


def test_few_bullets_are_larger_than_many_but_smaller_than_their_heading() -> None:
    for theme in THEMES:
        sizes = []
        for count in (2, 4, 6):
            deck = make_deck([{"heading": "Light", "bullets": ["Sugar"] * count}] * 3, theme=theme)
            heading, *bullets = SlidePlanner(deck, THEMES[theme]).plan(deck.slides[1], 1).texts
            sizes.append(bullets[0].block.size_px)
            assert bullets[0].block.size_px < heading.block.size_px
        assert sizes == sorted(sizes, reverse=True)


def test_steps_that_would_be_small_beside_each_other_are_rows() -> None:
    steps = ["Karl Drais rides 13 km on his wooden running machine"] * 5
    row = {"heading": "Bicycles", "bullets": steps, "layout": "timeline",
           "labels": ["1817", "1861", "1870", "1885", "1888"]}  # fmt: skip
    deck = make_deck([row] * 3)
    for theme in THEMES.values():
        plan = SlidePlanner(deck, theme).plan(deck.slides[1], 1)
        assert min(text.block.size_px for text in plan.texts) >= 0.042 * min(deck.size)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_six_steps_of_two_lines_are_rows_in_every_aspect(aspect: str) -> None:
    steps = ["Heat the oven", "Roll the dough out in a buttered mould and prick it with a fork"] * 3
    row = {"heading": "What to do", "bullets": steps, "layout": "process"}
    for theme in THEMES:
        deck = make_deck([row] * 3, aspect=aspect, theme=theme)
        plan = SlidePlanner(deck, THEMES[theme]).plan(deck.slides[1], 1)
        assert plan.fits
        assert not [text for text in plan.texts if text.marker is not None]


@pytest.mark.parametrize("layout", ["bullets", "columns", "process", "chart"])
def test_the_line_of_a_heading_does_not_run_through_its_icon(layout: str) -> None:
    points = [{"label": "A", "value": 1}, {"label": "B", "value": 2}]
    row: dict[str, Any] = {"heading": "Quality", "bullets": ["One", "Two"], "icons": ["leaf"]}
    if layout == "chart":
        row["chart"] = {"kind": "bar", "points": points}
    row["layout"] = layout
    deck = make_deck([row] * 3)
    for theme in THEMES.values():
        plan = SlidePlanner(deck, theme).plan(deck.slides[1], 1)
        boxes = [Box(icon.x, icon.y, icon.size, icon.size) for icon in plan.icons]
        badges = [s.box for s in plan.shapes if isinstance(s, Panel) and overlap(s.box, boxes[0])]
        assert plan.bar is None or not any(overlap(plan.bar, box) for box in (*boxes, *badges))
