"""Writes out what a sentence abbreviates, so that every voice reads it the same way.

English units, symbols, amounts and abbreviations are written as words; other numbers stay digits,
which every voice reads. In other languages the endings of units depend on grammar, so their text is
unchanged except for emoji, which no voice should name. Subtitles show the original text.
"""

from __future__ import annotations

import re

from functions.text_to_speech.english_text import ENGLISH

# Pictographs, flags, skin tones and dingbats, alone or in sequences. Symbols such as ° and © have
# meanings that are spoken.
_PICTOGRAPHS = (
    "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a\u231b\u23e9-\u23fa\u25b6\u25c0"
)
_EMOJI = re.compile(
    # The last characters are those of the flags of England, Scotland and Wales.
    f"\\s*[{_PICTOGRAPHS}][{_PICTOGRAPHS}\ufe0f\u200d\U000e0020-\U000e007f]*"
)
_KEYCAP = re.compile("(?<=[0-9#*])\ufe0f?\u20e3")
"""What makes a keycap of a digit: the digit is spoken."""


def to_spoken_text(text: str, language: str) -> str:
    """Returns the text that a voice reads for a sentence.

    Args:
        language: A BCP-47 tag.
    """
    spoken = _KEYCAP.sub("", _EMOJI.sub("", text))
    if language.split("-")[0].lower() == "en":
        for pattern, replacement in ENGLISH:
            spoken = pattern.sub(replacement, spoken)
    return " ".join(spoken.split()) or text
