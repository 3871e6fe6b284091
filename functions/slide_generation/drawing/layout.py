"""Plans the layout of slides: the boxes and blocks of text, without drawing them.

`u` is a unit of length, a hundredth of the picture's short side. Right-to-left scripts are planned
left to right; `renderer` mirrors the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from functions.slide_generation.drawing.themes import Theme
from shared.recipes.films.deck import Deck, Slide
from shared.typography.faces import Style
from shared.typography.typesetting import Block, Text

Role = Literal["heading", "body", "muted"]
MIN_TEXT_U = 2.6
"""Minimum size of text that an audience can read; a slide with smaller text is split."""
MIN_WORD_U = 1.8
"""Minimum size to which text is reduced to keep a word whole: at 9:16, for 75 letters. A longer
one, such as a key, is cut."""
COMFORTABLE_TEXT_U = 4.0
"""Minimum comfortable size of bullets; the heading is reduced before bullets get smaller."""
NO_SUBTITLE_AREA = Fraction(0)
_HEADINGS_U = (7.4, 5.6, 4.4)
"""Maximum sizes of a heading above bullets, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in px."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A block of text and the px position of its first line.

    Attributes:
        marker: Index among the bullets from 0; None for other text.
    """

    block: Block
    x: float
    y: float
    role: Role
    marker: int | None = None


@dataclass(frozen=True, slots=True)
class SlidePlan:
    """The layout of a slide.

    Attributes:
        bar: A short line in the accent colour.
        picture: The box of the picture.
        bold: Whether the background has larger shapes.
        rtl: Whether the plan must be mirrored.
        fits: Whether all text fits in a readable size.
    """

    texts: tuple[PlacedText, ...]
    bar: Box | None
    picture: Box | None
    bold: bool
    rtl: bool
    fits: bool


class SlidePlanner:
    """Plans the slides of one deck.

    Args:
        subtitle_area: share of the height at the bottom that stays free of text.
    """

    def __init__(
        self, deck: Deck, theme: Theme, subtitle_area: Fraction = NO_SUBTITLE_AREA
    ) -> None:
        self._width, self._height = deck.size
        self._u = min(deck.size) / 100
        self._language = deck.language
        self._serif = theme.serif
        wide = self._width > self._height
        self._margin = (9 if wide else 8.5) * self._u
        top = (9 if wide else 14) * self._u
        bottom = max((11 if wide else 16) * self._u, float(subtitle_area * self._height))
        self._page = Box(
            self._margin, top, self._width - 2 * self._margin, self._height - top - bottom
        )
        self._wide = wide

    def plan(self, slide: Slide, number: int, *, picture: bool = False) -> SlidePlan:
        """Plans a slide.

        Args:
            number: index of the slide from 0.
            picture: whether there is a picture to show.
        """
        if slide.layout in ("picture", "chart") and picture:
            return self._plan_picture(slide, number, below=slide.layout == "chart")
        if slide.layout == "title":
            return self._plan_title(slide)
        if slide.layout == "statement" and not slide.bullets:
            return self._plan_statement(slide)
        return self._plan_bullets(slide, self._page, bold=slide.layout == "closing")

    # --- layouts -----------------------------------------------------------------------------

    def _plan_title(self, slide: Slide) -> SlidePlan:
        page, u = self._page, self._u
        width = page.width * (0.86 if self._wide else 1)
        heading, fits = self._text(slide.heading, 700, (12, 3.4), width, page.height * 0.58)
        subtitles, gap = self._stack(slide.bullets, (5, MIN_TEXT_U), width, page.height * 0.26, 1.2)
        texts_height = heading.height + (3.5 * u + sum(block.height + gap for block in subtitles))
        y = page.y + (page.height - texts_height) * 0.5 + 2 * u
        bar = Box(page.x, y - 5 * u, 11 * u, 1.1 * u)
        texts = [PlacedText(heading, page.x, y, "heading")]
        y += heading.height + 3.5 * u
        for block in subtitles:
            texts.append(PlacedText(block, page.x, y, "muted"))
            y += block.height + gap
        return self._build_plan(texts, bar, bold=True, fits=fits)

    def _plan_statement(self, slide: Slide) -> SlidePlan:
        page, u = self._page, self._u
        heading, fits = self._text(slide.heading, 600, (10, 3.4), page.width - 7 * u, page.height)
        y = page.y + (page.height - heading.height) / 2
        bar = Box(page.x, y, 1.1 * u, heading.height)
        return self._build_plan([PlacedText(heading, page.x + 6 * u, y, "heading")], bar, fits=fits)

    def _plan_bullets(self, slide: Slide, page: Box, *, bold: bool = False) -> SlidePlan:
        """Plans a heading and bullets. Reduces the heading until the bullets have enough space."""
        plan = self._try_bullets(slide, page, _HEADINGS_U[0], bold)
        for largest_u in _HEADINGS_U[1:]:
            bullets = [text for text in plan.texts if text.marker is not None]
            if plan.fits and all(
                text.block.size_px >= COMFORTABLE_TEXT_U * self._u for text in bullets
            ):
                break
            plan = self._try_bullets(slide, page, largest_u, bold)
        return plan

    def _try_bullets(self, slide: Slide, page: Box, heading_u: float, bold: bool) -> SlidePlan:
        """Plans a heading of at most `heading_u` and bullets."""
        u = self._u
        sizes = (heading_u, min(heading_u, 3.4))
        heading, fits = self._text(slide.heading, 700, sizes, page.width, page.height * 0.4)
        texts = [PlacedText(heading, page.x, page.y, "heading")]
        top = page.y + heading.height + 2.2 * u
        bar = Box(page.x, top, 8 * u, 0.8 * u)
        top += 5.4 * u
        height = page.y + page.height - top
        indent = 6.2 * u
        sizes = (6.2 if len(slide.bullets) < 4 else 5.6, MIN_TEXT_U)
        bullets, gap = self._stack(slide.bullets, sizes, page.width - indent, height, 2.8)
        spare = height - sum(block.height for block in bullets) - gap * max(0, len(bullets) - 1)
        fits = fits and spare >= 0
        if len(bullets) > 1:
            extra = min(2.4 * u, max(0.0, spare) / (len(bullets) + 1))
            gap, spare = gap + extra, spare - extra * (len(bullets) - 1)
        y = top + max(0.0, spare) * 0.3
        for n, block in enumerate(bullets):
            texts.append(PlacedText(block, page.x + indent, y, "body", marker=n))
            y += block.height + gap
        return self._build_plan(texts, bar, bold=bold, fits=fits)

    def _plan_picture(self, slide: Slide, number: int, *, below: bool) -> SlidePlan:
        """Plans text and a picture, which is on the left and the right in turn.

        In formats that are not wide, and with `below` (charts), the picture is below the text.
        """
        page, u = self._page, self._u
        if below or not self._wide:
            share = 0.3 if below else 0.46
            text_box = Box(page.x, page.y, page.width, page.height * share)
            top = page.y + page.height * (share + 0.04)
            picture = Box(page.x, top, page.width, page.y + page.height - top)
        else:
            half = self._width * 0.46
            left = number % 2 == 1
            picture = Box(0.0 if left else self._width - half, 0.0, half, float(self._height))
            x = half + 6 * u if left else page.x
            text_box = Box(x, page.y, self._width - half - 6 * u - self._margin, page.height)
        plan = self._plan_bullets(slide, text_box)
        return SlidePlan(plan.texts, plan.bar, picture, plan.bold, plan.rtl, plan.fits)

    # --- text --------------------------------------------------------------------------------

    def _text(
        self, text: str, weight: int, sizes_u: tuple[float, float], width: float, height: float
    ) -> tuple[Block, bool]:
        """Returns the text at the largest size that fits, and whether that is in the range.

        A size below the range, of at least MIN_WORD_U, is preferred to a word that is cut.
        """
        style = Style(self._language, weight, self._serif)
        typeset = Text(text, style)
        readable = self._sizes(*sizes_u)
        for sizes in (
            (*readable, *self._sizes(sizes_u[1], MIN_WORD_U)[1:]),
            self._sizes(MIN_WORD_U, 1),
        ):
            block = typeset.fit(sizes, width, height, balanced=True)
            if block is not None:
                return block, block.size_px in readable
        return typeset.lay_out(self._sizes(1, 1)[-1], width), False

    def _stack(
        self, texts: tuple[str, ...], sizes_u: tuple[float, float], width: float, height: float,
        gap_u: float,
    ) -> tuple[list[Block], float]:  # fmt: skip
        """Returns all texts at the largest common size that fits or the smallest, and their gap."""
        typeset = [Text(text, Style(self._language)) for text in texts]
        sizes = (*self._sizes(*sizes_u), *self._sizes(sizes_u[1], 1)[1:])
        smallest_word = self._sizes(MIN_WORD_U, MIN_WORD_U)[0]
        uncut_sizes = [
            size for size in sizes if all(text.keeps_words(size, width) for text in typeset)
        ]
        blocks: list[Block] = []
        gap = gap_u * self._u
        for size_px in uncut_sizes if uncut_sizes and uncut_sizes[0] >= smallest_word else sizes:
            gap = gap_u * self._u * size_px / (sizes_u[0] * self._u)
            blocks = [text.lay_out(size_px, width) for text in typeset]
            if sum(block.height + gap for block in blocks) - gap <= height:
                break
        return blocks, gap

    def _sizes(self, largest_u: float, smallest_u: float) -> range:
        return range(round(largest_u * self._u), max(8, round(smallest_u * self._u)) - 1, -1)

    def _build_plan(
        self, texts: list[PlacedText], bar: Box, *, bold: bool = False, fits: bool
    ) -> SlidePlan:
        smallest = round(MIN_TEXT_U * self._u)
        readable = all(text.block.size_px >= smallest for text in texts)
        rtl = texts[0].block.rtl
        return SlidePlan(tuple(texts), bar, None, bold, rtl, fits and readable)
