"""Subtitles from timed sentences: at most two lines, broken where phrases end. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil

from shared.subtitles.lines import (
    AFTER_SENTENCE,
    MAX_COLUMNS,
    break_cost,
    count_columns,
    split_pieces,
    wrap_pieces,
)
from shared.subtitles.timed_sentence import RATE_HZ, TimedSentence
from shared.subtitles.word_times import find_piece_times

MIN_CUE_MS = 800
TAIL_SAMPLES = round(0.65 * RATE_HZ)
"""From the last word to the end of a slide, and of a film: with the lead of the next slide a pause
of 1.0 s, longer than one between paragraphs (0.8 s)."""
LAST_GAP_MS = 50
"""Between the last cue and the end of the film, so that the sample that ends it has a duration."""
MAX_SPEED = 20
"""Columns per second that adults can read (Netflix, Timed Text Style Guide)."""
_MAX_GAP = round(0.9 * RATE_HZ)
"""Sentences with a longer pause between them never share a cue. Slides are further apart."""
_MIN_COLUMNS = 16
"""Narrower cues are a rest of a sentence."""
_WORD_COLUMNS = 8
"""Of a word in a script without spaces, with its mark: 为什么？"""
_CUE_COST = 0.5
_ONE_WORD_COST = 100.0
_TWO_SENTENCES_COST = 3.0
_REST_COST = 3.0
_SHORT_COST = 5.0
_LINE_SHARE = 0.5
"""A break between the lines of a cue disturbs less than one between cues."""
_SPEED_COST = 0.3
"""Per column per second above MAX_SPEED."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle, shown from `start_ms` to `end_ms`. No line is empty."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of text with its time in samples. `cost` is that of a break after it."""

    text: str
    start: int
    end: int
    cost: float
    columns: int


def build_cues(sentences: Sequence[TimedSentence]) -> tuple[Cue, ...]:
    """Returns the cues of all sentences. They do not overlap.

    A long sentence becomes several cues, broken where a phrase ends. A sentence of one word shares
    the cue of the next or previous sentence of the same speaker, unless a long pause follows.
    """
    cues: list[Cue] = []
    for passage in _group(sentences):
        pieces = [piece for sentence in passage for piece in _time_pieces(sentence)]
        for first, last in _select_breaks(pieces):
            selected = pieces[first:last]
            lines = tuple(wrap_pieces([piece.text for piece in selected]))
            cues.append(Cue(_to_ms(selected[0].start), _to_ms(selected[-1].end), lines))
    return tuple(
        _extend(cue, cues[n + 1].start_ms if n + 1 < len(cues) else None)
        for n, cue in enumerate(cues)
    )


def build_chapter_cues(rows: Iterable[tuple[Fraction, Fraction, str]]) -> tuple[Cue, ...]:
    """Returns (start and end in seconds, title) as cues of a chapters track (W3C WebVTT, §4.4).

    Times are rounded up: a player that seeks to the start must not show the frame before it.
    """
    return tuple(Cue(ceil(start * 1000), ceil(end * 1000), (title,)) for start, end, title in rows)


def _group(sentences: Sequence[TimedSentence]) -> Iterator[list[TimedSentence]]:
    """Yields the sentences of one speaker without a long pause between them."""
    passage: list[TimedSentence] = []
    for sentence in sentences:
        is_near = bool(passage) and sentence.start - passage[-1].end <= _MAX_GAP
        if passage and not (is_near and sentence.speaker == passage[-1].speaker):
            yield passage
            passage = []
        passage.append(sentence)
    if passage:
        yield passage


def _time_pieces(sentence: TimedSentence) -> list[_Piece]:
    texts = split_pieces(sentence.text)
    if not texts:
        return []
    times = find_piece_times(sentence, texts)
    costs = [break_cost(text, following) for text, following in pairwise(texts)]
    rows = zip(texts, times, times[1:], [*costs, AFTER_SENTENCE], strict=False)
    return [_Piece(*row, count_columns(row[0])) for row in rows]


def _select_breaks(pieces: Sequence[_Piece]) -> list[tuple[int, int]]:
    """Returns the ranges of pieces whose cues have the smallest cost (dynamic programming)."""
    best = [0.0] + [float("inf")] * len(pieces)
    previous = [0] * (len(pieces) + 1)
    widths = [0, *accumulate(piece.columns for piece in pieces)]
    sentences = [0, *accumulate(piece.cost == AFTER_SENTENCE for piece in pieces)]
    line_ends = _find_line_ends(pieces, widths)
    for first in range(len(pieces)):
        line_end = line_ends[first]
        limit = line_end if line_end == len(pieces) else line_ends[line_end]
        # The smallest cost of a break between the lines at the last 1, 2, ... pieces of the first.
        line_costs = [*accumulate((pieces[at - 1].cost for at in range(line_end, first, -1)), min)]
        for last in range(first + 1, limit + 1):
            cost = best[first] + _cue_cost(pieces, first, last, widths[last] - widths[first])
            cost += _TWO_SENTENCES_COST * (sentences[last - 1] - sentences[first])
            if last > line_end:
                earliest = bisect_left(line_ends, last, first, line_end + 1)
                cost += _LINE_SHARE * line_costs[line_end - earliest]
            if cost < best[last]:
                best[last], previous[last] = cost, first
    ranges = []
    last = len(pieces)
    while last:
        ranges.append((previous[last], last))
        last = previous[last]
    return ranges[::-1]


def _find_line_ends(pieces: Sequence[_Piece], widths: Sequence[int]) -> list[int]:
    """Returns the end of the longest line that begins with each piece."""
    ends: list[int] = []
    end = 0
    for first, piece in enumerate(pieces):
        end = max(end, first + 1)
        start = widths[first] + piece.text.startswith(" ")
        while end < len(pieces) and widths[end + 1] - start <= MAX_COLUMNS:
            end += 1
        ends.append(end)
    return ends


def _cue_cost(pieces: Sequence[_Piece], first: int, last: int, columns: int) -> float:
    cost = _CUE_COST + pieces[last - 1].cost
    if last - first < len(pieces) and _is_one_word(pieces[first:last], columns):
        cost += _ONE_WORD_COST
    begins_sentence = first == 0 or pieces[first - 1].cost == AFTER_SENTENCE
    ends_sentence = pieces[last - 1].cost == AFTER_SENTENCE
    if columns < _MIN_COLUMNS and not (begins_sentence and ends_sentence):
        cost += _REST_COST
    end = pieces[last].start if last < len(pieces) else pieces[last - 1].end + RATE_HZ
    duration_s = max(1, end - pieces[first].start) / RATE_HZ
    missing_s = MIN_CUE_MS / 1000 - duration_s
    if missing_s > 0:
        cost += _SHORT_COST * missing_s / (MIN_CUE_MS / 1000)
    return cost + _SPEED_COST * max(0.0, columns / duration_s - MAX_SPEED)


def _is_one_word(pieces: Sequence[_Piece], columns: int) -> bool:
    """Whether a cue has one word, or as few characters of a script without spaces."""
    if len(pieces) == 1:
        return columns < MAX_COLUMNS
    shown = columns - pieces[0].text.startswith(" ")
    return shown <= _WORD_COLUMNS and not any(piece.text.startswith(" ") for piece in pieces[1:])


def _extend(cue: Cue, next_ms: int | None) -> Cue:
    """Extends a cue to a readable duration, but not into the next cue or past the film's end."""
    columns = sum(map(count_columns, cue.lines))
    duration_ms = max(MIN_CUE_MS, -(-columns * 1000 // MAX_SPEED))
    film_end_ms = cue.end_ms + _to_ms(TAIL_SAMPLES)
    limit_ms = film_end_ms - LAST_GAP_MS if next_ms is None else next_ms
    end_ms = min(max(cue.end_ms, cue.start_ms + duration_ms), limit_ms)
    return Cue(cue.start_ms, max(end_ms, cue.start_ms + 1), cue.lines)


def _to_ms(sample: int) -> int:
    return round(sample * 1000 / RATE_HZ)
