"""The times of the words of a sentence. Pure.

Of recognized speech they are known. No voice returns those of the words that it speaks: they share
the time by their length, and punctuation marks are matched with the pauses that the speech has,
which corrects the estimate.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

from shared.subtitles.lines import AFTER_CLAUSE, break_cost, count_columns
from shared.subtitles.timed_sentence import RATE_HZ, TimedSentence

_UNMATCHED = 0.8 * RATE_HZ
"""The cost of a punctuation mark without a pause, and so the largest correction of an estimate."""
_DIGIT_WEIGHT = 4
"""A digit is spoken like a word of about four letters."""


def find_piece_times(sentence: TimedSentence, pieces: Sequence[str]) -> list[int]:
    """Returns the sample at which each piece of the sentence begins, and the end of the sentence.

    Args:
        pieces: Of `split_pieces`, at least one.
    """
    if sentence.words:
        return _look_up_times(sentence, pieces)
    return estimate_word_times(sentence, pieces)


def _look_up_times(sentence: TimedSentence, pieces: Sequence[str]) -> list[int]:
    """Returns the times of recognized words. Pieces within a word share its time."""
    places = [place for place, _ in sentence.words]
    starts = [start for _, start in sentence.words]
    places.append(len(sentence.text))
    starts.append(sentence.end)
    times: list[int] = []
    place = -1  # the first piece begins with a space that the text does not have
    for piece in pieces:
        at = place + piece.startswith(" ")
        word = max(0, min(bisect_right(places, at), len(places) - 1) - 1)
        length = max(1, places[word + 1] - places[word])
        into = max(0, at - places[word])
        times.append(starts[word] + (starts[word + 1] - starts[word]) * into // length)
        place += len(piece)
    return [*times, sentence.end]


def estimate_word_times(sentence: TimedSentence, pieces: Sequence[str]) -> list[int]:
    """Returns the sample at which each piece begins, and the end of the sentence."""
    weights = [_weight(piece) for piece in pieces]
    before = [0, *accumulate(weights)]
    length = sentence.end - sentence.start

    def estimate(index: int) -> int:
        return sentence.start + length * before[index] // before[-1]

    marks = [
        index
        for index in range(1, len(pieces))
        if break_cost(pieces[index - 1], pieces[index]) == AFTER_CLAUSE
    ]
    matches = _match([estimate(mark) for mark in marks], sentence.resumes)
    anchors = [(0, sentence.start)]
    anchors += [(marks[mark], sentence.resumes[pause]) for mark, pause in matches]
    anchors.append((len(pieces), sentence.end))
    times: list[int] = []
    for (first, start), (last, end) in pairwise(anchors):
        total = before[last] - before[first]
        times += [
            start + (end - start) * (before[index] - before[first]) // total
            for index in range(first, last)
        ]
    return [*times, sentence.end]


def _weight(piece: str) -> int:
    # Combining marks have no width, but take time when they are spoken.
    digits = sum(character.isdecimal() for character in piece)
    return max(1, count_columns(piece) + digits * (_DIGIT_WEIGHT - 1))


def _match(estimates: Sequence[int], pauses: Sequence[int]) -> list[tuple[int, int]]:
    """Returns (mark, pause) of the matching in order with the smallest sum of differences."""
    # costs[m][p]: the smallest cost of the first m marks with the first p pauses.
    costs = [[0.0] * (len(pauses) + 1)]
    for mark, estimated in enumerate(estimates, 1):
        row = [mark * _UNMATCHED]
        for pause, at in enumerate(pauses, 1):
            matched = costs[-1][pause - 1] + abs(estimated - at)
            row.append(min(row[-1], costs[-1][pause] + _UNMATCHED, matched))
        costs.append(row)
    matches = []
    mark, pause = len(estimates), len(pauses)
    while mark and pause:
        if costs[mark][pause] == costs[mark][pause - 1]:
            pause -= 1
        elif costs[mark][pause] == costs[mark - 1][pause] + _UNMATCHED:
            mark -= 1
        else:
            mark, pause = mark - 1, pause - 1
            matches.append((mark, pause))
    return matches[::-1]
