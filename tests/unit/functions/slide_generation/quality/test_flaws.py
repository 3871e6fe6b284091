"""Tests of the flaws that a job's warnings name, and of the warnings about the emulator."""

from __future__ import annotations

import pytest

from functions.slide_generation.quality.emulated import (
    describe_emulated_recap,
    describe_emulated_rewrite,
    describe_emulator,
)
from functions.slide_generation.quality.flaws import (
    find_count_flaws,
    find_flaws,
    find_language_flaws,
)
from shared.recipes.films.deck import Slide
from shared.recipes.films.prompt import Prompt

REAL, EMULATED = "gemini-3.5-flash", "emulator:gemini-3.5-flash"
GOOD = Slide("a", "Rain", ("Clouds gather", "Drops fall"), "Warm air rises and cools. Drops form.")


def test_good_slides_have_no_flaws() -> None:
    assert find_flaws([GOOD, Slide("b", "Snow", (), "It is cold.", "statement")]) == ()


@pytest.mark.parametrize(
    "notes", ["Clouds gather. Drops fall.", "Rain. Clouds gather! drops fall", "Drops fall."]
)
def test_narration_that_only_reads_the_bullets_is_named(notes: str) -> None:
    slide = Slide("a", "Rain", ("Clouds gather", "Drops fall"), notes)
    assert find_flaws([slide]) == ("The narration only reads out the bullets of the slide “Rain”.",)


def test_repeated_headings_and_long_bullets_are_named() -> None:
    slides = [GOOD, Slide("b", "RAIN", ("w" * 150, "x"), "Said.")]
    assert find_flaws(slides) == (
        "More than one slide has the heading “RAIN”.",
        "A bullet is too long to be read at a glance on the slide “RAIN”.",
    )


def test_numbers_that_the_text_does_not_have_are_named() -> None:
    slide = Slide("a", "3 facts", ("1250 birds", "In 1907"), "It was 40 % more.")
    assert find_flaws([slide], "1,250 birds, and more") == (
        "The deck has numbers that are not in your text: 1907, 40.",
    )
    assert find_flaws([slide]) == ()


@pytest.mark.parametrize(
    ("language", "notes", "is_flawed"),
    [
        ("ja", "Warm air rises and cools.", True),
        ("ja", "REST API と GraphQL を HTTP/2 の上で比較します。", False),
        ("ja-Latn", "Ame ga furu.", False),
        ("ru", "Warm air rises.", True),
        ("sr", "Topao vazduh se diže.", False),
        ("en", "暖かい空気は上昇します。", True),
        ("de", "Der Name 東京 ist japanisch.", False),
        ("zh", "123.", False),
    ],
)
def test_text_in_the_script_of_another_language_is_named(
    language: str, notes: str, is_flawed: bool
) -> None:
    slide = Slide("a", "1", (), notes, "statement")
    assert bool(find_language_flaws([slide], language)) == is_flawed


def test_many_flawed_slides_are_counted() -> None:
    slides = [Slide(f"s{n}", f"H{n}", ("a b", "c d"), "a b. c d.") for n in range(5)]
    assert find_flaws(slides)[0].endswith("“H0”, “H1”, “H2” and 2 more.")


def test_number_of_slides_may_differ_by_two() -> None:
    assert find_count_flaws(6, 8) == ()
    assert find_count_flaws(6, 40) == ("40 slides were requested; the deck has 6.",)


def test_only_the_emulator_gives_warnings() -> None:
    prompt, text = Prompt("Bees"), Prompt("", "Bees fly.")
    assert describe_emulator(REAL, prompt) == describe_emulated_rewrite(REAL) == ()
    assert describe_emulated_recap(REAL, "de") == ()
    assert "outline only" in describe_emulator(EMULATED, prompt)[0]
    assert "sentences of your text" in describe_emulator(EMULATED, text)[0]
    assert len(describe_emulated_recap(EMULATED, "en-GB")) == 1
    assert "written in English" in describe_emulated_recap(EMULATED, "de")[1]
