"""Where a line may break, and where a word may be cut, in scripts with and without spaces."""

from __future__ import annotations

import re
import unicodedata

from shared.typography.graphemes import PREFIXED_VOWELS, is_emoji, split_graphemes

_UNSPACED_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "FULLWIDTH", "IDEOGRAPHIC")
_NO_BREAK_BEFORE = frozenset(
    "、。，．：；！？）」』】》〉〕］｝ー々ゝゞ…‥”’％,.!?:;)]}»"
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
)
_NO_BREAK_AFTER = "（「『【《〈〔［｛“‘([{«"
_BREAK_AFTER = "–—/-‐־\u200b"
_CUT_AFTER = re.compile(r"(?<=[-/_.&=?])(?=[^\W\d])")
"""After the marks of an address, but not within a number."""

_OPENING_MARKS = re.compile(r"[«‹“„‘¿¡(\[{]+")
_CLOSING_MARKS = re.compile(r"[»›”’)\]}:;!?%‰…°]+")
_NUMBER = re.compile(r"[^\w]?\d[\d.,\u00a0\u202f]*")
_UNIT = re.compile(r"(?:%|‰|[€$£¥]|°[^\W\d_]?|[^\W\d_]{1,2}[²³]?)[.,;:!?)]*")


def is_kept_together(word: str, following: str) -> bool:
    """Returns whether a line should not end between two words: beside a mark that stands alone, as
    in French, and between a number and its unit."""
    if _OPENING_MARKS.fullmatch(word) or _CLOSING_MARKS.fullmatch(following):
        return True
    return bool(_NUMBER.fullmatch(word) and _UNIT.fullmatch(following)) and not is_unspaced(
        following[0]
    )


def split_at_breaks(word: str) -> list[str]:
    """Returns the parts of a word between which a line may break."""
    parts = [""]
    previous = ""
    for grapheme in split_graphemes(word):
        before, char = parts[-1][-1:], grapheme[0]
        can_break = previous != "" and (
            _breaks_around(previous) or _breaks_around(grapheme) or char in PREFIXED_VOWELS
        )
        can_break = can_break or (
            before != "" and before in _BREAK_AFTER and len(parts[-1]) > 2 and char.isalpha()
        )
        if can_break and char not in _NO_BREAK_BEFORE and before not in _NO_BREAK_AFTER:
            parts.append(grapheme)
        else:
            parts[-1] += grapheme
        previous = grapheme
    return parts


def _breaks_around(grapheme: str) -> bool:
    return is_unspaced(grapheme[0]) or is_emoji(grapheme)


def split_at_marks(text: str) -> list[str]:
    """Returns the parts of a text without breaks between which a line that is too wide is cut."""
    return _CUT_AFTER.split(text)


def is_unspaced(char: str) -> bool:
    """Returns whether the character is of a script without spaces between words."""
    return ord(char) > 0x2E7F and unicodedata.name(char, "").startswith(_UNSPACED_SCRIPTS)
