"""Subtitles written into the picture: white on a dark box, inside the safe area, in any script."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from functions.stitching.film.encoding import Planes, rgb_to_planes, split_planes
from functions.stitching.subtitles.cues import MAX_COLUMNS
from shared.typography.drawing import draw_line
from shared.typography.typesetting import SLACK, Block, Style, Text, is_rtl

SAFE_MARGIN = 0.05
"""What EBU R 95 keeps free of graphics at every edge."""
PORTRAIT_BOTTOM_MARGIN = 0.1
"""Where films in portrait are watched, buttons lie over their lower edge."""
BOX_OPACITY = 0.78
"""How much the box covers: white on it has a contrast of at least 9 to 1 on any picture."""
_BOX = (10, 12, 16)
_WHITE = (255, 255, 255)
_SIZE = 0.047
"""Of the shorter side; a narrow picture has smaller letters, so that a whole line fits."""
_COLUMN_EM = 0.53
_SMALLEST_PX = 8
_WEIGHT = 500
_RTL_LANGUAGES = frozenset(("ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"))
_OVER = 4


@dataclass(frozen=True, slots=True)
class Overlay:
    """A box with text at even offsets: what it shows as planes, and how much it covers, in 1/256
    and of the same shapes."""

    left: int
    top: int
    planes: tuple[Planes, ...]
    opacities: tuple[NDArray[np.int32], ...]

    def apply_to(self, picture: Planes) -> Planes:
        """A picture with the box on it; the given one is left as it is."""
        made = picture.copy()
        for n, (plane, over, cover) in enumerate(
            zip(split_planes(made), self.planes, self.opacities, strict=True)
        ):
            top, left = (self.top, self.left) if n == 0 else (self.top // 2, self.left // 2)
            under = plane[top : top + over.shape[0], left : left + over.shape[1]]
            under[:] = under + ((over.astype(np.int32) - under) * cover + 128 >> 8)
        return made


class SubtitleBurner:
    """Writes the subtitles of one film."""

    def __init__(self, size: tuple[int, int], language: str) -> None:
        self._width, self._height = size
        self._style = Style(language, _WEIGHT)
        self._room = self._width * (1 - 2 * SAFE_MARGIN)
        widest = self._room / MAX_COLUMNS / _COLUMN_EM
        self._size_px = max(_SMALLEST_PX, round(min(_SIZE * min(size), widest)))
        self.overlay = lru_cache(maxsize=4)(self._overlay)

    def _overlay(self, lines: tuple[str, ...]) -> Overlay:
        blocks = self._blocks(lines)
        rtl = self._is_rtl(" ".join(lines))
        pad, high = blocks[0].size_px * 0.5, blocks[0].size_px * 0.22
        width = min(_even(max(map(_width, blocks)) + 2 * pad), self._width)
        height = min(_even(sum(block.height for block in blocks) + 2 * high), self._height)
        text = Image.new("L", (width, height))
        draw = ImageDraw.Draw(text)
        y = high
        for block in blocks:
            edge = (width + _width(block) * (1 if rtl else -1)) / 2
            draw_line(draw, block, block.lines[0].text, (edge, y), 255, rtl=rtl)
            y += block.height
        left = (self._width - width) // 4 * 2
        below = SAFE_MARGIN if self._width >= self._height else PORTRAIT_BOTTOM_MARGIN
        top = max(0, round(self._height * (1 - below)) - height) // 2 * 2
        return _composed(text, _rounded((width, height), pad * 0.6), left, top)

    def _is_rtl(self, text: str) -> bool:
        """Of the whole: a line that begins with a foreign word runs like the others."""
        if self._style.language.split("-")[0] in _RTL_LANGUAGES:
            return any(unicodedata.bidirectional(one) in ("R", "AL") for one in text)
        return is_rtl(text)

    def _blocks(self, lines: tuple[str, ...]) -> list[Block]:
        """Every line as it was broken, all at one size at which the widest fits."""
        texts = [Text(line, self._style) for line in lines]
        size_px = self._size_px
        while True:
            # Broken already: a line is laid out as one, however wide that is.
            blocks = [text.lay_out(size_px, float("inf")) for text in texts]
            widest = max(map(_width, blocks)) + size_px
            if widest <= self._room or size_px <= _SMALLEST_PX:
                return blocks
            size_px = max(_SMALLEST_PX, min(size_px - 1, int(size_px * self._room / widest)))


def _composed(text: Image.Image, box: Image.Image, left: int, top: int) -> Overlay:
    ink = np.asarray(text, np.float32)[..., None] / 255
    shape = np.asarray(box, np.float32) / 255
    colours = ink * _WHITE + (1 - ink) * _BOX
    planes = rgb_to_planes(np.clip(colours + 0.5, 0, 255).astype(np.uint8))
    cover = shape * (BOX_OPACITY + (1 - BOX_OPACITY) * ink[..., 0])
    small = cover.reshape(cover.shape[0] // 2, 2, cover.shape[1] // 2, 2).mean(axis=(1, 3))
    covers = tuple(np.round(one * 256).astype(np.int32) for one in (cover, small, small))
    return Overlay(
        left, top, tuple(np.ascontiguousarray(one) for one in split_planes(planes)), covers
    )


def _rounded(size: tuple[int, int], radius: float) -> Image.Image:
    large = Image.new("L", (size[0] * _OVER, size[1] * _OVER))
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), radius * _OVER, 255
    )
    return large.resize(size, Image.Resampling.BOX)


def _width(block: Block) -> float:
    """Without what is kept free for rounding, which would move the text aside."""
    return block.width / SLACK


def _even(length: float) -> int:
    return 2 * round(length / 2 + 0.49)
