"""Tests of layouts: text stays in its place and is readable, and charts show their numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.slide_generation.drawing.icons import GRID, read_lines
from functions.slide_generation.drawing.layout import SlidePlanner
from functions.slide_generation.drawing.layouts.page import MIN_WORD_U
from functions.slide_generation.drawing.plan import Panel, PlacedText, Ring, SlidePlan
from functions.slide_generation.drawing.renderer import SlideRenderer
from functions.slide_generation.drawing.themes import THEMES, contrast_ratio
from shared.recipes.films.deck import Aspect, Deck, Slide
from shared.recipes.films.slides.chart import SlideChart
from shared.recipes.films.slides.icons import ICONS
from tests.fixtures.media.decks import SCRIPTS, make_deck
from tests.fixtures.media.layouts import make_all_layouts, make_layout_slides, overlap

ASPECTS = get_args(Aspect)
CASES = [
    (theme, aspect, language)
    for (theme, aspect), language in zip(product(THEMES, ASPECTS), [*SCRIPTS] * 2, strict=True)
]


def check_texts(plan: SlidePlan, deck: Deck) -> None:
    """Checks that no text leaves the margins or covers another one."""
    width, height = deck.size
    margin = 0.03 * min(deck.size)
    boxes = [text.box for text in plan.texts]
    for box in boxes:
        assert box.x >= margin
        assert box.x + box.width <= width - margin + 1
        assert box.y >= margin
        assert box.y + box.height <= height - margin
    assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]


@pytest.mark.parametrize(("theme", "aspect", "language"), CASES)
def test_no_layout_moves_text_out_of_the_page_or_over_another(
    theme: str, aspect: str, language: str
) -> None:
    deck = make_all_layouts(language, theme, aspect)
    planner = SlidePlanner(deck, THEMES[theme])
    for number, slide in enumerate(deck.slides):
        plan = planner.plan(slide, number)
        assert plan.fits, slide.layout
        assert plan.rtl == (language in ("ar", "he"))
        check_texts(plan, deck)


WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=22)
TEXTS = st.lists(WORDS, min_size=1, max_size=9).map(" ".join)


@given(
    layout=st.sampled_from(
        ["bullets", "columns", "comparison", "timeline", "process", "number", "quote"]
    ),
    heading=TEXTS.map(lambda text: text[:110].strip()),
    bullets=st.lists(TEXTS, max_size=6),
    aspect=st.sampled_from(ASPECTS),
    theme=st.sampled_from([*THEMES]),
)
@settings(max_examples=25)
def test_any_text_is_complete_and_no_word_is_cut(
    layout: str, heading: str, bullets: list[str], aspect: str, theme: str
) -> None:
    labels = {"comparison": ["One", "Two"], "timeline": [str(n) for n, _ in enumerate(bullets)]}
    row = {"heading": heading, "bullets": bullets, "layout": layout, "number": "7 %",
           "labels": labels.get(layout, [])}  # fmt: skip
    deck = make_deck([row] * 3, aspect=aspect, theme=theme)
    plan = SlidePlanner(deck, THEMES[theme]).plan(deck.slides[1], 1)
    shown = [text for text in plan.texts if text.block.size_px >= MIN_WORD_U * min(deck.size) / 100]
    drawn = [" ".join(line.text for line in text.block.lines) for text in shown]
    for text in (heading, *bullets):
        assert any(text in candidate for candidate in drawn)
    if plan.fits:
        check_texts(plan, deck)


@pytest.mark.parametrize(("theme", "aspect"), [*zip(THEMES, [*ASPECTS] * 3, strict=False)])
def test_every_text_has_enough_contrast_to_what_is_behind_it(theme: str, aspect: str) -> None:
    deck = make_all_layouts("en", theme, aspect)
    renderer = SlideRenderer(deck)
    for number in range(len(deck.slides)):
        plan = renderer.plan(number)
        image = renderer.draw(replace(plan, texts=()), number)
        for text in plan.texts:
            box, colour = text.box, THEMES[theme].text_colours[text.role]
            area = (round(box.x), round(box.y), round(box.x + box.width), round(box.y + box.height))
            crop = image.crop(area).quantize(32).convert("RGB")
            colours = crop.getcolors(1 << 16) or []
            # Lines of other shapes that only touch the box are no background.
            behind = [c for count, c in colours if count > 0.03 * crop.width * crop.height]
            worst = min(contrast_ratio(colour, c) for c in behind)  # type: ignore[arg-type]
            assert worst >= 4.5, (theme, deck.slides[number].layout, text.role, worst)


VALUES = st.lists(st.integers(0, 10**9).map(lambda n: n / 100), min_size=2, max_size=8)


@given(VALUES, st.sampled_from(["bar", "line", "donut"]), st.sampled_from(ASPECTS))
@settings(max_examples=25)
def test_charts_draw_and_write_their_numbers(values: list[float], kind: str, aspect: str) -> None:
    if kind == "donut" and not any(values):
        values[0] = 1.0
    points = [{"label": f"P{n}", "value": value} for n, value in enumerate(values)]
    chart = SlideChart.from_dict({"kind": kind, "points": points, "unit": ""})
    slide = Slide("s", "Numbers", layout="chart", chart=chart)
    deck = make_deck([{"heading": "x"}] * 3, aspect=aspect)
    plan = SlidePlanner(deck, THEMES["midnight"]).plan(slide, 0)
    texts = [" ".join(line.text for line in text.block.lines) for text in plan.texts]
    if not plan.fits or any(text.marker is not None for text in plan.texts):
        # Bullets: they say the same numbers.
        shown = " ".join(texts)
        assert all(chart.describe(point, "en") in shown for point in chart.points)
        return
    assert [text for text in texts if text in {chart.describe(p, "en") for p in chart.points}]
    sizes = sizes_of(plan, kind, len(values))
    largest = max(values)
    for value, size in zip(values, sizes, strict=True):
        assert size == pytest.approx(value / largest * max(sizes) if largest else 0.0, abs=1e-6)


def sizes_of(plan: SlidePlan, kind: str, count: int) -> list[float]:
    """Returns the sizes of the bars, the heights of the points, or the turns of the parts."""
    rings = [shape for shape in plan.shapes if isinstance(shape, Ring)]
    if kind == "bar" or (kind == "line" and not rings):
        return [shape.box.width for shape in plan.shapes if isinstance(shape, Panel)][:count]
    if kind == "line":
        base = next(
            shape.points[0][1] for shape in plan.shapes if not isinstance(shape, Panel | Ring)
        )
        return [base - ring.y for ring in rings]
    swatches = [shape for shape in plan.shapes if isinstance(shape, Panel)]
    sweeps = {ring.colour: ring for ring in rings}
    begins = [ring.begin for ring in rings]
    assert begins == sorted(begins)
    assert len(swatches) == count
    return [
        sweeps[swatch.colour].sweep + gap_of(sweeps[swatch.colour].sweep) if swatch.colour in sweeps
        else 0.0
        for swatch in swatches
    ]  # fmt: skip


def gap_of(sweep: float) -> float:
    """Returns the gap that was taken from a part: 0.004 turns, at most a quarter of its share."""
    if sweep >= 1:
        return 0.0
    return min(0.004, sweep / 3)


def test_the_steps_of_a_right_to_left_process_begin_at_the_right() -> None:
    accent = THEMES["midnight"].accent

    def first_disc(language: str) -> list[int]:
        deck = make_deck(make_layout_slides(language), language=language)
        renderer = SlideRenderer(deck)
        (disc, *_) = [s for s in renderer.plan(8).shapes if isinstance(s, Ring)]
        image = renderer.render(8)
        row = round(disc.y + disc.radius * 0.9)
        return [x for x in range(image.width) if image.getpixel((x, row)) == accent]

    english, arabic = first_disc("en"), first_disc("ar")
    assert english[0] == pytest.approx(1280 - arabic[-1], abs=3)


def test_every_icon_can_be_read() -> None:
    drawn = ("quote", "circle-check", "chevron-left", "chevron-right", "arrow-left-right")
    for name in (*ICONS, *drawn, "arrow-up-down"):
        lines = read_lines(name)
        assert lines
        assert all(0 <= value <= GRID for line in lines for point in line for value in point), name


def test_a_slide_that_lacks_what_its_layout_shows_is_drawn_with_bullets() -> None:
    rows = [{"heading": "A", "bullets": ["b"], "layout": layout} for layout in
            ("number", "chart", "timeline", "comparison", "process", "columns")]  # fmt: skip
    deck = make_deck(rows)
    planner = SlidePlanner(deck, THEMES["midnight"])
    for number, slide in enumerate(deck.slides):
        bullets: list[PlacedText] = [
            text for text in planner.plan(slide, number).texts if text.marker is not None
        ]
        assert len(bullets) == 1
