"""Prompts and deck options: accepted, or refused with a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.prompt import (
    MAX_TEXT_CHARS,
    Prompt,
    PromptEmpty,
    PromptNotText,
    PromptTooLong,
)


def test_first_form_feed_separates_prompt_and_source() -> None:
    prompt = Prompt.from_bytes(b"How it works\fPage one.\fPage two.")
    assert prompt == Prompt("How it works", "Page one.\nPage two.")
    assert Prompt.from_bytes(prompt.to_bytes()) == prompt


def test_invisible_characters_are_removed_and_lines_preserved() -> None:
    text = "\ufeffPlants \u202e eat\x07 light\r\n\r\n\r\n\r\nfor   children\u200d"
    prompt = Prompt.from_bytes(text.encode())
    assert prompt.text == "Plants eat light\n\nfor children\u200d"


@pytest.mark.parametrize(
    "text",
    ["Films 🎬 for 👨‍👩‍👧", "فیلم می‌شود", "a face 🫩 newer than Python's Unicode", "日本 – söndag"],
)
def test_prompt_keeps_all_letters(text: str) -> None:
    assert Prompt.from_bytes(text.encode()).text == text


@pytest.mark.parametrize("audience", ["دانش‌آموزان", "👨‍👩‍👧 families", "🫩", "子ども　たち"])
def test_audience_is_in_any_script(audience: str) -> None:
    assert DeckOptions.parse({"audience": audience}).audience == " ".join(audience.split())


def test_prompt_is_normalized_to_nfc() -> None:
    assert Prompt.from_bytes("Cafe\u0301".encode()).text == "Café"


@pytest.mark.parametrize(
    "text", ["", "   \n\t ", "\u200b\u202e", "!!! ???", "!\fa source", "\f!!!"]
)
def test_empty_prompt_is_refused(text: str) -> None:
    with pytest.raises(PromptEmpty, match="says nothing"):
        Prompt.from_bytes(text.encode())


@pytest.mark.parametrize("data", [b"\xff\xfeP\x00l\x00", b"\x89PNG\r\n\x1a\n\x00", b"caf\xe9"])
def test_binary_prompt_is_refused(data: bytes) -> None:
    with pytest.raises(PromptNotText):
        Prompt.from_bytes(data)


def test_prompt_length_is_limited() -> None:
    assert len(Prompt.from_bytes(("猫" * MAX_TEXT_CHARS).encode()).text) == MAX_TEXT_CHARS
    with pytest.raises(PromptTooLong, match="100001 characters"):
        Prompt.from_bytes(b"cat\f" + b"c" * (MAX_TEXT_CHARS - 2))
    with pytest.raises(PromptTooLong, match="1000 kB"):
        Prompt.from_bytes(b"c" * 1_000_001)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_prompt_round_trips(text: str) -> None:
    try:
        prompt = Prompt.from_bytes(text.encode())
    except (PromptEmpty, PromptNotText):
        return
    assert Prompt.from_bytes(prompt.to_bytes()) == prompt


def test_deck_options_have_defaults_and_round_trip() -> None:
    options = DeckOptions.parse({"slides": "12", "language": "PT-br", "speed": "1.25"})
    assert (options.slides, options.language, options.speed) == (12, "pt-BR", 1.25)
    assert (options.aspect, options.theme, options.resolution) == ("16:9", "midnight", "720p")
    assert DeckOptions.parse(options.to_dict()) == options
    assert DeckOptions.parse({}) == DeckOptions()


def test_deck_options_from_job_ignore_film_options() -> None:
    assert DeckOptions.from_job({"transition": "fade", "slides": 5}).slides == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slides": 2}, "from 3 to 40"),
        ({"slides": 41}, "from 3 to 40"),
        ({"slides": True}, "from 3 to 40"),
        ({"slides": "٨"}, "from 3 to 40"),
        ({"slides": "8.5"}, "from 3 to 40"),
        ({"language": "klingon!"}, "such as en, pt-BR"),
        ({"language": 7}, "such as en, pt-BR"),
        ({"tone": "x" * 81}, "at most 80"),
        ({"tone": ["a"]}, "at most 80"),
        ({"audience": "a\x00b"}, "at most 160"),
        ({"aspect": "4:3"}, "16:9, 9:16 or 1:1"),
        ({"theme": "../../etc"}, "midnight"),
        ({"resolution": "4k"}, "720p or 1080p"),
        ({"speed": 9}, "0.25 to 2"),
        ({"pitch": "high"}, "-20 to 20"),
        ({"voice": "a b; c"}, "a voice's name"),
        ({"colour": "red"}, "does not exist"),
    ],
)
def test_invalid_deck_option_is_refused_with_the_accepted_values(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        DeckOptions.parse(options)
