"""The gaps between the words of a transcript, in which a clip can be cut. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from fractions import Fraction

from shared.recipes.captions.transcript import Word

_MARGIN_S = Fraction(8, 100)
"""Cuts keep this distance from words if the gap is long enough: recognized times are not exact."""
_PAUSE_S = Fraction(1, 4)
"""A cut in a shorter gap costs as much as one that is up to _SHORT_COST further away."""
_SHORT_COST = Fraction(6, 10)
_BEFORE, _AFTER = Fraction(-(10**9)), Fraction(10**9)


class WordGaps:
    """The gaps, with the times before the first word and after the last one. Two words that follow
    each other without a pause have a gap without a duration."""

    def __init__(self, words: Iterable[Word]) -> None:
        starts, ends = [_BEFORE], list[Fraction]()
        for word in sorted(words, key=lambda word: word.start_s):
            begin, end = to_seconds(word.start_s), to_seconds(word.end_s)
            if begin < starts[-1]:  # words of two speakers at a time
                starts[-1] = max(starts[-1], end)
                continue
            ends.append(begin)
            starts.append(max(begin, end))
        self._starts, self._ends = starts, [*ends, _AFTER]

    def __bool__(self) -> bool:
        return len(self._starts) > 1

    def find(self, time: Fraction) -> tuple[Fraction, Fraction] | None:
        """Returns begin and end of the gap at a time in seconds; None within a word."""
        number = bisect_right(self._starts, time) - 1
        begin, end = self._starts[number], self._ends[number]
        return (begin, end) if time <= end else None

    def are_words_near(self, time: Fraction, reach: Fraction) -> bool:
        """Returns whether a word is spoken within `reach` seconds of a time."""
        gap = self.find(time)
        return gap is None or gap[0] > time - reach or gap[1] < time + reach

    def find_nearest(self, target: Fraction, first: Fraction, last: Fraction) -> Fraction | None:
        """Returns the time from `first` to `last` near `target` that is in a gap, rather in a
        pause than between two words without one; None if all of it is within a word."""
        best: tuple[Fraction, Fraction] | None = None
        for number in range(bisect_left(self._ends, first), bisect_right(self._starts, last)):
            begin, end = self._starts[number], self._ends[number]
            margin = min(_MARGIN_S, (end - begin) / 2)
            time = min(max(target, begin + margin), end - margin)
            time = min(max(time, first), last)
            if begin <= time <= end:
                short = 1 - min(Fraction(1), (end - begin) / _PAUSE_S)
                cost = abs(time - target) + _SHORT_COST * short
                best = min(best or (cost, time), (cost, time))
        return None if best is None else best[1]


def to_seconds(time_s: float) -> Fraction:
    """Returns a time in exact milliseconds, of which a sample of 48 kHz is a fraction."""
    return Fraction(round(time_s * 1000), 1000)
