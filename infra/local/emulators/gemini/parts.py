"""Divides the sections of a text among the slides of a deck."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

MIN_SENTENCES_ON_SLIDE = 2
MIN_SENTENCES_OF_SPLIT = 3
"""A section with a heading is split if each of its slides has this many: a slide of bullets says
more than two statements, of which the second has no heading of the text."""
_ITEMS_ON_SLIDE = 6
# In sentences from an even split.
_COST_IN_LIST, _GAIN_AT_PARAGRAPH = 4, 2


@dataclass(frozen=True)
class Part:
    """The sentences of one slide. `headings` are those of the sections it is made of."""

    headings: tuple[str, ...]
    sentences: tuple[str, ...]


def fit_parts(
    parts: Sequence[Part], count: int, items: Collection[str], leads: Collection[str]
) -> list[Part]:
    """Returns at most `count` parts: the shortest neighbours are joined, long parts are split.

    Args:
        items: sentences that are items of a list, which should stay on one slide.
        leads: sentences that begin a paragraph, as a slide should.
    """
    parts = list(parts)
    while len(parts) > count:
        sizes = [len(a.sentences) + len(b.sentences) for a, b in pairwise(parts)]
        n = sizes.index(min(sizes))
        first, second = parts[n : n + 2]
        joined = Part(first.headings + second.headings, first.sentences + second.sentences)
        parts[n : n + 2] = [joined]
    pieces = [1] * len(parts)
    while sum(pieces) < count:
        per_piece = [_size(part, items) / (pieces[n] + 1) for n, part in enumerate(parts)]
        divisible = [n for n, part in enumerate(parts) if per_piece[n] >= _min_size(part)]
        if not divisible:
            break
        pieces[max(divisible, key=lambda n: per_piece[n])] += 1
    return [
        piece
        for part, pieces_of_part in zip(parts, pieces, strict=True)
        for piece in _split(part, pieces_of_part, items, leads)
    ]


def _min_size(part: Part) -> int:
    """Returns the sentences that each slide of a divided part must have."""
    return MIN_SENTENCES_OF_SPLIT if any(part.headings) else MIN_SENTENCES_ON_SLIDE


def _size(part: Part, items: Collection[str]) -> int:
    """Returns the number of sentences; the items of a list count as one or, if many, as more."""
    listed = sum(sentence in items for sentence in part.sentences)
    return len(part.sentences) - listed + -(-listed // _ITEMS_ON_SLIDE)


def _split(part: Part, count: int, items: Collection[str], leads: Collection[str]) -> list[Part]:
    """Splits a part into `count` ones of about the same number of sentences; the first one keeps
    the heading."""
    sentences = part.sentences
    edges = [0]
    for n in range(1, count):
        even = len(sentences) * n // count
        last = len(sentences) - MIN_SENTENCES_ON_SLIDE * (count - n)
        candidates = range(
            min(max(even - 2, edges[-1] + MIN_SENTENCES_ON_SLIDE), last), min(even + 2, last) + 1
        )
        edges.append(
            min(
                candidates,
                key=lambda edge: (
                    abs(edge - even)
                    + _COST_IN_LIST * (sentences[edge] in items)
                    - (sentences[edge] in leads) * _GAIN_AT_PARAGRAPH
                ),
            )
        )
    edges.append(len(sentences))
    return [
        Part(part.headings if not start else ("",), sentences[start:end])
        for start, end in pairwise(edges)
    ]
