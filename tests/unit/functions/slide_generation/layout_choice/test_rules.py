"""Tests of layouts chosen by rules: only where the form of the text leaves no doubt."""

from __future__ import annotations

from typing import Any

import pytest

from functions.slide_generation.layout_choice.figures import parse_number
from functions.slide_generation.layout_choice.rules import choose_layouts
from shared.recipes.films.deck import Slide
from tests.fixtures.media.decks import make_deck


def choose(*bullets: str, heading: str = "Facts", language: str = "en", **fields: Any) -> Slide:
    """Returns the middle slide of a deck after its layouts were chosen."""
    row = {"heading": heading, "bullets": list(bullets), **fields}
    rows = [{"heading": "T", "layout": "title"}, row, {"heading": "End", "layout": "closing"}]
    return choose_layouts(make_deck(rows, language=language)).slides[1]


@pytest.mark.parametrize(
    ("bullets", "kind", "unit", "values"),
    [
        (("Coal: 36 %", "Wood: 44%", "Water: 20 %."), "donut", "%", (36, 44, 20)),
        (("Coal: 36 %", "Wood: 44 %", "Water: 44 %"), "bar", "%", (36, 44, 44)),
        (("1990: 1,200 km", "2000: 3,400 km", "2010: 12.5 km"), "line", "km", (1200, 3400, 12.5)),
        (("Rent – $900", "Food – $400", "Bus – $50"), "bar", "$", (900, 400, 50)),
        (("A: $5 million", "B: $3 million", "C: $1 million"), "bar", "$ million", (5, 3, 1)),
        (("2025: 3 km", "2024: 2 km", "2023: 1 km"), "bar", "km", (3, 2, 1)),
        (("1990: 3 km", "2000: 2 km", "2024: 1 km"), "bar", "km", (3, 2, 1)),
    ],
)
def test_numbers_in_one_unit_are_a_chart(
    bullets: tuple[str, ...], kind: str, unit: str, values: tuple[float, ...]
) -> None:
    slide = choose(*bullets)
    assert slide.layout == "chart"
    assert slide.chart is not None
    assert (slide.chart.kind, slide.chart.unit) == (kind, unit)
    assert tuple(point.value for point in slide.chart.points) == values


def test_numbers_are_read_as_their_language_writes_them() -> None:
    slide = choose("Kohle: 1.234,5 t", "Holz: 2.000 t", "Wasser: 7,25 t", language="de")
    assert slide.chart is not None
    assert [point.value for point in slide.chart.points] == [1234.5, 2000, 7.25]
    assert [slide.chart.describe(point, "de") for point in slide.chart.points] == [
        "1\u202f234,5\u00a0t", "2\u202f000\u00a0t", "7,25\u00a0t",
    ]  # fmt: skip
    assert parse_number("1,2,3", "en") == 123.0
    assert parse_number("٣", "en") == 3.0


@pytest.mark.parametrize(
    "bullets",
    [
        ("Coal: 36 %", "Wood: 44 t", "Water: 20 %"),
        ("Coal: 36 %", "Wood: a lot", "Water: 20 %"),
        ("Coal: 36 %", "Wood: 44 %"),
        ("1990: first", "1980: earlier", "2000: later"),
        ("A: $5 million", "B: $3 billion", "C: $1 million"),
        ("Founded: 1998", "First ferry: 2001", "Bridge: 2010"),
        ("Rooms: 4", "Bathrooms: 2", "Built: 1990"),
    ],
)
def test_doubtful_bullets_stay_bullets(bullets: tuple[str, ...]) -> None:
    assert choose(*bullets).layout == "bullets"


def test_bullets_with_years_are_a_timeline_that_keeps_its_words() -> None:
    slide = choose("In 1712, Newcomen built it", "1769: Watt improved it", "May 1804 – a train ran")
    assert slide.layout == "timeline"
    assert slide.labels == ("1712", "1769", "May 1804")
    assert slide.bullets == ("Newcomen built it", "Watt improved it", "A train ran")


def test_two_sides_steps_quotes_numbers_and_many_short_points_have_their_layouts() -> None:
    sides = choose("Pro: cheap", "Pro: fast", "Contra: loud", "Contra: hot")
    assert (sides.layout, sides.labels) == ("comparison", ("Pro", "Contra"))
    assert sides.bullets == ("Cheap", "Fast", "Loud", "Hot")
    steps = choose("1. boil", "2. pour", "3. wait")
    assert (steps.layout, steps.bullets) == ("process", ("Boil", "Pour", "Wait"))
    quote = choose("“I think, therefore I am” – Descartes", heading="Descartes")
    assert (quote.layout, quote.heading) == ("quote", "I think, therefore I am")
    assert quote.bullets == ("Descartes",)
    number = choose("Output grew by 500 % after 1780", heading="Coal")
    assert (number.layout, number.number) == ("number", "500 %")
    assert number.bullets == ("Output grew by 500 % after 1780",)
    assert choose("It began in 1780", heading="Coal").layout == "bullets"
    assert choose("a", "b", "c", "d", "e").layout == "columns"


def test_the_unit_of_an_amount_is_drawn_with_its_value() -> None:
    chart = choose("A: $5.5 million", "B: $3 million", "C: $1 million").chart
    assert chart is not None
    assert chart.describe(chart.points[0], "en") == "$5.5\u00a0million"
    assert chart.describe(chart.points[0], "de") == "5,5\u00a0million\u00a0$"


def test_a_range_of_years_is_one_time_of_a_timeline() -> None:
    slide = choose("1914–1918: a war", "1929: a crisis", "1939 - 45: another war")
    assert (slide.layout, slide.labels) == ("timeline", ("1914–1918", "1929", "1939 - 45"))
    assert slide.bullets == ("A war", "A crisis", "Another war")


@pytest.mark.parametrize(
    "text", ["The Boeing 747 flies far", "Meet us in Room 101 today", "ISO 9001 is a norm"]
)
def test_the_number_of_a_name_is_no_big_number(text: str) -> None:
    assert choose(text, heading="Travel").layout == "bullets"
    assert choose("It carries 747 people", heading="Travel").layout == "number"


def test_a_deck_whose_model_chose_layouts_is_unchanged() -> None:
    rows: list[dict[str, Any]] = [{"heading": "T", "layout": "title"},
            {"heading": "A", "bullets": ["1. a", "2. b", "3. c"]},
            {"heading": "B", "layout": "process", "bullets": ["x", "y"]}]  # fmt: skip
    deck = make_deck(rows)
    assert choose_layouts(deck) == deck


def test_english_slides_have_icons_of_their_words() -> None:
    assert choose("Water from roots", "Light of the sun").icons == ("droplet", "sun")
    assert choose("Nothing here", heading="A rocket").icons == ("rocket",)
    assert choose("Nothing here", heading="Plain").icons == ()
    assert choose("Water", "Sun", language="de").icons == ()
    long = "For women it meant clothes in which one can ride through the rain"
    assert choose(long, "Light of the sun").icons == ()
    assert choose("Nothing here", heading="Noise and space").icons == ()
