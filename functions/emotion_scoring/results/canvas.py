"""A canvas for charts: anti-aliased shapes, and text."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from shared.typography.drawing import CAP_HEIGHT, Align, draw_at_baseline
from shared.typography.faces import Style, title_style
from shared.typography.single_line import lay_out_line, line_width, truncate_line
from shared.typography.typesetting import Block, Text

Colour = tuple[int, int, int]
Point = tuple[float, float]
_BOLD, _REGULAR = 700, 400
_OVERSAMPLING = 3
"""Factor of supersampling: Pillow draws shapes without anti-aliasing."""


class Canvas:
    """Draws shapes, and all text above them. Sizes are in pixels of the result."""

    def __init__(self, width: int, height: int, background: Colour) -> None:
        self._large = Image.new("RGB", (width * _OVERSAMPLING, height * _OVERSAMPLING), background)
        self._shapes = ImageDraw.Draw(self._large)
        self._texts: list[tuple[Point, Block, Colour, Align]] = []
        self._size = width, height

    def rectangle(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """Draws a filled rectangle."""
        corners = [round(value * _OVERSAMPLING) for value in (left, top, right, bottom)]
        if corners[2] > corners[0] and corners[3] > corners[1]:
            self._shapes.rectangle((corners[0], corners[1], corners[2] - 1, corners[3] - 1), fill)

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Draws a filled polygon."""
        self._shapes.polygon([(x * _OVERSAMPLING, y * _OVERSAMPLING) for x, y in points], fill)

    def line(self, points: Sequence[Point], colour: Colour, width: float = 1) -> None:
        """Draws a line through the points."""
        large = [(x * _OVERSAMPLING, y * _OVERSAMPLING) for x, y in points]
        self._shapes.line(large, colour, max(1, round(width * _OVERSAMPLING)), joint="curve")

    def hatch(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """Draws diagonal lines within a rectangle."""
        height, step = bottom - top, 9.0
        x = left - height
        while x < right:
            begin, end = max(x, left), min(x + height, right)
            if end > begin:
                self.line([(begin, bottom - (begin - x)), (end, bottom - (end - x))], fill, 1)
            x += step

    def text(
        self,
        at: Point,
        text: str,
        size: int,
        colour: Colour,
        *,
        bold: bool = False,
        align: Align = "left",
        centred: bool = False,
    ) -> None:
        """Draws one line of text, cut off at the right edge of the picture.

        `at` is a point of its baseline, or if `centred` of the middle of its capital letters.
        """
        if centred:
            at = at[0], at[1] + size * CAP_HEIGHT / 2
        block = lay_out_line(text, size, _style(text, bold))
        self._texts.append((at, block, colour, align))

    def render_png(self) -> bytes:
        """Returns the picture as a PNG file."""
        picture = self._large.resize(self._size, Image.Resampling.BOX)
        draw = ImageDraw.Draw(picture)
        for at, block, colour, align in self._texts:
            draw_at_baseline(draw, block, at, colour, align)
        out = io.BytesIO()
        picture.save(out, "PNG", optimize=True)
        return out.getvalue()


def text_width(text: str, size: int, *, bold: bool = False) -> float:
    """Returns the width of the text in pixels."""
    return line_width(lay_out_line(text, size, _style(text, bold)))


def truncate_text(
    text: str, size: int, max_width_px: float, *, bold: bool = False, at_words: bool = False
) -> str:
    """Returns the text, shortened with an ellipsis to at most `max_width_px`, see
    `truncate_line`."""
    lines = truncate_line(text, size, _style(text, bold), max_width_px, at_words=at_words).lines
    return lines[0].text if lines else ""


def wrap_text(text: str, size: int, max_width_px: float) -> list[str]:
    """Returns the text in lines of at most `max_width_px`."""
    block = Text(text, _style(text, bold=False)).lay_out(size, max_width_px)
    return [line.text for line in block.lines]


def _style(text: str, bold: bool) -> Style:
    return title_style(text, _BOLD if bold else _REGULAR)
