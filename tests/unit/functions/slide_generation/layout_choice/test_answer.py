"""Tests of layouts in a model's answer: valid ones are kept, others become bullets with numbers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.slide_generation.deck.model_request import build_model_request
from functions.slide_generation.deck.outline import read_outline
from functions.slide_generation.layout_choice.answer import MODEL_LAYOUTS
from shared.recipes.films.deck import Deck, Slide
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.prompt import Prompt

CHART = {"kind": "bar", "points": [{"label": "Coal", "value": 36}, {"label": "Wind", "value": 64}],
         "unit": "%"}  # fmt: skip


def read(**fields: Any) -> Slide:
    """Returns the middle slide of an answer."""
    rows = [
        {"heading": name, "bullets": ["a", "b"], "notes": "Said."}
        for name in ("First", "Second", "Third")
    ]
    rows[1] = {**rows[1], **fields}
    answer = json.dumps({"title": "T", "language": "en", "slides": rows})
    return read_outline(answer, DeckOptions(slides=3)).slides[1]


def test_valid_choices_are_kept() -> None:
    chart = read(layout="chart", chart=CHART, bullets=[])
    assert chart.layout == "chart"
    assert chart.chart is not None
    assert [point.value for point in chart.chart.points] == [36, 64]
    assert read(layout="number", number="**42 %**").number == "42 %"
    assert read(layout="comparison", labels=["X", "Y"]).labels == ("X", "Y")
    assert read(layout="process", icons=["sun", "leaf"]).icons == ("sun", "leaf")


@pytest.mark.parametrize(
    ("fields", "bullets"),
    [
        ({"layout": "hologram"}, ("a", "b")),
        ({"layout": ["chart"]}, ("a", "b")),
        ({"layout": "number"}, ("a", "b")),
        ({"layout": "number", "number": "many"}, ("a", "b")),
        ({"layout": "number", "number": "42 of all the people there"},
         ("a", "b", "42 of all the people there")),
        ({"layout": "bullets", "number": "42 %"}, ("42 %", "a", "b")),
        ({"layout": "timeline", "labels": ["1969"]}, ("1969: a", "b")),
        ({"layout": "comparison", "labels": ["X"]}, ("X: a", "b")),
        ({"layout": "process", "chart": CHART}, ("Coal: 36%", "Wind: 64%", "a", "b")),
        ({"layout": "chart", "chart": {**CHART, "kind": "pie"}},
         ("a", "b", "Coal: 36 %", "Wind: 64 %")),
        ({"layout": "chart", "chart": "36 %"}, ("a", "b")),
    ],
)  # fmt: skip
def test_invalid_choices_become_bullets_that_keep_the_numbers(
    fields: dict[str, Any], bullets: tuple[str, ...]
) -> None:
    slide = read(**fields)
    assert (slide.layout, slide.bullets) == ("bullets", bullets)
    assert (slide.labels, slide.number, slide.chart) == ((), "", None)


def test_unknown_icons_are_left_out() -> None:
    assert read(icons=["sun", "unicorn"]).icons == ("sun",)
    assert read(icons="sun").icons == ()


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.sampled_from(["bar", "7 %"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "points", "unit", "label", "value"]), inner)
    ),
    max_leaves=8,
)


@given(st.sampled_from([*MODEL_LAYOUTS]),
       st.dictionaries(st.sampled_from(["labels", "number", "chart", "icons"]), _JSON))  # fmt: skip
@settings(max_examples=100)
def test_any_choice_is_a_slide_that_can_be_stored(layout: str, fields: dict[str, Any]) -> None:
    slide = read(layout=layout, **fields)
    assert Slide.from_dict(slide.to_dict()) == slide


def test_the_schema_offers_the_layouts_and_the_instructions_the_icons() -> None:
    request = build_model_request(Prompt("Plants", ""), DeckOptions())
    slide = request.schema["properties"]["slides"]["items"]
    assert slide["properties"]["layout"]["enum"] == [*MODEL_LAYOUTS]
    assert slide["required"] == ["heading", "layout", "bullets", "notes"]
    assert " rocket " in request.system


def test_decks_of_the_previous_version_load_and_are_stored_as_they_were() -> None:
    row = {"heading": "A", "bullets": ["b"], "notes": "", "layout": "closing", "picture": None}
    stored = {"schema": 1, "title": "T", "language": "en", "theme": "chalk", "aspect": "1:1",
              "resolution": "720p",
              "slides": [{"id": f"s{n}", **row} for n in range(3)]}  # fmt: skip
    assert Deck.from_dict(stored).to_dict() == stored
