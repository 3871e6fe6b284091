"""Draws a line of a laid out text: shaped by Raqm, in its reading direction."""

from __future__ import annotations

from PIL import ImageDraw

from shared.typography.fonts import load_font
from shared.typography.typesetting import Block, Text, split_runs

Ink = tuple[int, int, int] | int
"""A colour of the picture's mode: three values for RGB, one for grey."""


def draw_line(
    draw: ImageDraw.ImageDraw, block: Block, text: str, origin: tuple[float, float], colour: Ink,
    *, rtl: bool,
) -> None:  # fmt: skip
    """Draws one line whose upper edge is at `at`, to the right of it, or to the left if `rtl`."""
    x, top = origin
    runs = split_runs(text, block.style)
    for face, run in runs:
        font = load_font(face, block.size_px, block.style.weight)
        ascent, descent = font.getmetrics()
        baseline = top + (block.line_height - ascent - descent) / 2 + ascent
        direction = "rtl" if rtl and (len(runs) == 1 or Text(run, block.style).rtl) else None
        draw.text(
            (x, baseline), run, colour, font, anchor="rs" if rtl else "ls",
            direction=direction, language=block.style.language,
        )  # fmt: skip
        advance = font.getlength(run, direction=direction, language=block.style.language)
        x += -advance if rtl else advance
