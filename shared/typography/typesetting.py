"""Text in lines: where it may break, how wide it is, at which size it fits.

Everything is measured once, at one size; widths at other sizes are in proportion. So finding the
size at which a text fits costs arithmetic and no drawing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from shared.typography.fonts import SYMBOLS, FontFace, covers, fallback_faces, is_joiner, load_font

MEASURE_PX = 100
SLACK = 1.015
"""Widths at small sizes are rounded to whole pixels, glyph by glyph."""
LINE_HEIGHT = 1.28
TALL_LINE_HEIGHT = 1.46
_PACKED = ("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "FULLWIDTH", "IDEOGRAPHIC")
_NOT_FIRST = frozenset(
    "、。，．：；！？）」』】》〉〕］｝ー々ゝゞ…‥”’％,.!?:;)]}»"
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
)
_NOT_LAST = "（「『【《〈〔［｛“‘([{«"
_BREAK_BEHIND = "–—/"
_CUT_BEHIND = "-/_.&=?"
_BREAK_BEFORE = "เแโใไເແໂໃໄ"
# Of a syllable: vowels that stand before their consonant, and signs that stand behind it.
_HOLDS_NEXT = _BREAK_BEFORE + "\u200d"
_HOLDS_ON = "าะำๅๆฯາະຳໆ"


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is written: `serif` and `weight` in the faces that have it."""

    language: str
    weight: int = 400
    serif: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """What no line break may separate. Width in px at MEASURE_PX; `spaced`: a blank follows."""

    text: str
    width: float
    space_after: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `width` in px at the block's size."""

    text: str
    width: float


@dataclass(frozen=True, slots=True)
class Block:
    """A text that is laid out at `size_px`. Heights in px."""

    lines: tuple[Line, ...]
    size_px: int
    line_height: float
    style: Style
    rtl: bool

    @property
    def height(self) -> float:
        """Of all lines."""
        return self.line_height * len(self.lines)

    @property
    def width(self) -> float:
        """Of the longest line."""
        return max((line.width for line in self.lines), default=0.0)


class Text:
    """A text that can be laid out at any size."""

    def __init__(self, text: str, style: Style) -> None:
        self.text = to_displayable(text, style)
        self.style = style
        self.rtl = is_rtl(self.text)
        self._pieces = tuple(_pieces(self.text, style))
        self._blank = _width(" ", style, self.text)
        self._tall = _tall(self.text, style)

    def lay_out(self, size_px: int, width_px: float, *, balanced: bool = False) -> Block:
        """The block at this size; `balanced`: lines of about the same length."""
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
            size_px * (TALL_LINE_HEIGHT if self._tall else LINE_HEIGHT),
            self.style,
            self.rtl,
        )

    def fit(
        self, sizes_px: range, width_px: float, height_px: float, *, balanced: bool = False
    ) -> Block | None:
        """The block at the first of `sizes_px` (largest first) at which it fits, or None."""
        longest = max((piece.width for piece in self._pieces), default=0.0)
        # A smaller size comes before a word that is cut.
        whole = [size for size in sizes_px if longest * size / MEASURE_PX * SLACK <= width_px]
        for size_px in whole or sizes_px:
            block = self.lay_out(size_px, width_px)
            if block.height <= height_px and block.width <= width_px:
                return self.lay_out(size_px, width_px, balanced=True) if balanced else block
        return None

    def _fits(self, limit: float, lines: int) -> bool:
        found = self._lines(limit)
        return len(found) <= lines and all(width <= limit for _, width in found)

    def _lines(self, limit: float) -> list[tuple[str, float]]:
        """Lines of at most `limit`; a piece that is wider alone is cut."""
        lines: list[tuple[str, float]] = []
        text, width, gap = "", 0.0, 0.0
        for piece in self._pieces:
            if text and width + gap + piece.width > limit:
                lines.append((text, width))
                text, width, gap = "", 0.0, 0.0
            if piece.width > limit:
                *whole, (text, width) = _cut(piece.text, limit, self.style)
                lines += whole
            else:
                text += (" " if gap else "") + piece.text
                width += gap + piece.width
            gap = self._blank if piece.space_after else 0.0
        return [*lines, (text, width)] if text else lines


def is_rtl(text: str) -> bool:
    """Whether the first strong character runs from right to left (Unicode's rules P2 and P3)."""
    for one in text:
        kind = unicodedata.bidirectional(one)
        if kind in ("R", "AL"):
            return True
        if kind == "L":
            return False
    return False


@lru_cache(maxsize=2048)
def split_runs(text: str, style: Style) -> tuple[tuple[FontFace, str], ...]:
    """The text in runs of one face each, in the order in which they are read.

    One face for all of it if there is one: what is set in one face is shaped and ordered as one.
    """
    order = fallback_faces(style.language, serif=style.serif)
    single = next((face for face in order if covers(face, text)), None)
    if single is not None:
        return ((single, text),)
    found: list[tuple[FontFace, str]] = []
    for one in text:
        held = found and (is_joiner(one) or one == " " or covers(found[-1][0], one))
        face = found[-1][0] if held else next((f for f in order if covers(f, one)), SYMBOLS)
        if found and found[-1][0] == face:
            found[-1] = (face, found[-1][1] + one)
        else:
            found.append((face, one))
    return tuple(found)


def to_displayable(text: str, style: Style) -> str:
    """The text as it can be shown: what no face has is left out, or named when it is all."""
    order = fallback_faces(style.language, serif=style.serif)
    if any(covers(face, text) for face in order):
        return text
    kept = "".join(one for one in text if is_joiner(one) or any(covers(f, one) for f in order))
    kept = " ".join("".join(one for one in kept if one not in "\u200d\ufe0f").split())
    if any(map(str.isalnum, kept)):
        return kept
    names = (unicodedata.name(one, "") for one in text if not one.isspace() and not is_joiner(one))
    return ", ".join(dict.fromkeys(name.capitalize() for name in names if name)) or kept or "–"


def _pieces(text: str, style: Style) -> Iterator[Piece]:
    for word in text.split():
        *inner, last = _breakable(word)
        for part in inner:
            yield Piece(part, _width(part, style, text), space_after=False)
        yield Piece(last, _width(last, style, text), space_after=True)


def _breakable(word: str) -> list[str]:
    """The parts of a word between which a line may break."""
    parts = [""]
    for one in word:
        before = parts[-1][-1:]
        free = bool(before) and (_packed(before) or _packed(one) or one in _BREAK_BEFORE)
        free = free or (
            before != "" and before in _BREAK_BEHIND and len(parts[-1]) > 2 and one.isalpha()
        )
        if free and one not in _NOT_FIRST and before not in _NOT_LAST and not _combining(one):
            parts.append(one)
        else:
            parts[-1] += one
    return parts


def _cut(word: str, limit: float, style: Style) -> list[tuple[str, float]]:
    """A word that is wider than a line, in lines: behind a hyphen and the like if there is one."""
    widths = [(cluster, _width(cluster, style, word)) for cluster in _clusters(word)]
    lines: list[tuple[str, float]] = []
    while widths:
        count, width = 1, widths[0][1]
        while count < len(widths) and width + widths[count][1] <= limit:
            width += widths[count][1]
            count += 1
        if count < len(widths):
            marks = [n + 1 for n in range(count // 3, count) if widths[n][0] in _CUT_BEHIND]
            count = marks[-1] if marks else count
        head, widths = widths[:count], widths[count:]
        lines.append(("".join(one for one, _ in head), sum(width for _, width in head)))
    return lines


def _clusters(text: str) -> list[str]:
    found: list[str] = []
    for one in text:
        if found and (_combining(one) or found[-1][-1] in _HOLDS_NEXT or one in _HOLDS_ON):
            found[-1] += one
        else:
            found.append(one)
    return found


def _combining(one: str) -> bool:
    return is_joiner(one) or unicodedata.category(one).startswith("M")


def _packed(one: str) -> bool:
    return ord(one) > 0x2E7F and unicodedata.name(one, "").startswith(_PACKED)


def _width(text: str, style: Style, context: str) -> float:
    """In px at MEASURE_PX, in the faces that the whole context is set in."""
    whole = split_runs(context, style)
    here = ((whole[0][0], text),) if len(whole) == 1 else split_runs(text, style)
    return sum(_length(face, part, style.weight) for face, part in here)


@lru_cache(maxsize=8192)
def _length(face: FontFace, text: str, weight: int) -> float:
    return load_font(face, MEASURE_PX, weight).getlength(text)


def _tall(text: str, style: Style) -> bool:
    return any(face.tall for face, _ in split_runs(text, style))
