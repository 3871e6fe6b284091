"""The visual order of a line with both directions: Unicode's Bidirectional Algorithm (UAX #9).

Raqm orders the text of one font. A line that needs several fonts is ordered here, in runs. Explicit
embeddings, overrides and isolates are not supported; `faces.to_displayable` removes them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeVar

_STRONG = ("L", "R", "AL")
_NUMBERS = ("EN", "AN")
_NEUTRAL = ("B", "S", "WS", "ON")
_BRACKETS = dict(zip("([{（［｛「『【〈《〔", ")]}）］｝」』】〉》〕", strict=True))
"""The common pairs of BidiBrackets.txt."""
_MAX_OPEN_BRACKETS = 63
"""After more, no brackets of the line are paired (definition BD16)."""
_Item = TypeVar("_Item")


def is_rtl(text: str) -> bool:
    """Returns whether the first strong character is right-to-left (rules P2 and P3)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return True
        if kind == "L":
            return False
    return False


def resolve_levels(text: str, *, rtl: bool) -> list[int]:
    """Returns the level of each character of a line: even is left to right, odd right to left.

    Args:
        rtl: whether the paragraph runs from right to left.
    """
    base = int(rtl)
    # Python does not know characters that are newer than its Unicode version: mostly emoji.
    kinds = [unicodedata.bidirectional(character) or "ON" for character in text]
    if not rtl and not {"R", "AL", "AN"} & set(kinds):
        return [0] * len(text)
    outer = "R" if rtl else "L"
    trailing = len(text) - len(text.rstrip())
    _resolve_weak(kinds, outer)
    _resolve_brackets(text, kinds, outer)
    _resolve_neutral(kinds, outer)
    levels = [base + int(kind != outer) + int(not rtl and kind in _NUMBERS) for kind in kinds]
    # Rule L1.
    return levels[: len(levels) - trailing] + [base] * trailing


def to_visual_order(items: Sequence[_Item], level: Callable[[_Item], int]) -> list[_Item]:
    """Returns the items of a line from left to right (rule L2)."""
    result = list(items)
    levels = [level(item) for item in result]
    for limit in range(max(levels, default=0), 0, -1):
        begin = 0
        ordered: list[_Item] = []
        for is_reversed, group in groupby([value >= limit for value in levels]):
            end = begin + len(list(group))
            ordered += result[begin:end][::-1] if is_reversed else result[begin:end]
            levels[begin:end] = levels[begin:end][::-1] if is_reversed else levels[begin:end]
            begin = end
        result = ordered
    return result


def _resolve_weak(kinds: list[str], outer: str) -> None:
    """Applies rules W1 to W7."""
    previous = strong = outer
    for n, kind in enumerate(kinds):
        if kind in ("NSM", "BN"):
            kinds[n] = previous
        elif kind == "EN" and strong == "AL":
            kinds[n] = "AN"
        elif kind in _STRONG:
            strong = kind
        previous = kinds[n]
    kinds[:] = ["R" if kind == "AL" else kind for kind in kinds]
    for n in range(1, len(kinds) - 1):
        around = kinds[n - 1], kinds[n + 1]
        if (kinds[n] == "ES" and around == ("EN", "EN")) or (
            kinds[n] == "CS" and around in (("EN", "EN"), ("AN", "AN"))
        ):
            kinds[n] = around[0]
    for begin, end in _spans(kinds, ("ET",)):
        if "EN" in (*kinds[max(0, begin - 1) : begin], *kinds[end : end + 1]):
            kinds[begin:end] = ["EN"] * (end - begin)
    strong = outer
    for n, kind in enumerate(kinds):
        if kind in ("ES", "ET", "CS"):
            kinds[n] = "ON"
        elif kind in _STRONG:
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[n] = "L"


def _resolve_brackets(text: str, kinds: list[str], outer: str) -> None:
    """Applies rule N0: a pair of brackets has the direction of its content."""
    opened: list[int] = []
    pairs: list[tuple[int, int]] = []
    for n, character in enumerate(text):
        if kinds[n] != "ON":
            continue
        if character in _BRACKETS:
            if len(opened) == _MAX_OPEN_BRACKETS:
                break
            opened.append(n)
        for depth in range(len(opened) - 1, -1, -1):
            if _BRACKETS[text[opened[depth]]] == character:
                pairs.append((opened[depth], n))
                del opened[depth:]
                break
    for begin, end in sorted(pairs):
        inside = {_direction(kind) for kind in kinds[begin + 1 : end]} - {""}
        if not inside:
            continue
        direction = outer
        if outer not in inside:
            before = (_direction(kind) for kind in reversed(kinds[:begin]))
            direction = next(filter(None, before), outer)
        kinds[begin] = kinds[end] = direction


def _resolve_neutral(kinds: list[str], outer: str) -> None:
    """Applies rules N1 and N2."""
    for begin, end in _spans(kinds, _NEUTRAL):
        before = _direction(kinds[begin - 1]) if begin else outer
        after = _direction(kinds[end]) if end < len(kinds) else outer
        kinds[begin:end] = [before if before == after else outer] * (end - begin)


def _direction(kind: str) -> str:
    """Returns L, R or, for a neutral character, nothing. Numbers count as R."""
    return "R" if kind in _NUMBERS else kind if kind in ("L", "R") else ""


def _spans(kinds: Sequence[str], selected: Sequence[str]) -> list[tuple[int, int]]:
    """Returns begin and end of each run of the selected kinds."""
    spans, n = [], 0
    for is_selected, group in groupby(kinds, lambda kind: kind in selected):
        length = len(list(group))
        if is_selected:
            spans.append((n, n + length))
        n += length
    return spans
