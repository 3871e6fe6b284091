"""Checks of the fields of a deck. They return the field's value, or raise DeckRejected."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import PermanentError
from shared.recipes.option_values import join_words

LANGUAGE_PATTERN = r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?"
"""A BCP 47 tag (RFC 5646 §2.1) of language, script and region."""
_LANGUAGE = re.compile(LANGUAGE_PATTERN)
_UNSUPPORTED_CATEGORIES = ("Cc", "Cs", "Co")
"""Categories that no slide can show: control characters, surrogates, private use."""


class DeckRejected(PermanentError):
    """The deck does not have the required form."""

    code = "deck-rejected"

    def __init__(self, location: str, reason: str) -> None:
        super().__init__(f"{location}: {reason}" if location else reason)
        self.location = location


def parse_language_tag(value: Any, location: str = "language") -> str:
    """Returns a BCP-47 tag of language, script and region in its usual case: "PT-br" is "pt-BR".

    Raises DeckRejected.
    """
    match = _LANGUAGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise DeckRejected(location, "It must be a language tag such as en, pt-BR or zh-Hant-TW.")
    language, script, region = match.groups()
    parts = [language.lower(), (script or "").title(), (region or "").upper()]
    return "-".join(part for part in parts if part)


def remove_unsupported_characters(text: str) -> str:
    """Returns the text without the characters that no slide can show."""
    return "".join(character for character in text if not is_unsupported(character))


def check_object(
    data: Any, location: str, known: Sequence[str], needed: Sequence[str]
) -> Mapping[str, Any]:
    """Returns an object that has the needed fields and no unknown ones."""
    if not isinstance(data, Mapping):
        raise DeckRejected(location or "deck", "It must be an object.")
    prefix = f"{location}." if location else ""
    for key in needed:
        if key not in data:
            raise DeckRejected(f"{prefix}{key}", "It is missing.")
    for key in data:
        if key not in known:
            raise DeckRejected(f"{prefix}{str(key)[:40]}", "There is no such field.")
    return data


def check_line(value: Any, location: str, max_chars: int) -> str:
    """Returns a text of one line; a run of white space becomes one space."""
    text = " ".join(_check_text(value, location, max_chars).split())
    if not text:
        raise DeckRejected(location, "It must not be blank.")
    return text


def check_notes(value: Any, location: str, max_chars: int) -> str:
    """Returns a text of any number of lines, which may be empty."""
    lines = (
        " ".join(line.split()) for line in _check_text(value, location, max_chars).splitlines()
    )
    return "\n".join(line for line in lines if line)


def _check_text(value: Any, location: str, max_chars: int) -> str:
    if not isinstance(value, str):
        raise DeckRejected(location, "It must be a text.")
    if len(value) > max_chars:
        raise DeckRejected(location, f"It has {len(value)} characters; at most {max_chars} fit.")
    if value.isascii() and value.isprintable():
        return value
    unsupported = next((c for c in value if c not in "\n\r\t" and is_unsupported(c)), None)
    if unsupported is not None:
        raise DeckRejected(location, f"It contains the character U+{ord(unsupported):04X}.")
    return unicodedata.normalize("NFC", value)


def is_unsupported(character: str) -> bool:
    """Returns whether no slide can show the character."""
    return unicodedata.category(character) in _UNSUPPORTED_CATEGORIES


def check_pattern(value: Any, location: str, pattern: re.Pattern[str], of: str) -> str:
    """Returns a text that the pattern matches. `of` describes the characters of the pattern."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise DeckRejected(location, f"It must be 1 to 40 characters of {of}.")
    return value


def check_choice(value: Any, location: str, allowed: Sequence[str]) -> str:
    """Returns one of the allowed texts."""
    if not isinstance(value, str) or value not in allowed:
        raise DeckRejected(location, f"It must be {join_words(allowed, 'or')}.")
    return value
