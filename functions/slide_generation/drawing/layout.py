"""Where on a slide what stands: boxes and blocks of text, before a pixel is drawn.

Lengths are in hundredths of the picture's short side (`u`) until they are pixels. What is written
from right to left is laid out as in a mirror; `drawing` turns it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from functions.slide_generation.drawing.themes import Theme
from shared.recipes.films.deck import Deck, Slide
from shared.typography.typesetting import Block, Style, Text

Role = Literal["heading", "body", "muted"]
MIN_TEXT_U = 2.6
"""Below this a text cannot be read in a room; a slide is split instead."""
COMFORTABLE_TEXT_U = 4.0
"""Below this points are hard to read: a large heading above them gives way first."""
NO_SUBTITLE_ROOM = Fraction(0)
_HEADINGS_U = (7.4, 5.6, 4.4)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in px."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A block and where its first line begins; `marker`: its number among the points, or None."""

    block: Block
    x: float
    y: float
    role: Role
    marker: int | None = None


@dataclass(frozen=True, slots=True)
class SlidePlan:
    """A slide, ready to be drawn. `bar` is a short line in the accent's colour."""

    texts: tuple[PlacedText, ...]
    bar: Box | None
    picture: Box | None
    bold: bool
    rtl: bool
    fits: bool


class SlidePlanner:
    """Plans the slides of one deck. With `below` so much of the height stays free of text."""

    def __init__(
        self, deck: Deck, theme: Theme, subtitle_room: Fraction = NO_SUBTITLE_ROOM
    ) -> None:
        self._width, self._height = deck.size
        self._u = min(deck.size) / 100
        self._language = deck.language
        self._serif = theme.serif
        wide = self._width > self._height
        self._margin = (9 if wide else 8.5) * self._u
        top = (9 if wide else 14) * self._u
        bottom = max((11 if wide else 16) * self._u, float(subtitle_room * self._height))
        self._page = Box(
            self._margin, top, self._width - 2 * self._margin, self._height - top - bottom
        )
        self._wide = wide

    def plan(self, slide: Slide, number: int, *, picture: bool = False) -> SlidePlan:
        """`number` counts from 0; `picture`: there is one to show on it."""
        if slide.layout in ("picture", "chart") and picture:
            return self._beside(slide, number, below=slide.layout == "chart")
        if slide.layout == "title":
            return self._title(slide)
        if slide.layout == "statement" and not slide.bullets:
            return self._statement(slide)
        return self._points(slide, self._page, bold=slide.layout == "closing")

    # --- layouts -----------------------------------------------------------------------------

    def _title(self, slide: Slide) -> SlidePlan:
        page, u = self._page, self._u
        width = page.width * (0.86 if self._wide else 1)
        heading, fits = self._text(slide.heading, 700, (12, 3.4), width, page.height * 0.58)
        under, gap = self._stack(slide.bullets, (5, MIN_TEXT_U), width, page.height * 0.26, 1.2)
        texts_height = heading.height + (3.5 * u + sum(one.height + gap for one in under))
        y = page.y + (page.height - texts_height) * 0.5 + 2 * u
        bar = Box(page.x, y - 5 * u, 11 * u, 1.1 * u)
        texts = [PlacedText(heading, page.x, y, "heading")]
        y += heading.height + 3.5 * u
        for one in under:
            texts.append(PlacedText(one, page.x, y, "muted"))
            y += one.height + gap
        return self._done(texts, bar, bold=True, fits=fits)

    def _statement(self, slide: Slide) -> SlidePlan:
        page, u = self._page, self._u
        heading, fits = self._text(slide.heading, 600, (10, 3.4), page.width - 7 * u, page.height)
        y = page.y + (page.height - heading.height) / 2
        bar = Box(page.x, y, 1.1 * u, heading.height)
        return self._done([PlacedText(heading, page.x + 6 * u, y, "heading")], bar, fits=fits)

    def _points(self, slide: Slide, page: Box, *, bold: bool = False) -> SlidePlan:
        """A heading and points below it: a heading gives way to points that need the room."""
        plan = self._pointed(slide, page, _HEADINGS_U[0], bold)
        for largest_u in _HEADINGS_U[1:]:
            points = [one for one in plan.texts if one.marker is not None]
            if plan.fits and all(
                one.block.size_px >= COMFORTABLE_TEXT_U * self._u for one in points
            ):
                break
            plan = self._pointed(slide, page, largest_u, bold)
        return plan

    def _pointed(self, slide: Slide, page: Box, heading_u: float, bold: bool) -> SlidePlan:
        u = self._u
        sizes = (heading_u, min(heading_u, 3.4))
        heading, fits = self._text(slide.heading, 700, sizes, page.width, page.height * 0.4)
        texts = [PlacedText(heading, page.x, page.y, "heading")]
        top = page.y + heading.height + 2.2 * u
        bar = Box(page.x, top, 8 * u, 0.8 * u)
        top += 5.4 * u
        room = page.y + page.height - top
        indent = 6.2 * u
        sizes = (6.2 if len(slide.bullets) < 4 else 5.6, MIN_TEXT_U)
        points, gap = self._stack(slide.bullets, sizes, page.width - indent, room, 2.8)
        spare = room - sum(one.height for one in points) - gap * max(0, len(points) - 1)
        fits = fits and spare >= 0
        if len(points) > 1:
            more = min(2.4 * u, max(0.0, spare) / (len(points) + 1))
            gap, spare = gap + more, spare - more * (len(points) - 1)
        y = top + max(0.0, spare) * 0.3
        for n, one in enumerate(points):
            texts.append(PlacedText(one, page.x + indent, y, "body", marker=n))
            y += one.height + gap
        return self._done(texts, bar, bold=bold, fits=fits)

    def _beside(self, slide: Slide, number: int, *, below: bool) -> SlidePlan:
        """A picture on the left or the right in turn; in high formats, and charts, below."""
        page, u = self._page, self._u
        if below or not self._wide:
            share = 0.3 if below else 0.46
            words = Box(page.x, page.y, page.width, page.height * share)
            top = page.y + page.height * (share + 0.04)
            picture = Box(page.x, top, page.width, page.y + page.height - top)
        else:
            half = self._width * 0.46
            left = number % 2 == 1
            picture = Box(0.0 if left else self._width - half, 0.0, half, float(self._height))
            x = half + 6 * u if left else page.x
            words = Box(x, page.y, self._width - half - 6 * u - self._margin, page.height)
        plan = self._points(slide, words)
        return SlidePlan(plan.texts, plan.bar, picture, plan.bold, plan.rtl, plan.fits)

    # --- text --------------------------------------------------------------------------------

    def _text(
        self, text: str, weight: int, sizes_u: tuple[float, float], width: float, height: float
    ) -> tuple[Block, bool]:
        style = Style(self._language, weight, self._serif)
        made = Text(text, style)
        block = made.fit(self._sizes(*sizes_u), width, height, balanced=True)
        if block is not None:
            return block, True
        smallest = self._sizes(sizes_u[1], 1)
        return made.fit(smallest, width, height) or made.lay_out(smallest[-1], width), False

    def _stack(
        self, texts: tuple[str, ...], sizes_u: tuple[float, float], width: float, height: float,
        gap_u: float,
    ) -> tuple[list[Block], float]:  # fmt: skip
        """All texts at one size at which they fit together, or at the smallest one."""
        made = [Text(one, Style(self._language)) for one in texts]
        low = self._sizes(sizes_u[1], 1)
        blocks: list[Block] = []
        gap = gap_u * self._u
        for size_px in (*self._sizes(*sizes_u), *low):
            gap = gap_u * self._u * size_px / (sizes_u[0] * self._u)
            blocks = [one.lay_out(size_px, width) for one in made]
            if sum(one.height + gap for one in blocks) - gap <= height:
                break
        return blocks, gap

    def _sizes(self, largest_u: float, smallest_u: float) -> range:
        return range(round(largest_u * self._u), max(8, round(smallest_u * self._u)) - 1, -1)

    def _done(
        self, texts: list[PlacedText], bar: Box, *, bold: bool = False, fits: bool
    ) -> SlidePlan:
        smallest = round(MIN_TEXT_U * self._u)
        readable = all(one.block.size_px >= smallest for one in texts)
        rtl = texts[0].block.rtl
        return SlidePlan(tuple(texts), bar, None, bold, rtl, fits and readable)
