"""Tests of splitting: text that does not fit moves to the next slide, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest

from functions.slide_generation.deck.fitting import fit_slides, split_slide
from functions.slide_generation.drawing.layout import SlidePlanner
from functions.slide_generation.drawing.themes import THEMES
from shared.recipes.films.deck import Deck, Slide
from shared.recipes.films.options import SUBTITLE_AREA
from tests.fixtures.media.decks import LONG_TEXTS, make_deck, make_full_deck, make_script_deck

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", LONG_TEXTS)
def test_splitting_keeps_all_bullets_and_sentences_in_order(kind: str) -> None:
    before = make_full_deck(LONG_TEXTS[kind], aspect="1:1")
    after = fit_slides(before)
    assert len(after.slides) > len(before.slides)
    assert _bullets(after) == _bullets(before)
    assert " ".join(_notes(after)) == " ".join(_notes(before))
    assert after.slides[0].layout == "title"
    assert after.slides[-1].layout == "closing"
    assert Deck.from_dict(after.to_dict()) == after


def test_deck_that_fits_is_unchanged() -> None:
    assert fit_slides(make_script_deck("en")) == make_script_deck("en")


@pytest.mark.parametrize("kind", LONG_TEXTS)
@pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1"])
def test_text_stays_out_of_the_subtitle_area(kind: str, aspect: str) -> None:
    deck = fit_slides(make_full_deck(LONG_TEXTS[kind], aspect=aspect), SUBTITLE_AREA)
    planner = SlidePlanner(deck, THEMES[deck.theme], SUBTITLE_AREA)
    lowest = float((1 - SUBTITLE_AREA) * deck.size[1])
    for number, slide in enumerate(deck.slides):
        plan = planner.plan(slide, number)
        assert max(text.y + text.block.height for text in plan.texts) <= lowest + 1


def test_deck_of_forty_slides_is_not_split() -> None:
    full = {"heading": LONG_TEXTS["words"][:120], "bullets": [LONG_TEXTS["words"][:240]] * 6}
    assert len(fit_slides(make_deck([full] * 3, aspect="1:1")).slides) > 3
    after = fit_slides(make_deck([full] * 40, aspect="1:1"))
    assert len(after.slides) == 40
    assert _bullets(after) == _bullets(make_deck([full] * 40))


@pytest.mark.parametrize(
    "ids", [("s1", "s1-a"), ("x" * 38 + "yz", "x" * 40)], ids=["suffix-taken", "long-ids"]
)
def test_split_slides_get_unique_ids(ids: tuple[str, str]) -> None:
    full = make_full_deck(LONG_TEXTS["words"], aspect="1:1").slides[1]
    small = replace(full, bullets=())
    pairs = ((ids[0], full), (ids[1], small if ids[1].endswith("-a") else full), ("last", full))
    rows = [replace(slide, id=name).to_dict() for name, slide in pairs]
    before = Deck.from_dict(
        make_deck([{"heading": "A"}] * 3, aspect="1:1").to_dict() | {"slides": rows}
    )
    after = fit_slides(before)
    assert len(after.slides) > len(before.slides)
    assert Deck.from_dict(after.to_dict()) == after


def test_notes_are_split_between_sentences() -> None:
    first, second = split_slide(Slide("s1", "Plants", ("a", "b", "c"), "One. Two! Three? Four."))
    assert (first.id, second.id) == ("s1-a", "s1-b")
    assert (first.bullets, second.bullets) == (("a", "b"), ("c",))
    assert (first.notes, second.notes) == ("One. Two!", "Three? Four.")


def _bullets(deck: Deck) -> list[str]:
    return list(chain.from_iterable(slide.bullets for slide in deck.slides))


def _notes(deck: Deck) -> list[str]:
    return [slide.notes for slide in deck.slides if slide.notes]
