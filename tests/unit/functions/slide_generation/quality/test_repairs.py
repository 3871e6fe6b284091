"""Tests of repairs of a model's slides: no words are added, and none get lost."""

from __future__ import annotations

from typing import Any

import pytest

from functions.slide_generation.quality.repairs import repair_deck, repair_texts
from functions.slide_generation.quality.words import comparable, find_numbers, text_width
from shared.recipes.films.deck import Slide
from tests.fixtures.media.decks import make_deck

LONG = (
    "The plant takes water from the soil through its roots, carries it up through the stem; "
    "the leaves give most of it, about 99%, back to the air through tiny pores"
)


def slide_of(heading: str, *bullets: str, notes: str = "Said.", layout: str = "bullets") -> Slide:
    row = {"id": "s", "heading": heading, "bullets": list(bullets), "notes": notes}
    return Slide.from_dict({**row, "layout": layout})


def repaired(*rows: dict[str, Any]) -> list[Slide]:
    return list(repair_deck(make_deck([*rows, {"heading": "Y"}, {"heading": "Z"}])).slides)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Three kinds:", "Three kinds"),
        ("三种方法：", "三种方法"),
        ("Costs –", "Costs"),
        ("Costs -", "Costs"),
        ("One, two,", "One, two"),
        ("At 9:30", "At 9:30"),
        ("C++ and -", "C++ and"),
        (":", ":"),
    ],
)
def test_marks_that_announce_more_are_removed(text: str, expected: str) -> None:
    slide = repair_texts(slide_of(text, text, "Other"))
    assert slide.heading == expected
    assert slide.bullets == ("Other",)
    assert repair_texts(slide_of("A", text)).bullets[0] == expected


@pytest.mark.parametrize(
    "bullet", ["How plants eat", "PLANTS EAT!", "**How** plants", "How plants eat:"]
)
def test_bullets_that_only_repeat_the_heading_are_removed(bullet: str) -> None:
    slide = repair_texts(slide_of("How plants eat", bullet, "Light", "light.", "Water"))
    assert slide.bullets == ("Light", "Water")


def test_bullets_of_other_layouts_are_kept() -> None:
    slide = slide_of("Mood", "Mood", "Mood:", layout="chart")
    assert repair_texts(slide).bullets == ("Mood", "Mood:")


def test_vowel_signs_distinguish_words() -> None:
    assert repair_texts(slide_of("किताब", "कताब", "पानी")).bullets == ("कताब", "पानी")


def test_long_bullet_ends_at_a_clause_and_is_spoken_whole() -> None:
    slide = repair_texts(slide_of("Water", LONG, "Light", notes="Listen:"))
    assert slide.bullets[0] == LONG.partition(";")[0]
    assert text_width(slide.bullets[0]) <= 120
    assert slide.notes == f"Listen. {LONG}."
    assert repair_texts(slide_of("Water", LONG, notes=f"Yes. {LONG}.")).notes == f"Yes. {LONG}."


def test_single_bullet_is_split_or_stands_below_the_heading_and_is_spoken() -> None:
    (split, spoken, *_) = repaired(
        {"heading": "A", "bullets": ["Green leaves; brown roots"], "notes": "Said."},
        {"heading": "B", "bullets": ["Only one"], "notes": "Said."},
    )
    assert (split.layout, split.bullets) == ("bullets", ("Green leaves", "brown roots"))
    assert (spoken.layout, spoken.bullets) == ("statement", ("Only one",))
    assert spoken.notes == "Said. Only one."


def test_closing_without_bullets_is_a_statement() -> None:
    (slide, *_) = repaired({"heading": "The end", "notes": "Said.", "layout": "closing"})
    assert slide.layout == "statement"


def test_repeated_heading_is_replaced_by_a_bullet() -> None:
    row = {"heading": "Details", "notes": "Said."}
    slides = repaired(
        {**row, "bullets": ["a b", "c d"]},
        {**row, "bullets": ["Roots", "Stems", "Leaves"]},
        {**row, "bullets": ["Light", "Water"]},
    )
    assert [slide.heading for slide in slides[:3]] == ["Details", "Roots", "Details"]
    assert slides[1].bullets == ("Stems", "Leaves")


def test_numbers_are_compared_without_separators_and_script() -> None:
    assert find_numbers("1,250 and 1.250 and ١٢٥٠ and １２５０ and 2,5") == ["1250"] * 4 + ["2.5"]
    assert comparable("Ein Haus!") == comparable("ein  haus") == " ein haus "


def test_words_with_signs_are_not_the_same() -> None:
    slide = repair_texts(slide_of("Languages", "C", "C++", "C#", "c"))
    assert slide.bullets == ("C", "C++", "C#")


def test_text_that_ends_within_quotes_has_one_full_stop() -> None:
    row = {"heading": "B", "bullets": ["He said “go.”"], "notes": "“Stop.”"}
    assert repaired(row)[0].notes == "“Stop.” He said “go.”"
