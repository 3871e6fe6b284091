"""Burned-in subtitles: white on a dark box, inside the safe area, in any script."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from functions.stitching.subtitles.overlay import DrawnText, Overlay
from shared.subtitles.lines import MAX_COLUMNS, count_columns, join_pieces, split_pieces
from shared.typography.bidi import is_rtl
from shared.typography.drawing import draw_line
from shared.typography.faces import UNDETERMINED, Style
from shared.typography.typesetting import SLACK, Block, Text

SAFE_MARGIN = 0.05
"""Margin at every edge that EBU R 95 keeps free of graphics."""
PORTRAIT_BOTTOM_MARGIN = 0.1
"""Players of films in portrait format show buttons over the lower edge."""
_TEXT_SIZE = 0.047
"""Text size relative to the shorter side; smaller in a narrow picture, so that a line fits."""
_WIDE_TEXT_SIZE, _MAX_TEXT_SIZE = 0.012, 0.12
"""In a very wide picture, the text size relative to the longer side, and its limit relative to the
shorter one."""
_COLUMN_EM = 0.53
_MIN_SIZE_PX = 8
_WEIGHT = 500
_RTL_LANGUAGES = frozenset(("ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"))


def caption_style(language: str) -> Style:
    """Returns the style of subtitles in a language, a BCP 47 tag or "" if it is unknown."""
    base, *rest = language.split("-")
    # Speech recognition names the spoken language; the fonts know the written one.
    written = {"": UNDETERMINED, "cmn": "zh", "yue": "zh-HK"}.get(base, base)
    return Style("-".join((written, *rest)), _WEIGHT)


class SubtitleBurner:
    """Draws the subtitles of one film."""

    def __init__(self, size: tuple[int, int], language: str) -> None:
        self._width, self._height = size
        self._style = caption_style(language)
        self._max_width = self._width * (1 - 2 * SAFE_MARGIN)
        max_size_px = self._max_width / MAX_COLUMNS / _COLUMN_EM
        short, long = sorted(size)
        wanted_px = max(_TEXT_SIZE * short, min(_WIDE_TEXT_SIZE * long, _MAX_TEXT_SIZE * short))
        self._size_px = max(_MIN_SIZE_PX, round(min(wanted_px, max_size_px)))
        self.overlay = lru_cache(maxsize=4)(self._draw_overlay)

    def draw(self, lines: tuple[str, ...]) -> DrawnText:
        """Returns the lines as text in a box."""
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
        return DrawnText(np.asarray(text), pad * 0.6, left, top)

    def _draw_overlay(self, lines: tuple[str, ...]) -> Overlay:
        return self.draw(lines).to_overlay()

    def _is_rtl(self, text: str) -> bool:
        """Whether the text runs from right to left, even if it begins with a foreign word."""
        if self._style.language.split("-")[0] in _RTL_LANGUAGES:
            return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
        return is_rtl(text)

    def _lay_out(self, lines: tuple[str, ...]) -> list[Block]:
        """Lays out the lines at one size at which the widest fits. Only lines that do not fit at
        the smallest size are broken again."""
        texts = [Text(line, self._style) for line in lines]
        size_px = self._size_px
        while True:
            # Infinite width: the lines are broken already.
            blocks = [text.lay_out(size_px, float("inf")) for text in texts]
            widest = max(map(_width, blocks)) + size_px
            if widest <= self._max_width:
                return blocks
            if size_px <= _MIN_SIZE_PX:
                halves = [half for line in lines for half in _halve(line)]
                return blocks if len(halves) == len(lines) else self._lay_out(tuple(halves))
            size_px = max(_MIN_SIZE_PX, min(size_px - 1, int(size_px * self._max_width / widest)))


def _halve(line: str) -> list[str]:
    """Returns a line as two of about the same width; as it is if it cannot be broken."""
    pieces = split_pieces(line)
    if len(pieces) < 2:
        return [line]
    half = count_columns(line) / 2
    at = min(
        range(1, len(pieces)),
        key=lambda end: abs(count_columns("".join(pieces[:end])) - half),
    )
    return [join_pieces(pieces[:at]), join_pieces(pieces[at:])]


def _width(block: Block) -> float:
    """Returns the width without the slack for rounding, which would shift the text."""
    return block.width / SLACK


def _even(length: float) -> int:
    return 2 * round(length / 2 + 0.49)
