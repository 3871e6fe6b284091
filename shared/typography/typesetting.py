"""Text in lines: the width of a line, and the size at which a text fits.

Everything is measured once, at one size; widths at other sizes are proportional. So the size at
which a text fits is found by arithmetic, without drawing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from shared.typography.bidi import is_rtl
from shared.typography.faces import Style, select_main_face, split_runs, to_displayable
from shared.typography.fonts import FontFace, load_font
from shared.typography.graphemes import split_graphemes
from shared.typography.line_breaks import is_kept_together, split_at_breaks, split_at_marks

MEASURE_PX = 100
_SPACES = re.compile(r"\s+")
_NO_BREAK_SPACES = ("\u00a0", "\u202f")
SLACK = 1.015
"""A margin: at small sizes the width of each glyph is rounded to whole pixels."""
LINE_HEIGHT = 1.28
TALL_LINE_HEIGHT = 1.46


@dataclass(frozen=True, slots=True)
class Segment:
    """A text without a line break opportunity. Widths are in px at MEASURE_PX.

    Attributes:
        group_width: The width with the following segments that stay on the same line if they fit.
    """

    text: str
    width: float
    space_after: bool
    group_width: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `width` is in px at the block's size."""

    text: str
    width: float


@dataclass(frozen=True, slots=True)
class Block:
    """A text that is laid out at `size_px`. Heights are in px; `face` is the main face."""

    lines: tuple[Line, ...]
    size_px: int
    line_height: float
    style: Style
    face: FontFace
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
        self.face = select_main_face(self.text, style)
        self.rtl = is_rtl(self.text)
        self._space_width = self._width(" ")
        self._measured: dict[object, tuple[tuple[str, float], ...]] = {}
        self._segments = tuple(self._split_segments())
        self._longest = max(self._unit_widths(), default=0.0)
        runs = split_runs(self.text, style, self.face)
        self._is_tall = any(face.tall for face, _ in runs)

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
            self.face,
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
            group_width = segment.group_width if segment.group_width <= limit else 0.0
            if text and width + gap + max(segment.width, group_width) > limit:
                lines.append((text, width))
                text, width, gap = "", 0.0, 0.0
            if segment.width > limit:
                *complete_lines, (text, width) = self._cut_word(segment.text, limit)
                lines += complete_lines
            else:
                text += (" " if gap else "") + segment.text
                width += gap + segment.width
            gap = self._space_width if segment.space_after else 0.0
        return [*lines, (text, width)] if text else lines

    def _split_segments(self) -> Iterator[Segment]:
        words, spaces = self.text.split(), _SPACES.findall(self.text.strip())
        segments: list[Segment] = []
        following = 0.0
        for n in reversed(range(len(words))):
            parts = [
                Segment(p, self._width(p), space_after=False) for p in split_at_breaks(words[n])
            ]
            last = parts[-1]
            kept = n < len(spaces) and (
                spaces[n] in _NO_BREAK_SPACES or is_kept_together(words[n], words[n + 1])
            )
            group_width = last.width + (self._space_width + following if kept else 0.0)
            parts[-1] = replace(last, space_after=True, group_width=group_width)
            following = parts[0].group_width or parts[0].width
            segments += reversed(parts)
        yield from reversed(segments)

    def _unit_widths(self) -> Iterator[float]:
        """Yields the widths of the parts of which none can be broken without cutting a word."""
        for segment in self._segments:
            units = split_at_marks(segment.text)
            if len(units) == 1:
                yield segment.width
            else:
                yield from map(self._width, units)

    def _cut_word(self, word: str, limit: float) -> list[tuple[str, float]]:
        """Cuts a word that is wider than a line: after a mark, or within a part that is too
        wide."""
        lines: list[tuple[str, float]] = []
        text, width = "", 0.0
        for unit, unit_width in self._measure(word, split_at_marks):
            whole = ((unit, unit_width),)
            parts = whole if unit_width <= limit else self._measure(unit, split_graphemes)
            if text and width + unit_width > limit:
                lines.append((text, width))
                text, width = "", 0.0
            for part, part_width in parts:
                if text and width + part_width > limit:
                    lines.append((text, width))
                    text, width = "", 0.0
                text += part
                width += part_width
        return [*lines, (text, width)]

    def _measure(
        self, text: str, split: Callable[[str], Iterable[str]]
    ) -> tuple[tuple[str, float], ...]:
        """Returns the parts of a text that is wider than a line, and their widths. They are kept: a
        layout tries many sizes, and a language without spaces has one word in a line."""
        key = text, split
        if key not in self._measured:
            self._measured[key] = tuple((part, self._width(part)) for part in split(text))
        return self._measured[key]

    def _width(self, text: str) -> float:
        """Returns the width of a part of the text in px at MEASURE_PX."""
        runs = split_runs(text, self.style, self.face)
        return sum(_length(face, run, self.style.weight) for face, run in runs)


@lru_cache(maxsize=8192)
def _length(face: FontFace, text: str, weight: int) -> float:
    return load_font(face, MEASURE_PX, weight).getlength(text)
