"""Text in lines: the width of a line, and the size at which a text fits.

Everything is measured once, at one size; widths at other sizes are proportional. So the size at
which a text fits is found by arithmetic, without drawing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from shared.typography.fonts import SYMBOLS, FontFace, covers, fallback_faces, is_joiner, load_font
from shared.typography.line_breaks import split_at_breaks, split_clusters

MEASURE_PX = 100
SLACK = 1.015
"""A margin: at small sizes the width of each glyph is rounded to whole pixels."""
LINE_HEIGHT = 1.28
TALL_LINE_HEIGHT = 1.46
_CUT_AFTER = "-/_.&=?"


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
        self._space_width = _width(" ", style, self.text)
        self._is_tall = _is_tall(self.text, style)

    def lay_out(self, size_px: int, width_px: float, *, balanced: bool = False) -> Block:
        """Returns the block at this size; `balanced` makes all lines about equally long."""
        scale = size_px / MEASURE_PX * SLACK
        limit = width_px / scale
        lines = self._lines(limit)
        if balanced and len(lines) > 1:
            low, high = max(limit / len(lines) * 0.8, limit * 0.3), limit
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

    def fit(
        self, sizes_px: range, width_px: float, height_px: float, *, balanced: bool = False
    ) -> Block | None:
        """Returns the block at the first of `sizes_px` (descending) at which it fits, or None."""
        longest = max((segment.width for segment in self._segments), default=0.0)
        # A smaller size is preferred to a word that is cut.
        uncut = [size for size in sizes_px if longest * size / MEASURE_PX * SLACK <= width_px]
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


def _cut_word(word: str, limit: float, style: Style) -> list[tuple[str, float]]:
    """Cuts a word that is wider than a line, preferably after a hyphen or a similar character."""
    widths = [(cluster, _width(cluster, style, word)) for cluster in split_clusters(word)]
    lines: list[tuple[str, float]] = []
    while widths:
        count, width = 1, widths[0][1]
        while count < len(widths) and width + widths[count][1] <= limit:
            width += widths[count][1]
            count += 1
        if count < len(widths):
            marks = [n + 1 for n in range(count // 3, count) if widths[n][0] in _CUT_AFTER]
            count = marks[-1] if marks else count
        head, widths = widths[:count], widths[count:]
        text = "".join(cluster for cluster, _ in head)
        lines.append((text, sum(width for _, width in head)))
    return lines


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
