"""A picture to draw a chart on: smooth shapes, readable type, whatever fonts are there."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]
Anchor = Literal["ls", "ms", "rs", "lm", "mm", "rm", "la", "ma", "ra"]
"""Left, middle or right; on the base line, middle or top (Pillow's text anchors)."""
_FINE = 3
"""Shapes are drawn so many times larger and then made small: Pillow's own have jagged edges."""


class Canvas:
    """Shapes are drawn first, all text lies above them. Sizes in pixels of the final picture."""

    def __init__(self, width: int, height: int, background: Colour) -> None:
        self._large = Image.new("RGB", (width * _FINE, height * _FINE), background)
        self._shapes = ImageDraw.Draw(self._large)
        self._texts: list[tuple[Point, str, int, bool, Colour, Anchor]] = []
        self._size = width, height

    def rectangle(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """A filled rectangle."""
        corners = [round(one * _FINE) for one in (left, top, right, bottom)]
        if corners[2] > corners[0] and corners[3] > corners[1]:
            self._shapes.rectangle((corners[0], corners[1], corners[2] - 1, corners[3] - 1), fill)

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """A filled polygon."""
        self._shapes.polygon([(x * _FINE, y * _FINE) for x, y in points], fill)

    def line(self, points: Sequence[Point], colour: Colour, width: float = 1) -> None:
        """A line through the points."""
        large = [(x * _FINE, y * _FINE) for x, y in points]
        self._shapes.line(large, colour, max(1, round(width * _FINE)), joint="curve")

    def text(
        self,
        at: Point,
        text: str,
        size: int,
        colour: Colour,
        *,
        bold: bool = False,
        anchor: Anchor = "ls",
    ) -> None:
        """One line of text; what does not fit to the right of the picture is cut off there."""
        self._texts.append((at, text, size, bold, colour, anchor))

    def render_png(self) -> bytes:
        """The finished picture."""
        picture = self._large.resize(self._size, Image.Resampling.BOX)
        draw = ImageDraw.Draw(picture)
        for at, text, size, bold, colour, anchor in self._texts:
            draw.text(at, text, colour, _font(size, bold), anchor=anchor)
        out = io.BytesIO()
        picture.save(out, "PNG", optimize=True)
        return out.getvalue()


def text_width(text: str, size: int, *, bold: bool = False) -> float:
    """Pixels from side to side."""
    return float(_font(size, bold).getlength(text))


def truncate_text(text: str, size: int, max_width_px: float, *, bold: bool = False) -> str:
    """The text, cut with an ellipsis so that it takes at most so many pixels."""
    if text_width(text, size, bold=bold) <= max_width_px:
        return text
    while text and text_width(text + "…", size, bold=bold) > max_width_px:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap_text(text: str, size: int, max_width_px: float) -> list[str]:
    """The text in lines of at most so many pixels, broken between words."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= max_width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@lru_cache(32)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    """DejaVu, which has most alphabets, where the system brings it; otherwise the Latin face
    inside Pillow's wheel, which has no bold cut."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        built_in = ImageFont.load_default(size)
        if not isinstance(built_in, ImageFont.FreeTypeFont):
            raise
        return built_in
