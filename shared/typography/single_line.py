"""Text of one line at one size, such as the title of a picture."""

from __future__ import annotations

from shared.typography.faces import Style
from shared.typography.graphemes import split_graphemes
from shared.typography.typesetting import SLACK, Block, Text

_ELLIPSIS = "…"


def lay_out_line(text: str, size_px: int, style: Style) -> Block:
    """Returns the text as a block of one line; without a line if the text is empty."""
    return Text(text, style).lay_out(size_px, float("inf"))


def line_width(block: Block) -> float:
    """Returns the width in px without the margin for rounding."""
    return block.width / SLACK


def truncate_line(text: str, size_px: int, style: Style, max_width_px: float) -> Block:
    """Returns the text as a block of one line of at most `max_width_px`.

    A longer text ends with an ellipsis. It is cut between graphemes.
    """
    block = lay_out_line(text, size_px, style)
    if line_width(block) <= max_width_px:
        return block
    graphemes = split_graphemes(text)
    fits, too_long = 0, len(graphemes)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        shorter = _shorten(graphemes, middle, size_px, style)
        fits, too_long = (
            (middle, too_long) if line_width(shorter) <= max_width_px else (fits, middle)
        )
    return _shorten(graphemes, fits, size_px, style)


def _shorten(graphemes: list[str], count: int, size_px: int, style: Style) -> Block:
    return lay_out_line("".join(graphemes[:count]).rstrip() + _ELLIPSIS, size_px, style)
