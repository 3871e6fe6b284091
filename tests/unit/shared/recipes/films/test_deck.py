"""Parsing of decks from models and users: valid, or rejected with the location of the error."""

from __future__ import annotations

from typing import Any

import pytest

from shared.recipes.films.deck import Deck, Slide, picture_size, speech_key
from shared.recipes.films.deck_fields import DeckRejected, parse_language_tag
from shared.recipes.films.speech import SpeechSettings


def make_deck_json(**changes: Any) -> dict[str, Any]:
    """Returns a valid deck as JSON, with changes."""
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


def test_deck_round_trips() -> None:
    deck = Deck.from_dict(make_deck_json())
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
def test_picture_sizes_are_even(aspect: Any, resolution: Any, size: tuple[int, int]) -> None:
    assert picture_size(aspect, resolution) == size


@pytest.mark.parametrize(
    ("changes", "location"),
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
def test_malformed_deck_is_rejected_with_its_location(
    changes: dict[str, Any], location: str
) -> None:
    with pytest.raises(DeckRejected) as error:
        Deck.from_dict(make_deck_json(**changes))
    assert error.value.location == location
    assert str(error.value).startswith(f"{location}: ")


@pytest.mark.parametrize(
    ("changes", "location"),
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
def test_malformed_slide_is_rejected_with_its_location(
    changes: dict[str, Any], location: str
) -> None:
    deck = make_deck_json()
    deck["slides"][1] |= changes
    with pytest.raises(DeckRejected) as error:
        Deck.from_dict(deck)
    assert error.value.location == location


@pytest.mark.parametrize("count", [0, 2, 41])
def test_deck_has_3_to_40_slides(count: int) -> None:
    slides = [{"id": f"s{n}", "heading": "H"} for n in range(count)]
    with pytest.raises(DeckRejected, match="3 to 40"):
        Deck.from_dict(make_deck_json(slides=slides))


def test_total_length_of_notes_is_limited() -> None:
    slides = [{"id": f"s{n}", "heading": "H", "notes": "x" * 4000} for n in range(16)]
    with pytest.raises(DeckRejected, match="64000"):
        Deck.from_dict(make_deck_json(slides=slides))


def test_list_is_not_a_deck() -> None:
    with pytest.raises(DeckRejected) as error:
        Deck.from_dict([1, 2, 3])
    assert error.value.location == "deck"


def test_white_space_in_notes_is_collapsed_within_lines() -> None:
    slide = Slide.from_dict({"id": "a", "heading": " A \n b ", "notes": "  One.\r\n\r\n Two. \t "})
    assert (slide.heading, slide.notes) == ("A b", "One.\nTwo.")


@pytest.mark.parametrize(
    ("text", "tag"),
    [("EN", "en"), ("pt-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")],
)
def test_language_tags_are_normalized(text: str, tag: str) -> None:
    assert parse_language_tag(text) == tag


def test_speech_key_depends_on_text_settings_engine_and_owner() -> None:
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


def test_speech_key_ignores_the_unicode_form() -> None:
    settings = SpeechSettings("fr")
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert speech_key(composed, settings, "e", "o") == speech_key(decomposed, settings, "e", "o")


@pytest.mark.parametrize(
    "options",
    [{"speed": 9}, {"speed": "fast"}, {"speed": True}, {"speed": "nan"}, {"pitch": 30},
     {"voice": "../x"}, {"voice": 3}],
)  # fmt: skip
def test_invalid_speech_settings_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        SpeechSettings.parse({"language": "en", **options})
