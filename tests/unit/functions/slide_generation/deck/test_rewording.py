"""Better words come from a model that is not trusted, and from a cache that all of a person's jobs
share: they change words, and nothing else."""

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
        {"id": one.id, "heading": one.heading, "bullets": list(one.bullets), "notes": one.notes}
        for one in PLAIN.slides
    ]
    rows[0].update(changed)
    return json.dumps({"language": "en", "slides": rows})


def test_words_that_were_found_for_another_job_bring_no_picture_of_it() -> None:
    theirs = [
        Slide(one.id, "Joy", ("So",), "Heard.", "picture", "moment:1") for one in PLAIN.slides
    ]
    made = replace_slides(PLAIN, theirs)
    assert {one.heading for one in made.slides} == {"Joy"}
    assert {one.notes for one in made.slides} == {"Heard."}
    assert [one.picture for one in made.slides] == [None, None, None]
    assert [one.layout for one in made.slides] == [one.layout for one in PLAIN.slides]


@pytest.mark.parametrize("odd", [["s0"], {"s0": 1}, None, 0], ids=str)
def test_an_id_that_is_no_text_is_no_answer(odd: Any) -> None:
    with pytest.raises(DeckRejected):
        read_reworded_slides(answer(id=odd), PLAIN.slides, faithful=True)


def test_an_answer_that_is_nested_without_end_is_no_answer() -> None:
    with pytest.raises(DeckRejected):
        read_reworded_slides("[" * 200_000, PLAIN.slides, faithful=True)


@pytest.mark.parametrize(
    "said",
    ["عند الثانية ٣: ٩٠٪", "३ सेकंड पर: ९० %", "0：03 時：９０％"],
    ids=["arabic", "hindi", "wide"],
)
def test_numbers_in_another_scripts_digits_are_the_same_numbers(said: str) -> None:
    made, _ = read_reworded_slides(answer(notes=said), PLAIN.slides, faithful=True)
    assert made[0].notes == said
    other = said.translate(str.maketrans("٣३３", "٤४４")).replace("03", "04")
    with pytest.raises(DeckRejected):
        read_reworded_slides(answer(notes=other), PLAIN.slides, faithful=True)
