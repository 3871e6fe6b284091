"""Where a line may break, and where a word may be cut, in scripts with and without spaces."""

from __future__ import annotations

import re
import unicodedata

from shared.typography.fonts import is_joiner

_UNSPACED_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "FULLWIDTH", "IDEOGRAPHIC")
_NO_BREAK_BEFORE = frozenset(
    "、。，．：；！？）」』】》〉〕］｝ー々ゝゞ…‥”’％,.!?:;)]}»"
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
)
_NO_BREAK_AFTER = "（「『【《〈〔［｛“‘([{«"
_BREAK_AFTER = "–—/-‐־\u200b"
_CUT_AFTER = re.compile(r"(?<=[-/_.&=?])(?=[^\W\d])")
"""After the marks of an address, but not within a number."""
_BREAK_BEFORE = "เแโใไເແໂໃໄ"
# Of a syllable: vowels that precede their consonant, and signs that follow it.
_JOINS_NEXT = _BREAK_BEFORE + "\u200d"
_JOINS_PREVIOUS = "าะำๅๆฯາະຳໆ"


def split_at_breaks(word: str) -> list[str]:
    """Returns the parts of a word between which a line may break."""
    parts = [""]
    for char in word:
        before = parts[-1][-1:]
        can_break = bool(before) and (
            is_unspaced(before) or is_unspaced(char) or char in _BREAK_BEFORE
        )
        can_break = can_break or (
            before != "" and before in _BREAK_AFTER and len(parts[-1]) > 2 and char.isalpha()
        )
        if (
            can_break
            and char not in _NO_BREAK_BEFORE
            and before not in _NO_BREAK_AFTER
            and not _is_combining(char)
        ):
            parts.append(char)
        else:
            parts[-1] += char
    return parts


def split_at_marks(text: str) -> list[str]:
    """Returns the parts of a text without breaks between which a line that is too wide is cut."""
    return _CUT_AFTER.split(text)


def split_clusters(text: str) -> list[str]:
    """Returns the parts of a text that must not be cut: a character with its marks."""
    clusters: list[str] = []
    for char in text:
        joins = clusters and (
            _is_combining(char) or clusters[-1][-1] in _JOINS_NEXT or char in _JOINS_PREVIOUS
        )
        if joins:
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


def _is_combining(char: str) -> bool:
    return is_joiner(char) or unicodedata.category(char).startswith("M")


def is_unspaced(char: str) -> bool:
    """Returns whether the character is of a script without spaces between words."""
    return ord(char) > 0x2E7F and unicodedata.name(char, "").startswith(_UNSPACED_SCRIPTS)
