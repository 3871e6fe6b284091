"""Tests of rewording: answers of the model and of the cache change the text of slides only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.slide_generation.deck.rewording import read_reworded_slides, replace_slides
from shared.recipes.films.deck import Slide
from shared.recipes.films.deck_fields import DeckRejected
from tests.fixtures.media.decks import make_deck

PLAIN = make_deck(
    [
        {"heading": "Glad at 0:03", "bullets": ["90 % happy"], "notes": "At 3 seconds: 90."},
        {"heading": "Mood", "bullets": ["It moved"]},
        {"heading": "In short", "layout": "closing"},
    ]
)


def answer(**changed: Any) -> str:
    rows = [
        {
            "id": slide.id,
            "heading": slide.heading,
            "bullets": list(slide.bullets),
            "notes": slide.notes,
        }
        for slide in PLAIN.slides
    ]
    rows[0].update(changed)
    return json.dumps({"language": "en", "slides": rows})


def test_text_from_another_job_does_not_bring_its_pictures() -> None:
    cached = [
        Slide(slide.id, "Joy", ("So",), "Heard.", "picture", "moment:1") for slide in PLAIN.slides
    ]
    deck = replace_slides(PLAIN, cached)
    assert {slide.heading for slide in deck.slides} == {"Joy"}
    assert {slide.notes for slide in deck.slides} == {"Heard."}
    assert [slide.picture for slide in deck.slides] == [None, None, None]
    assert [slide.layout for slide in deck.slides] == [slide.layout for slide in PLAIN.slides]


@pytest.mark.parametrize("slide_id", [["s0"], {"s0": 1}, None, 0], ids=str)
def test_id_that_is_not_a_string_is_rejected(slide_id: Any) -> None:
    with pytest.raises(DeckRejected):
        read_reworded_slides(answer(id=slide_id), PLAIN.slides, faithful=True)


def test_deeply_nested_answer_is_rejected() -> None:
    with pytest.raises(DeckRejected):
        read_reworded_slides("[" * 200_000, PLAIN.slides, faithful=True)


@pytest.mark.parametrize(
    "notes",
    ["عند الثانية ٣: ٩٠٪", "३ सेकंड पर: ९० %", "0：03 時：９０％"],
    ids=["arabic", "hindi", "full-width"],
)
def test_numbers_in_digits_of_other_scripts_are_equal(notes: str) -> None:
    reworded, _ = read_reworded_slides(answer(notes=notes), PLAIN.slides, faithful=True)
    assert reworded[0].notes == notes
    other_number = notes.translate(str.maketrans("٣३３", "٤४４")).replace("03", "04")
    with pytest.raises(DeckRejected):
        read_reworded_slides(answer(notes=other_number), PLAIN.slides, faithful=True)
