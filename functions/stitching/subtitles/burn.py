"""Burned-in subtitles: white on a dark box, inside the safe area, in any script."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from functions.stitching.film.encoding import Planes, rgb_to_planes, split_planes
from shared.subtitles.lines import MAX_COLUMNS
from shared.typography.bidi import is_rtl
from shared.typography.drawing import draw_line
from shared.typography.faces import Style
from shared.typography.typesetting import SLACK, Block, Text

SAFE_MARGIN = 0.05
"""Margin at every edge that EBU R 95 keeps free of graphics."""
PORTRAIT_BOTTOM_MARGIN = 0.1
"""Players of films in portrait format show buttons over the lower edge."""
BOX_OPACITY = 0.78
"""Opacity of the box: white text has a contrast of at least 9 to 1 on any picture."""
_BOX = (10, 12, 16)
_WHITE = (255, 255, 255)
_TEXT_SIZE = 0.047
"""Text size relative to the shorter side; smaller in a narrow picture, so that a line fits."""
_COLUMN_EM = 0.53
_MIN_SIZE_PX = 8
_WEIGHT = 500
_RTL_LANGUAGES = frozenset(("ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"))
_OVERSAMPLING = 4


@dataclass(frozen=True, slots=True)
class Overlay:
    """A box with text at even offsets: its planes, and their opacities in 1/256 of the same
    shapes."""

    left: int
    top: int
    planes: tuple[Planes, ...]
    opacities: tuple[NDArray[np.int32], ...]

    def apply_to(self, picture: Planes) -> Planes:
        """Returns a copy of the picture with the box on it."""
        result = picture.copy()
        for n, (plane, colour, opacity) in enumerate(
            zip(split_planes(result), self.planes, self.opacities, strict=True)
        ):
            top, left = (self.top, self.left) if n == 0 else (self.top // 2, self.left // 2)
            area = plane[top : top + colour.shape[0], left : left + colour.shape[1]]
            area[:] = area + ((colour.astype(np.int32) - area) * opacity + 128 >> 8)
        return result


class SubtitleBurner:
    """Draws the subtitles of one film."""

    def __init__(self, size: tuple[int, int], language: str) -> None:
        self._width, self._height = size
        self._style = Style(language, _WEIGHT)
        self._max_width = self._width * (1 - 2 * SAFE_MARGIN)
        max_size_px = self._max_width / MAX_COLUMNS / _COLUMN_EM
        self._size_px = max(_MIN_SIZE_PX, round(min(_TEXT_SIZE * min(size), max_size_px)))
        self.overlay = lru_cache(maxsize=4)(self._draw_overlay)

    def _draw_overlay(self, lines: tuple[str, ...]) -> Overlay:
        blocks = self._lay_out(lines)
        rtl = self._is_rtl(" ".join(lines))
        pad, pad_y = blocks[0].size_px * 0.5, blocks[0].size_px * 0.22
        width = min(_even(max(map(_width, blocks)) + 2 * pad), self._width)
        height = min(_even(sum(block.height for block in blocks) + 2 * pad_y), self._height)
        text = Image.new("L", (width, height))
        draw = ImageDraw.Draw(text)
        y = pad_y
        for block in blocks:
            edge = (width + _width(block) * (1 if rtl else -1)) / 2
            draw_line(draw, block, block.lines[0].text, (edge, y), 255, rtl=rtl)
            y += block.height
        left = (self._width - width) // 4 * 2
        margin = SAFE_MARGIN if self._width >= self._height else PORTRAIT_BOTTOM_MARGIN
        top = max(0, round(self._height * (1 - margin)) - height) // 2 * 2
        return compose_overlay(text, draw_rounded_box((width, height), pad * 0.6), left, top)

    def _is_rtl(self, text: str) -> bool:
        """Whether the text runs from right to left, even if it begins with a foreign word."""
        if self._style.language.split("-")[0] in _RTL_LANGUAGES:
            return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
        return is_rtl(text)

    def _lay_out(self, lines: tuple[str, ...]) -> list[Block]:
        """Lays out the lines without breaking them again, at one size at which the widest fits."""
        texts = [Text(line, self._style) for line in lines]
        size_px = self._size_px
        while True:
            # Infinite width: the lines are broken already.
            blocks = [text.lay_out(size_px, float("inf")) for text in texts]
            widest = max(map(_width, blocks)) + size_px
            if widest <= self._max_width or size_px <= _MIN_SIZE_PX:
                return blocks
            size_px = max(_MIN_SIZE_PX, min(size_px - 1, int(size_px * self._max_width / widest)))


def compose_overlay(text: Image.Image, box: Image.Image, left: int, top: int) -> Overlay:
    ink = np.asarray(text, np.float32)[..., None] / 255
    shape = np.asarray(box, np.float32) / 255
    colours = ink * _WHITE + (1 - ink) * _BOX
    planes = rgb_to_planes(np.clip(colours + 0.5, 0, 255).astype(np.uint8))
    opacity = shape * (BOX_OPACITY + (1 - BOX_OPACITY) * ink[..., 0])
    rows, columns = opacity.shape
    half = opacity.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))
    opacities = tuple(np.round(plane * 256).astype(np.int32) for plane in (opacity, half, half))
    return Overlay(
        left, top, tuple(np.ascontiguousarray(plane) for plane in split_planes(planes)), opacities
    )


def draw_rounded_box(size: tuple[int, int], radius: float) -> Image.Image:
    large = Image.new("L", (size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING))
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), radius * _OVERSAMPLING, 255
    )
    return large.resize(size, Image.Resampling.BOX)


def _width(block: Block) -> float:
    """Returns the width without the slack for rounding, which would shift the text."""
    return block.width / SLACK


def _even(length: float) -> int:
    return 2 * round(length / 2 + 0.49)
