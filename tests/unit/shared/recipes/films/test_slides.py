"""Tests of what layouts show: it is checked, and errors name the field."""

from __future__ import annotations

from typing import Any

import pytest

from shared.recipes.films.deck_fields import DeckRejected
from shared.recipes.films.slides.chart import SlideChart, format_value
from shared.recipes.films.slides.layouts import to_bullets
from shared.recipes.films.slides.slide import Slide

POINTS = [{"label": "A", "value": 1}, {"label": "B", "value": 2.5}]


def make(**fields: Any) -> Slide:
    return Slide.from_dict({"id": "s", "heading": "H", **fields}, "slides[0]")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"layout": "hologram"}, r"slides\[0\]\.layout: It must be title, bullets, .* or process"),
        ({"number": "many"}, r"slides\[0\]\.number: It must contain a digit"),
        ({"icons": ["unicorn"]}, r"slides\[0\]\.icons\[0\]: There is no icon 'unicorn'"),
        ({"labels": "A"}, r"slides\[0\]\.labels: It must be a list"),
        ({"labels": ["x" * 41]}, r"slides\[0\]\.labels\[0\]: It has 41 characters"),
        ({"chart": {"kind": "pie", "points": POINTS}}, r"chart\.kind: It must be bar, line or"),
        ({"chart": {"kind": "bar", "points": POINTS[:1]}}, r"chart\.points: A chart has 2 to 8"),
        ({"chart": {"kind": "bar", "points": [{"label": "A", "value": "1"}] * 2}},
         r"chart\.points\[0\]\.value: It must be a number"),
        ({"chart": {"kind": "bar", "points": [{"label": "A", "value": float("nan")}] * 2}},
         r"chart\.points\[0\]\.value: The number is too large"),
        ({"chart": {"kind": "donut", "points": [{"label": "A", "value": -1}] * 2}},
         r"chart\.points: The values of a donut"),
    ],
)  # fmt: skip
def test_what_no_layout_can_show_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DeckRejected, match=message):
        make(**fields)


def test_slides_are_read_back_as_they_were_stored() -> None:
    slide = make(
        labels=["A"], number="4 %", icons=["sun"], chart={"kind": "line", "points": POINTS}
    )
    assert Slide.from_dict(slide.to_dict()) == slide
    assert isinstance(slide.chart, SlideChart)


@pytest.mark.parametrize(
    ("value", "unit", "language", "text"),
    [
        (1234.5, "km", "en", "1,234.5\u00a0km"),
        (1234.5, "%", "de", "1\u202f234,5\u00a0%"),
        (12.0, "%", "ja", "12%"),
        (-40.0, "$", "en", "-$40"),
        (40.0, "€", "fr", "40\u00a0€"),
        (-0.0, "", "en", "0"),
        (1e15, "", "en", "1,000,000,000,000,000"),
    ],
)
def test_values_are_written_as_in_the_language(
    value: float, unit: str, language: str, text: str
) -> None:
    assert format_value(value, unit, language) == text


def test_bullets_keep_labels_numbers_and_charts() -> None:
    chart = {"kind": "bar", "points": [{"label": f"P{n}", "value": n} for n in range(8)]}
    slide = to_bullets(make(layout="chart", bullets=["a", "b"], chart=chart))
    assert len(slide.bullets) <= 6
    assert all(f"P{n}: {n}" in " ".join(slide.bullets) for n in range(8))
    pair = to_bullets(make(layout="comparison", labels=["X", "Y"], bullets=["a", "b", "c", "d"]))
    assert pair.bullets == ("X: a", "b", "Y: c", "d")
    assert to_bullets(make(layout="number", number="7 %", bullets=["a"])).bullets == ("7 %", "a")
