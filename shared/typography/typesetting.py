"""Text in lines: the width of a line, and the size at which a text fits.

Everything is measured once, at one size; widths at other sizes are proportional. So the size at
which a text fits is found by arithmetic, without drawing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from shared.typography.fonts import SYMBOLS, FontFace, covers, fallback_faces, is_joiner, load_font
from shared.typography.line_breaks import (
    split_at_breaks,
    split_at_marks,
    split_clusters,
)

MEASURE_PX = 100
SLACK = 1.015
"""A margin: at small sizes the width of each glyph is rounded to whole pixels."""
LINE_HEIGHT = 1.28
TALL_LINE_HEIGHT = 1.46


@dataclass(frozen=True, slots=True)
class Style:
    """The style of a text. `serif` and `weight` apply to the faces that have them."""

    language: str
    weight: int = 400
    serif: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A text without a line break opportunity. Width in px at MEASURE_PX."""

    text: str
    width: float
    space_after: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `width` is in px at the block's size."""

    text: str
    width: float


@dataclass(frozen=True, slots=True)
class Block:
    """A text that is laid out at `size_px`. Heights are in px."""

    lines: tuple[Line, ...]
    size_px: int
    line_height: float
    style: Style
    rtl: bool

    @property
    def height(self) -> float:
        """The height of all lines."""
        return self.line_height * len(self.lines)

    @property
    def width(self) -> float:
        """The width of the longest line."""
        return max((line.width for line in self.lines), default=0.0)


class Text:
    """A text that can be laid out at any size."""

    def __init__(self, text: str, style: Style) -> None:
        self.text = to_displayable(text, style)
        self.style = style
        self.rtl = is_rtl(self.text)
        self._segments = tuple(_split_segments(self.text, style))
        self._longest = max(_unit_widths(self._segments, style), default=0.0)
        self._space_width = _width(" ", style, self.text)
        self._is_tall = _is_tall(self.text, style)

    def lay_out(self, size_px: int, width_px: float, *, balanced: bool = False) -> Block:
        """Returns the block at this size; `balanced` makes all lines about equally long."""
        scale = size_px / MEASURE_PX * SLACK
        limit = width_px / scale
        lines = self._lines(limit)
        if balanced and len(lines) > 1:
            low, high = max(limit / len(lines) * 0.8, limit * 0.3), limit
            if self._longest <= limit:
                # Narrower lines would cut a word.
                low = max(low, self._longest)
            for _ in range(10):
                middle = (low + high) / 2
                low, high = (low, middle) if self._fits(middle, len(lines)) else (middle, high)
            lines = self._lines(high)
        return Block(
            tuple(Line(text, width * scale) for text, width in lines),
            size_px,
            size_px * (TALL_LINE_HEIGHT if self._is_tall else LINE_HEIGHT),
            self.style,
            self.rtl,
        )

    def keeps_words(self, size_px: int, width_px: float) -> bool:
        """Returns whether no word must be cut at this size."""
        return self._longest <= width_px / (size_px / MEASURE_PX * SLACK)

    def fit(
        self, sizes_px: Sequence[int], width_px: float, height_px: float, *, balanced: bool = False
    ) -> Block | None:
        """Returns the block at the first of `sizes_px` (descending) at which it fits, or None.

        A size at which a word is cut counts only if there is none at which no word is cut.
        """
        uncut = [size_px for size_px in sizes_px if self.keeps_words(size_px, width_px)]
        for size_px in uncut or sizes_px:
            block = self.lay_out(size_px, width_px)
            if block.height <= height_px and block.width <= width_px:
                return self.lay_out(size_px, width_px, balanced=True) if balanced else block
        return None

    def _fits(self, limit: float, lines: int) -> bool:
        result = self._lines(limit)
        return len(result) <= lines and all(width <= limit for _, width in result)

    def _lines(self, limit: float) -> list[tuple[str, float]]:
        """Returns lines of at most `limit`; a segment that is wider is cut."""
        lines: list[tuple[str, float]] = []
        text, width, gap = "", 0.0, 0.0
        for segment in self._segments:
            if text and width + gap + segment.width > limit:
                lines.append((text, width))
                text, width, gap = "", 0.0, 0.0
            if segment.width > limit:
                *complete_lines, (text, width) = _cut_word(segment.text, limit, self.style)
                lines += complete_lines
            else:
                text += (" " if gap else "") + segment.text
                width += gap + segment.width
            gap = self._space_width if segment.space_after else 0.0
        return [*lines, (text, width)] if text else lines


def is_rtl(text: str) -> bool:
    """Returns whether the first strong character is right-to-left (Unicode's rules P2 and P3)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return True
        if kind == "L":
            return False
    return False


@lru_cache(maxsize=2048)
def split_runs(text: str, style: Style) -> tuple[tuple[FontFace, str], ...]:
    """Returns the text in runs of one face each, in reading order.

    Uses a single face if one covers the text: a single run is shaped and ordered as a unit.
    """
    order = fallback_faces(style.language, serif=style.serif)
    single = next((face for face in order if covers(face, text)), None)
    if single is not None:
        return ((single, text),)
    runs: list[tuple[FontFace, str]] = []
    for character in text:
        continues = runs and (
            is_joiner(character) or character == " " or covers(runs[-1][0], character)
        )
        face = (
            runs[-1][0] if continues else next((f for f in order if covers(f, character)), SYMBOLS)
        )
        if runs and runs[-1][0] == face:
            runs[-1] = (face, runs[-1][1] + character)
        else:
            runs.append((face, character))
    return tuple(runs)


def to_displayable(text: str, style: Style) -> str:
    """Returns the text without characters that no face has; if none remains, their names."""
    order = fallback_faces(style.language, serif=style.serif)
    if any(covers(face, text) for face in order):
        return text
    displayable = "".join(
        char for char in text if is_joiner(char) or any(covers(f, char) for f in order)
    )
    displayable = " ".join(
        "".join(char for char in displayable if char not in "\u200d\ufe0f").split()
    )
    if any(map(str.isalnum, displayable)):
        return displayable
    names = (
        unicodedata.name(char, "") for char in text if not char.isspace() and not is_joiner(char)
    )
    return (
        ", ".join(dict.fromkeys(name.capitalize() for name in names if name)) or displayable or "–"
    )


def _split_segments(text: str, style: Style) -> Iterator[Segment]:
    for word in text.split():
        *inner, last = split_at_breaks(word)
        for part in inner:
            yield Segment(part, _width(part, style, text), space_after=False)
        yield Segment(last, _width(last, style, text), space_after=True)


def _unit_widths(segments: Sequence[Segment], style: Style) -> Iterator[float]:
    """Yields the widths of the parts of which none can be broken without cutting a word."""
    for segment in segments:
        units = split_at_marks(segment.text)
        if len(units) == 1:
            yield segment.width
        else:
            yield from (_width(unit, style, segment.text) for unit in units)


def _cut_word(word: str, limit: float, style: Style) -> list[tuple[str, float]]:
    """Cuts a word that is wider than a line: after a mark, or within a part that is too wide."""
    lines: list[tuple[str, float]] = []
    text, width = "", 0.0
    for unit in split_at_marks(word):
        unit_width = _width(unit, style, word)
        parts = [unit] if unit_width <= limit else split_clusters(unit)
        if text and width + unit_width > limit:
            lines.append((text, width))
            text, width = "", 0.0
        for part in parts:
            part_width = _width(part, style, word)
            if text and width + part_width > limit:
                lines.append((text, width))
                text, width = "", 0.0
            text += part
            width += part_width
    return [*lines, (text, width)]


def _width(text: str, style: Style, context: str) -> float:
    """Returns the width in px at MEASURE_PX, in the faces of the complete context."""
    context_runs = split_runs(context, style)
    runs = ((context_runs[0][0], text),) if len(context_runs) == 1 else split_runs(text, style)
    return sum(_length(face, part, style.weight) for face, part in runs)


@lru_cache(maxsize=8192)
def _length(face: FontFace, text: str, weight: int) -> float:
    return load_font(face, MEASURE_PX, weight).getlength(text)


def _is_tall(text: str, style: Style) -> bool:
    return any(face.tall for face, _ in split_runs(text, style))
