"""A canvas for charts: anti-aliased shapes, and text in the fonts that the system has."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]
Anchor = Literal["ls", "ms", "rs", "lm", "mm", "rm", "la", "ma", "ra"]
"""Pillow's text anchors: left, middle or right; on the base line, middle or top."""
_OVERSAMPLING = 3
"""Factor of supersampling: Pillow draws shapes without anti-aliasing."""


class Canvas:
    """Draws shapes, and all text above them. Sizes are in pixels of the result."""

    def __init__(self, width: int, height: int, background: Colour) -> None:
        self._large = Image.new("RGB", (width * _OVERSAMPLING, height * _OVERSAMPLING), background)
        self._shapes = ImageDraw.Draw(self._large)
        self._texts: list[tuple[Point, str, int, bool, Colour, Anchor]] = []
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
        """Draws one line of text, cut off at the right edge of the picture."""
        self._texts.append((at, text, size, bold, colour, anchor))

    def render_png(self) -> bytes:
        """Returns the picture as a PNG file."""
        picture = self._large.resize(self._size, Image.Resampling.BOX)
        draw = ImageDraw.Draw(picture)
        for at, text, size, bold, colour, anchor in self._texts:
            draw.text(at, text, colour, _font(size, bold), anchor=anchor)
        out = io.BytesIO()
        picture.save(out, "PNG", optimize=True)
        return out.getvalue()


def text_width(text: str, size: int, *, bold: bool = False) -> float:
    """Returns the width of the text in pixels."""
    return float(_font(size, bold).getlength(text))


def truncate_text(text: str, size: int, max_width_px: float, *, bold: bool = False) -> str:
    """Returns the text, shortened with an ellipsis to at most `max_width_px`."""
    if text_width(text, size, bold=bold) <= max_width_px:
        return text
    while text and text_width(text + "…", size, bold=bold) > max_width_px:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap_text(text: str, size: int, max_width_px: float) -> list[str]:
    """Returns the text in lines of at most `max_width_px`, broken between words."""
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
    """Returns DejaVu, which covers most alphabets, if the system has it.

    Otherwise returns the Latin font of Pillow's wheel, which has no bold style.
    """
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        default = ImageFont.load_default(size)
        if not isinstance(default, ImageFont.FreeTypeFont):
            raise
        return default
