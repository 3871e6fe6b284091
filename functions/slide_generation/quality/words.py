"""Comparison of texts of slides: words without case and punctuation, numbers, and drawn width."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_GROUP_SEPARATOR = re.compile(r"(?<=\d)[.,](?=\d{3}(?!\d))")
_SENTENCE_END = re.compile(r"(?<=[.!?…؟۔।])\s+|(?<=[。！？])|\n+")

_SIGNS_OF_WORDS = "+#%°$€£¥−"


def comparable(text: str) -> str:
    """Returns the words in lower case, each between two spaces, without punctuation.

    One text contains the words of another if `comparable(a) in comparable(b)`.
    """
    characters = (
        character if _is_in_a_word(character) else " "
        for character in unicodedata.normalize("NFKC", text).casefold()
    )
    return f" {' '.join(''.join(characters).split())} "


def find_numbers(text: str) -> list[str]:
    """Returns the numbers in ASCII digits, without group separators: 1,250 is 1250."""
    # NFKC maps full-width digits, `decimal` the digits of other scripts.
    plain = "".join(
        str(unicodedata.decimal(character)) if character.isdecimal() else character
        for character in unicodedata.normalize("NFKC", text)
    )
    return [_GROUP_SEPARATOR.sub("", number).replace(",", ".") for number in _NUMBER.findall(plain)]


def split_sentences(text: str) -> list[str]:
    """Returns the sentences of a text, without the white space between them."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def text_width(text: str) -> int:
    """Returns the width in narrow characters. Those of Chinese, Japanese and Korean count twice."""
    return sum(
        0
        if unicodedata.combining(character)
        else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _is_in_a_word(character: str) -> bool:
    # Vowel signs of Indic scripts are marks, not letters. C, C++ and C# are three words.
    return (
        character.isalnum()
        or unicodedata.category(character).startswith("M")
        or character in _SIGNS_OF_WORDS
    )
