"""Text of one line at one size, such as the title of a picture."""

from __future__ import annotations

from shared.typography.faces import Style
from shared.typography.graphemes import split_graphemes
from shared.typography.line_breaks import split_at_breaks
from shared.typography.typesetting import SLACK, Block, Text

_ELLIPSIS = "…"


def lay_out_line(text: str, size_px: int, style: Style) -> Block:
    """Returns the text as a block of one line; without a line if the text is empty."""
    return Text(text, style).lay_out(size_px, float("inf"))


def line_width(block: Block) -> float:
    """Returns the width in px without the margin for rounding."""
    return block.width / SLACK


def truncate_line(
    text: str, size_px: int, style: Style, max_width_px: float, *, at_words: bool = False
) -> Block:
    """Returns the text as a block of one line of at most `max_width_px`.

    A longer text ends with an ellipsis. It is cut between graphemes, or if `at_words` where a line
    may break, unless not even its first word fits.
    """
    block = lay_out_line(text, size_px, style)
    if line_width(block) <= max_width_px:
        return block
    if at_words:
        words = _split_words(text)
        if count := _count_fitting(words, size_px, style, max_width_px):
            return _shorten(words, count, size_px, style)
    graphemes = split_graphemes(text)
    count = _count_fitting(graphemes, size_px, style, max_width_px)
    return _shorten(graphemes, count, size_px, style)


def _split_words(text: str) -> list[str]:
    """Returns the parts of a text between which a line may break, all but the first of a word with
    the space before it."""
    words: list[str] = []
    for word in text.split():
        first, *others = split_at_breaks(word)
        words += [f" {first}" if words else first, *others]
    return words


def _count_fitting(parts: list[str], size_px: int, style: Style, max_width_px: float) -> int:
    """Returns how many parts fit with an ellipsis after them; not all fit."""
    fits, too_long = 0, len(parts)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        shorter = _shorten(parts, middle, size_px, style)
        fits, too_long = (
            (middle, too_long) if line_width(shorter) <= max_width_px else (fits, middle)
        )
    return fits


def _shorten(parts: list[str], count: int, size_px: int, style: Style) -> Block:
    return lay_out_line("".join(parts[:count]).rstrip() + _ELLIPSIS, size_px, style)
