"""Write a line that is laid out: shaped by Raqm, in the direction in which it is read."""

from __future__ import annotations

from PIL import ImageDraw

from shared.typography.fonts import load_font
from shared.typography.typesetting import Block, Text, split_runs

Ink = tuple[int, int, int] | int
"""A colour of the picture's mode: three values in RGB, one in grey."""


def draw_line(
    draw: ImageDraw.ImageDraw, block: Block, text: str, at: tuple[float, float], colour: Ink,
    *, rtl: bool,
) -> None:  # fmt: skip
    """One line whose upper edge is at `at`, from there to the right, or to the left if `rtl`."""
    x, top = at
    parts = split_runs(text, block.style)
    for face, part in parts:
        used = load_font(face, block.size_px, block.style.weight)
        ascent, descent = used.getmetrics()
        base = top + (block.line_height - ascent - descent) / 2 + ascent
        direction = "rtl" if rtl and (len(parts) == 1 or Text(part, block.style).rtl) else None
        draw.text(
            (x, base), part, colour, used, anchor="rs" if rtl else "ls",
            direction=direction, language=block.style.language,
        )  # fmt: skip
        length = used.getlength(part, direction=direction, language=block.style.language)
        x += -length if rtl else length
