"""Tests of what the Gemini emulator keeps of a text: lists, tables, quotations, short sections."""

from __future__ import annotations

import json

import pytest

from functions.slide_generation.deck.outline import read_outline
from functions.slide_generation.layout_choice.rules import choose_layouts
from infra.local.emulators.gemini.outline import write_outline
from infra.local.emulators.gemini.ranking import choose_bullets, refers_back
from infra.local.emulators.gemini.request import DeckRequest
from infra.local.emulators.gemini.words import end_sentence, join_phrases
from shared.recipes.films.deck import Deck
from shared.recipes.films.deck_options import DeckOptions


def deck_of(prompt: str, source: str = "", slides: int = 8, language: str = "") -> Deck:
    outline = write_outline(DeckRequest(prompt, source, slides, language))
    return read_outline(json.dumps(outline), DeckOptions(slides=slides))


def test_short_items_are_spoken_as_one_sentence_in_the_marks_of_the_script() -> None:
    assert join_phrases(["Line: 1,200.", "Night: 3."]) == "Line: 1,200; Night: 3."
    assert join_phrases(["水。", "塩。"]) == "水、塩。"
    assert join_phrases(["ماء.", "ملح."]) == "ماء، ملح."


def test_steps_keep_their_numbers_on_the_slide_and_a_table_its_columns() -> None:
    text = "# Soup\n\n## To do\n\n1. Cook it\n2. Eat it\n3. Rest\n\n## Costs\n\n"
    table = "| What | Price | Weight |\n|---|---|---|\n| Beet | $2 | 1 kg |\n| Salt | $1 | 5 g |\n"
    slides = deck_of("", f"{text}{table}").slides
    assert slides[1].bullets == ("1. Cook it", "2. Eat it", "3. Rest")
    assert slides[1].notes == "To do. Cook it, Eat it, Rest."
    assert slides[2].bullets == ("Beet: Price $2, Weight 1 kg", "Salt: Price $1, Weight 5 g")
    rows = "# Shop\n\n## Costs\n\n| What | Price |\n|---|---|\n| Beet | $2 |\n| Salt | $1 |\n"
    assert deck_of("", rows).slides[1].bullets == ("Beet: $2", "Salt: $1")


def test_list_at_the_end_is_not_divided_by_the_closing() -> None:
    text = "# Years\n\nWe carry many people.\n\n## Passengers\n\n- 2023: 1\n- 2024: 2\n- 2025: 3\n"
    slides = deck_of("", text).slides
    assert slides[1].bullets == ("2023: 1", "2024: 2", "2025: 3")
    assert slides[-1].notes == "We carry many people."


def test_quotation_has_a_slide_with_its_author() -> None:
    quote = '"It has done more to free women than anything else in the world."'
    text = (
        f"# Bicycles\n\nThey are fast. They are cheap.\n\n> {quote} — Susan B. Anthony\n\nEnd it."
    )
    deck = choose_layouts(deck_of("", text))
    (slide,) = [slide for slide in deck.slides if slide.layout == "quote"]
    assert (slide.heading, slide.bullets) == (quote[1:-1], ("Susan B. Anthony",))
    assert slide.notes == f"{quote} — Susan B. Anthony."


def test_sentence_that_ends_within_quotes_has_one_full_stop() -> None:
    for text in ("He said: « Eat it warm. »", '"It is done."', "「終わり。」", "Why (not?)"):
        assert end_sentence(text) == text
    assert end_sentence('He said "yes"') == 'He said "yes".'


def test_short_section_has_its_heading_and_its_first_sentence() -> None:
    text = (
        "# Heating\n\nTwo ways to heat a house.\n\n## The wrong choice\n\nIn an old house the "
        "water has to be hot. Then the pump needs twice the electricity that the pump needs.\n\n"
        "## Advice\n\nAsk for three offers. Insulate the roof first."
    )
    slides = deck_of("", text).slides
    assert slides[0].bullets == ("Two ways to heat a house",)
    assert (slides[1].layout, slides[1].heading) == ("statement", "The wrong choice")
    assert slides[1].bullets == ("In an old house the water has to be hot",)


def test_sentence_that_is_shortened_to_a_heading_is_no_bullet() -> None:
    long = "Voice {0} is checked with the list of voices whenever a job of the kind {0} is made"
    text = " ".join(f"{long.format(n)} or edited by anybody at all." for n in range(5))
    for slide in deck_of("", text, slides=3).slides[1:2]:
        heading = slide.heading.rstrip("…")
        assert not [bullet for bullet in slide.bullets if bullet.startswith(heading)]


def test_sentence_alone_on_a_slide_is_not_shortened_like_a_heading() -> None:
    sentence = "The Netherlands started to build separate paths, and soon all the Dutch rode there"
    slides = deck_of("", f"{sentence}. It was good. Then it ended. All was over.").slides
    shown = [slide for slide in slides if slide.layout == "statement"]
    assert any(slide.heading == sentence for slide in shown), shown


def test_title_is_not_cut_within_a_number() -> None:
    first = "In 2024 our bicycle workshop in Bern repaired 1,840 bicycles, 23% more than in 2023."
    rest = "Most had bad brakes. Many had flat tyres. Some had no saddle. We have seven employees."
    slides = deck_of("", f"{first} {rest} They like their work. Customers like them.").slides
    assert slides[0].heading == "In 2024 our bicycle workshop in Bern repaired 1,840 bicycles"
    # It is said once.
    assert slides[0].notes == first
    assert first not in slides[1].notes


def test_section_of_a_few_sentences_is_one_slide() -> None:
    section = "## {0}\n\nThe {0} is old. The {0} is red. It has {1} rooms. We like the {0}.\n\n"
    text = (
        "# Houses\n\n" + "".join(map(section.format, ("hall", "tower", "barn"), range(3))) + "Bye."
    )
    headings = [slide.heading for slide in deck_of("", text).slides]
    assert headings == ["Houses", "hall", "tower", "barn", "In short"]


def test_text_without_headings_is_divided_among_the_slides() -> None:
    sentences = [f"Fact {name} is about the sea." for name in "ABCDEFGH"]
    assert len(deck_of("", " ".join(sentences), slides=5).slides) == 5


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("At half moon they work against each other.", "en"),
        ("Therefore the water piles up.", "en"),
        ("Wenn sie sich verdoppelt, ist sie reif.", "de-CH"),
        ("Danach füttert man den Ansatz.", "de"),
        ("Depois, a casca é retirada.", "pt"),
        ("しかし、山は静かです。", "ja"),
    ],
)
def test_sentence_that_refers_back_is_recognized(sentence: str, language: str) -> None:
    assert refers_back(sentence, language)


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("The Moon pulls harder on the side that faces it.", "en"),
        ("Der Teig ruht, damit er quillt.", "de"),
        ("山は静かです。", "ja"),
        ("Mwezi unavuta bahari.", "sw"),
        ("…", "en"),
    ],
)
def test_sentence_that_is_understood_alone_is_recognized(sentence: str, language: str) -> None:
    assert not refers_back(sentence, language)


def test_heading_of_a_slide_is_understood_without_the_sentence_before() -> None:
    text = (
        "The Moon pulls on the sea and raises the water. At new moon they raise the water of the "
        "sea together, and the Moon and the sea are high. Harbours print tables of the water for a "
        "year. Sailors know the sea and the Moon. Nobody can stop the water."
    )
    for slide in deck_of("", text).slides:
        assert "they raise" not in slide.heading


def test_bullet_that_refers_back_stands_below_its_sentence() -> None:
    sentences = [
        "The Sun is heavy.",
        "It is far.",
        "The Moon is near.",
        "They move.",
        "All is well.",
    ]
    preferred = ["The Moon is near.", "They move.", "It is far.", "The Sun is heavy."]
    referring = {"It is far.", "They move."}
    chosen = [choose_bullets(preferred, sentences, referring, limit) for limit in (1, 2, 3)]
    assert chosen == [
        ["The Moon is near."],
        ["The Sun is heavy.", "The Moon is near."],
        ["The Sun is heavy.", "The Moon is near.", "They move."],
    ]
    assert choose_bullets(preferred[1:], sentences, referring, 3) == [
        "The Sun is heavy.",
        "It is far.",
    ]


def test_outline_of_a_prompt_is_numbered() -> None:
    slides = choose_layouts(deck_of("How bees make honey")).slides
    assert [slide.layout for slide in slides] == ["title", *["number"] * 4, "statement"]
    assert [slide.number for slide in slides[1:5]] == ["1", "2", "3", "4"]
