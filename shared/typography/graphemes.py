"""Grapheme clusters: what a reader takes for one character (Unicode's UAX #29), in a tailored form.

The rules that the fonts of this package need are here; the Unicode data are Python's.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_ZERO_WIDTH_JOINER = "\u200d"
_TEXT_PRESENTATION, _EMOJI_PRESENTATION = "\ufe0e", "\ufe0f"
_KEYCAP = "\u20e3"
_FIRST_PICTOGRAPH = "\U0001f000"
"""From here on, the Unicode blocks up to U+1FAFF are pictographs and flags."""
_LAST_PICTOGRAPH = "\U0001faff"
_VIRAMA = 9
"""The combining class of the signs that join two consonants of an Indic script."""
PREFIXED_VOWELS = "เแโใไເແໂໃໄ"
"""Thai and Lao vowels that precede their consonant."""
_SUFFIXED_SIGNS = "าะำๅๆฯາະຳໆ"
_VISIBLE_FORMAT_CHARACTERS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_OTHER_IGNORABLE = (
    ("\u034f", "\u034f"), ("\u115f", "\u1160"), ("\u17b4", "\u17b5"), ("\u180b", "\u180f"),
    ("\u3164", "\u3164"), ("\ufe00", "\ufe0f"), ("\uffa0", "\uffa0"),
    ("\U000e0000", "\U000e0fff"),
)  # fmt: skip
"""Default_Ignorable_Code_Point without the category Cf (UCD, DerivedCoreProperties.txt)."""


def is_ignorable(char: str) -> bool:
    """Returns whether the character has no shape of its own and only affects its neighbours."""
    if char < "\u00ad":
        return False
    if unicodedata.category(char) == "Cf":
        return char not in _VISIBLE_FORMAT_CHARACTERS
    return any(first <= char <= last for first, last in _OTHER_IGNORABLE)


@lru_cache(maxsize=8192)
def is_combining(char: str) -> bool:
    """Returns whether the character belongs to the one before it."""
    return (
        is_ignorable(char)
        or unicodedata.category(char).startswith("M")
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\u1160" <= char <= "\u11ff"  # vowels and final consonants of Hangul
    )


def split_graphemes(text: str) -> list[str]:
    """Returns the parts of a text that must not be cut: a character with its marks, an emoji."""
    if text.isascii():
        return list(text)
    graphemes: list[str] = []
    for char in text:
        if graphemes and (is_combining(char) or _continues(graphemes[-1], char)):
            graphemes[-1] += char
        else:
            graphemes.append(char)
    return graphemes


def is_emoji(grapheme: str) -> bool:
    """Returns whether the grapheme is shown as a picture: a pictograph, a flag, a keycap."""
    if _TEXT_PRESENTATION in grapheme:
        return False
    has_mark = _EMOJI_PRESENTATION in grapheme[1:] or _KEYCAP in grapheme[1:]
    return has_mark or _FIRST_PICTOGRAPH <= grapheme[0] <= _LAST_PICTOGRAPH


def _continues(grapheme: str, char: str) -> bool:
    last = grapheme[-1]
    return (
        last == _ZERO_WIDTH_JOINER
        or last in PREFIXED_VOWELS
        or char in _SUFFIXED_SIGNS
        or (_is_regional_indicator(char) and len(grapheme) == 1 and _is_regional_indicator(last))
        or (unicodedata.combining(last) == _VIRAMA and unicodedata.category(char) == "Lo")
    )


def _is_regional_indicator(char: str) -> bool:
    """Returns whether the character is one of the two letters of a flag."""
    return "\U0001f1e6" <= char <= "\U0001f1ff"
