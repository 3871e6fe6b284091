"""Draws lines of laid out text: shaped by Raqm, in the visual order of their directions."""

from __future__ import annotations

from itertools import groupby
from typing import Literal

from PIL import ImageDraw, ImageFont

from shared.typography.bidi import resolve_levels, to_visual_order
from shared.typography.faces import split_runs
from shared.typography.fonts import FontFace, load_font
from shared.typography.typesetting import Block

Ink = tuple[int, int, int] | int
"""A colour of the picture's mode: three values for RGB, one for grey."""
Align = Literal["left", "middle", "right"]
CAP_HEIGHT = 0.727
"""The height of the capital letters of Inter, relative to the size of a text."""


def draw_line(
    draw: ImageDraw.ImageDraw, block: Block, text: str, origin: tuple[float, float], colour: Ink,
    *, rtl: bool, align: Align | None = None,
) -> None:  # fmt: skip
    """Draws one line whose upper edge is at `origin`, to the right of it, or to the left if `rtl`.

    A line of an `rtl` page runs from right to left even if it begins with a foreign word.

    Args:
        align: which part of the line is at `origin`; None as said above.
    """
    x, top = origin
    ascent, descent = load_font(block.face, block.size_px, block.style.weight).getmetrics()
    baseline = top + (block.line_height - ascent - descent) / 2 + ascent
    _draw_runs(draw, block, text, (x, baseline), colour, align or ("right" if rtl else "left"),
               rtl=rtl or block.rtl)  # fmt: skip


def draw_at_baseline(
    draw: ImageDraw.ImageDraw, block: Block, at: tuple[float, float], colour: Ink,
    align: Align = "left",
) -> None:  # fmt: skip
    """Draws a block of one line with its left end, middle or right end at a point of its
    baseline, in its own direction."""
    for line in block.lines[:1]:
        _draw_runs(draw, block, line.text, at, colour, align, rtl=block.rtl)


def draw_at_middle(
    draw: ImageDraw.ImageDraw, block: Block, at: tuple[float, float], colour: Ink,
    align: Align = "left",
) -> None:  # fmt: skip
    """Draws a block of one line as `draw_at_baseline`, with its capitals centred at a height."""
    draw_at_baseline(draw, block, (at[0], at[1] + block.size_px * CAP_HEIGHT / 2), colour, align)


def split_visual_runs(
    text: str, block: Block, *, rtl: bool
) -> list[tuple[FontFace, str, int]]:  # fmt: skip
    """Returns the runs of a line from left to right: face, text, and level of `bidi`."""
    levels = resolve_levels(text, rtl=rtl)
    runs: list[tuple[FontFace, str, int]] = []
    begin = 0
    for face, run in split_runs(text, block.style, block.face):
        for level, group in groupby(levels[begin : begin + len(run)]):
            length = len(list(group))
            runs.append((face, text[begin : begin + length], level))
            begin += length
    return to_visual_order(runs, lambda run: run[2])


def _draw_runs(
    draw: ImageDraw.ImageDraw, block: Block, text: str, at: tuple[float, float], colour: Ink,
    align: Align, *, rtl: bool,
) -> None:  # fmt: skip
    language = block.style.language
    placed: list[tuple[ImageFont.FreeTypeFont, str, str, float]] = []
    for face, run, level in split_visual_runs(text, block, rtl=rtl):
        font = load_font(face, block.size_px, block.style.weight)
        direction = "rtl" if level % 2 else "ltr"
        advance = font.getlength(run, direction=direction, language=language)
        placed.append((font, run, direction, advance))
    width = sum(advance for *_, advance in placed)
    x = at[0] - width * {"left": 0.0, "middle": 0.5, "right": 1.0}[align]
    for font, run, direction, advance in placed:
        draw.text(
            (x, at[1]), run, colour, font, anchor="ls", direction=direction, language=language
        )
        x += advance
