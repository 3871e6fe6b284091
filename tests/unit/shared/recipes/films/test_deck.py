"""What comes from a model or a person is a deck, or it is refused with its place named."""

from __future__ import annotations

from typing import Any

import pytest

from shared.recipes.films.deck import (
    Deck,
    DeckRejected,
    Slide,
    parse_language_tag,
    picture_size,
    speech_key,
)
from shared.recipes.films.speech import SpeechSettings


def told(**changes: Any) -> dict[str, Any]:
    """A deck as JSON gives it."""
    slides = [
        {"id": f"s{n}", "heading": f"Heading {n}", "bullets": ["one", "two"], "notes": "Hello."}
        for n in range(3)
    ]
    return {
        "title": "Leaves",
        "language": "en",
        "theme": "paper",
        "aspect": "16:9",
        "resolution": "720p",
        "slides": slides,
        **changes,
    }


def test_a_deck_comes_back_equal() -> None:
    deck = Deck.from_dict(told())
    assert Deck.from_dict(deck.to_dict()) == deck
    assert deck.slides[1] == Slide("s1", "Heading 1", ("one", "two"), "Hello.")
    assert deck.size == (1280, 720)


@pytest.mark.parametrize(
    ("aspect", "resolution", "size"),
    [
        ("16:9", "720p", (1280, 720)),
        ("16:9", "1080p", (1920, 1080)),
        ("9:16", "720p", (720, 1280)),
        ("9:16", "1080p", (1080, 1920)),
        ("1:1", "720p", (720, 720)),
        ("1:1", "1080p", (1080, 1080)),
    ],
)
def test_every_form_has_even_sides(aspect: Any, resolution: Any, size: tuple[int, int]) -> None:
    assert picture_size(aspect, resolution) == size


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"title": "   "}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": 7}, "title"),
        ({"title": "bell\x07"}, "title"),
        ({"title": "half of an emoji \ud83d"}, "title"),
        ({"language": "english"}, "language"),
        ({"language": None}, "language"),
        ({"theme": "../../etc"}, "theme"),
        ({"aspect": "4:3"}, "aspect"),
        ({"resolution": "4k"}, "resolution"),
        ({"resolution": ["720p"]}, "resolution"),
        ({"slides": []}, "slides"),
        ({"slides": "three"}, "slides"),
        ({"slides": None}, "slides"),
        ({"schema": 2}, "schema"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_malformed_is_refused_where_it_stands(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(DeckRejected) as refused:
        Deck.from_dict(told(**changes))
    assert refused.value.location == where
    assert str(refused.value).startswith(f"{where}: ")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"id": "A"}, "slides[1].id"),
        ({"id": "s0"}, "slides[1].id"),
        ({"heading": ""}, "slides[1].heading"),
        ({"bullets": ["x"] * 7}, "slides[1].bullets"),
        ({"bullets": "one"}, "slides[1].bullets"),
        ({"bullets": ["x", ""]}, "slides[1].bullets[1]"),
        ({"bullets": [{"text": "x"}]}, "slides[1].bullets[0]"),
        ({"notes": "x" * 5001}, "slides[1].notes"),
        ({"notes": None}, "slides[1].notes"),
        ({"layout": "poster"}, "slides[1].layout"),
        ({"picture": ""}, "slides[1].picture"),
        ({"script": "alert(1)"}, "slides[1].script"),
    ],
)
def test_a_malformed_slide_is_named(changes: dict[str, Any], where: str) -> None:
    deck = told()
    deck["slides"][1] |= changes
    with pytest.raises(DeckRejected) as refused:
        Deck.from_dict(deck)
    assert refused.value.location == where


@pytest.mark.parametrize("count", [0, 2, 41])
def test_a_deck_has_3_to_40_slides(count: int) -> None:
    slides = [{"id": f"s{n}", "heading": "H"} for n in range(count)]
    with pytest.raises(DeckRejected, match="3 to 40"):
        Deck.from_dict(told(slides=slides))


def test_a_deck_that_would_be_spoken_for_hours_is_refused() -> None:
    slides = [{"id": f"s{n}", "heading": "H", "notes": "x" * 4000} for n in range(16)]
    with pytest.raises(DeckRejected, match="64000"):
        Deck.from_dict(told(slides=slides))


def test_a_list_is_not_a_deck() -> None:
    with pytest.raises(DeckRejected) as refused:
        Deck.from_dict([1, 2, 3])
    assert refused.value.location == "deck"


def test_white_space_of_notes_keeps_their_lines() -> None:
    slide = Slide.from_dict({"id": "a", "heading": " A \n b ", "notes": "  One.\r\n\r\n Two. \t "})
    assert (slide.heading, slide.notes) == ("A b", "One.\nTwo.")


@pytest.mark.parametrize(
    ("given", "tag"),
    [("EN", "en"), ("pt-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")],
)
def test_language_tags_take_their_usual_case(given: str, tag: str) -> None:
    assert parse_language_tag(given) == tag


def test_the_narration_key_changes_with_everything_that_is_heard() -> None:
    english = SpeechSettings("en")
    keys = {
        speech_key("Hello.", english, "engine", "me"),
        speech_key("Hello!", english, "engine", "me"),
        speech_key("Hello.", SpeechSettings("fr"), "engine", "me"),
        speech_key("Hello.", SpeechSettings("en", voice="en-US-X"), "engine", "me"),
        speech_key("Hello.", SpeechSettings("en", speed=1.1), "engine", "me"),
        speech_key("Hello.", SpeechSettings("en", pitch=-1), "engine", "me"),
        speech_key("Hello.", english, "other engine", "me"),
        speech_key("Hello.", english, "engine", "you"),
    }
    assert len(keys) == 8
    assert all(len(key) == 64 for key in keys)


def test_one_word_in_two_unicode_forms_is_spoken_once() -> None:
    settings = SpeechSettings("fr")
    composed, taken_apart = "caf\u00e9", "cafe\u0301"
    assert speech_key(composed, settings, "e", "o") == speech_key(taken_apart, settings, "e", "o")


@pytest.mark.parametrize(
    "given",
    [{"speed": 9}, {"speed": "fast"}, {"speed": True}, {"speed": "nan"}, {"pitch": 30},
     {"voice": "../x"}, {"voice": 3}],
)  # fmt: skip
def test_a_voice_that_cannot_be_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        SpeechSettings.parse({"language": "en", **given})
