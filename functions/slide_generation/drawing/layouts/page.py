"""The page of a slide, and the sizes at which texts fit on it.

`u` is a unit of length, a hundredth of the picture's short side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from functions.slide_generation.drawing.plan import (
    Box,
    ChartArea,
    PlacedIcon,
    PlacedText,
    Role,
    Shape,
    SlidePlan,
    TextAlign,
)
from functions.slide_generation.drawing.themes import Theme
from shared.typography.faces import Style
from shared.typography.typesetting import Block, Text

MIN_TEXT_U = 2.6
"""Minimum size of text that an audience can read; a slide with smaller text is split."""
MIN_WORD_U = 1.8
"""Minimum size to which text is reduced to keep a word whole: at 9:16, for 75 letters. A longer
one, such as a key, is cut."""
_SHORT_LINE = 0.45
"""A line below this share of the longest one looks like a leftover, as a last line of one word."""
_MAX_REDUCTION = 0.8
"""The smallest factor by which a text is made smaller to have no short line."""


@dataclass(frozen=True, slots=True)
class Page:
    """The part of a slide that holds text: its rectangle, and how text is set on it."""

    box: Box
    width: int
    height: int
    language: str
    theme: Theme

    @property
    def u(self) -> float:
        """A hundredth of the picture's short side, in px."""
        return min(self.width, self.height) / 100

    @property
    def wide(self) -> bool:
        """Whether the picture is wider than high."""
        return self.width > self.height

    @property
    def tall(self) -> bool:
        """Whether the picture is higher than wide."""
        return self.height > self.width

    @property
    def centred(self) -> bool:
        """Whether the theme sets headings and strong texts in the middle."""
        return self.theme.align == "middle"

    def fit_text(
        self, text: str, weight: int, sizes_u: tuple[float, float], width: float, height: float
    ) -> tuple[Block, bool]:
        """Returns the text at the largest size that fits, and whether that is in the range.

        A size below the range, of at least MIN_WORD_U, is preferred to a word that is cut.
        """
        typeset = Text(text, Style(self.language, weight, self.theme.serif))
        readable = self.sizes(*sizes_u)
        for sizes in (
            (*readable, *self.sizes(sizes_u[1], MIN_WORD_U)[1:]),
            self.sizes(MIN_WORD_U, 1),
        ):
            block = typeset.fit(sizes, width, height, balanced=True)
            if block is not None:
                return _without_short_line(typeset, block, readable, width), (
                    block.size_px in readable
                )
        return typeset.lay_out(self.sizes(1, 1)[-1], width), False

    def fit_line(
        self, text: str, weight: int, sizes_u: tuple[float, float], width: float
    ) -> tuple[Block, bool]:
        """Returns the text at the largest size at which it is one line, and whether there is one.

        Without one it has the smallest size.
        """
        typeset = Text(text, Style(self.language, weight, self.theme.serif))
        sizes = self.sizes(*sizes_u)
        for size_px in sizes:
            block = typeset.lay_out(size_px, width)
            if len(block.lines) == 1 and block.width <= width:
                return block, True
        return typeset.lay_out(sizes[-1], width), False

    def fit_stack(
        self, texts: Sequence[str], sizes_u: tuple[float, float], width: float, height: float,
        gap_u: float,
    ) -> tuple[list[Block], float]:  # fmt: skip
        """Returns all texts at the largest common size that fits or the smallest, and their gap."""
        blocks, gap = self.fit_columns([texts], sizes_u, width, [height], gap_u)
        return blocks[0], gap

    def fit_columns(
        self, columns: Sequence[Sequence[str]], sizes_u: tuple[float, float], width: float,
        heights: Sequence[float], gap_u: float, *, weight: int = 400, balanced: bool = False,
    ) -> tuple[list[list[Block]], float]:  # fmt: skip
        """Returns the texts of columns of one width at the largest common size that fits.

        Args:
            heights: the height of each column in px.
            gap_u: the gap between texts at the largest size; it is reduced with the size.
            balanced: make all lines of a text about equally long.
        """
        style = Style(self.language, weight)
        typeset = [[Text(text, style) for text in texts] for texts in columns]
        sizes = (*self.sizes(*sizes_u), *self.sizes(sizes_u[1], 1)[1:])
        smallest_word = self.sizes(MIN_WORD_U, MIN_WORD_U)[0]
        uncut = [
            size
            for size in sizes
            if all(text.keeps_words(size, width) for texts in typeset for text in texts)
        ]
        blocks: list[list[Block]] = []
        gap = gap_u * self.u
        for size_px in uncut if uncut and uncut[0] >= smallest_word else sizes:
            gap = gap_u * self.u * size_px / (sizes_u[0] * self.u)
            blocks = [
                [_lay_out(text, size_px, width, balanced=balanced) for text in texts]
                for texts in typeset
            ]
            if all(
                stack_height(column, gap) <= height
                for column, height in zip(blocks, heights, strict=True)
            ):
                break
        return blocks, gap

    def sizes(self, largest_u: float, smallest_u: float) -> range:
        """Returns all sizes in px from the largest to the smallest."""
        return range(round(largest_u * self.u), max(8, round(smallest_u * self.u)) - 1, -1)


def _lay_out(text: Text, size_px: int, width: float, *, balanced: bool) -> Block:
    """Returns a text in lines; they are about equally long if the last one would be short."""
    block = text.lay_out(size_px, width, balanced=balanced)
    if not balanced and len(block.lines) > 1 and block.lines[-1].width < _SHORT_LINE * width:
        return text.lay_out(size_px, width, balanced=True)
    return block


def _without_short_line(text: Text, block: Block, sizes: range, width: float) -> Block:
    """Returns a slightly smaller block that has fewer lines, if the block has a short line."""
    widths = [line.width for line in block.lines]
    if len(widths) == 1 or min(widths) >= _SHORT_LINE * max(widths):
        return block
    for size_px in sizes:
        if block.size_px * _MAX_REDUCTION <= size_px < block.size_px:
            smaller = text.lay_out(size_px, width, balanced=True)
            if len(smaller.lines) < len(widths):
                return smaller
    return block


def stack_height(blocks: Sequence[Block], gap: float) -> float:
    """Returns the height of blocks that stand one below the other."""
    return sum(block.height for block in blocks) + gap * max(0, len(blocks) - 1)


@dataclass(slots=True)
class Draft:
    """A plan while it is made."""

    page: Page
    texts: list[PlacedText] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    icons: list[PlacedIcon] = field(default_factory=list)
    bar: Box | None = None
    chart: ChartArea | None = None
    fits: bool = True

    def stack(
        self, blocks: Iterable[Block], at: tuple[float, float], gap: float, role: Role,
        align: TextAlign = "start",
    ) -> float:  # fmt: skip
        """Places blocks one below the other. Returns the lower edge of the last."""
        x, y = at
        bottom = y
        for block in blocks:
            self.texts.append(PlacedText(block, x, y, role, align=align))
            bottom = y + block.height
            y = bottom + gap
        return bottom

    def to_plan(self, *, bold: bool = False) -> SlidePlan:
        """Returns the plan. It fits if all its text is readable and above the page's lower edge."""
        smallest = round(MIN_TEXT_U * self.page.u)
        page = self.page.box
        bottom = page.y + page.height + 0.5
        heading = next(text for text in self.texts if text.role == "heading")
        readable = all(text.block.size_px >= smallest for text in self.texts)
        inside = all(text.y + text.block.height <= bottom for text in self.texts)
        return SlidePlan(
            tuple(self.texts),
            self.bar,
            None,
            bold,
            heading.block.rtl,
            self.fits and readable and inside,
            tuple(self.shapes),
            tuple(self.icons),
            self.chart,
        )
