"""The pages of a deck as elements of a plan, for files that are not pictures: PDF and PPTX."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from functions.slide_generation.drawing.backgrounds import draw_background
from functions.slide_generation.drawing.plan import (
    Box,
    Panel,
    PlacedText,
    Ring,
    Shape,
    SlidePlan,
    mirror_plan,
)
from functions.slide_generation.drawing.renderer import SlideRenderer, progress_height
from functions.slide_generation.drawing.themes import THEMES, Theme
from shared.recipes.films.deck import Deck, Slide, picture_size
from shared.typography.faces import Style
from shared.typography.typesetting import Text

MARKER_DISTANCE_U = 4.1
"""The distance of a marker's middle to its bullet, as `SlideRenderer` draws it."""


class DocumentFailed(Exception):
    """A document could not be made of a deck."""


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """A picture file, cropped to the box of its slide. `alt` describes it to those who do not see
    it; "" for one that only decorates."""

    data: bytes
    content_type: str
    alt: str


@dataclass(frozen=True, slots=True)
class Page:
    """One slide to be exported.

    Attributes:
        plan: At its place on the page; `text_edge` places its texts.
        picture: What is in `plan.picture`.
    """

    number: int
    slide: Slide
    plan: SlidePlan
    picture: EncodedPicture | None = None


@dataclass(frozen=True)
class DeckPages:
    """The pages of a deck, in the sizes in which its slides are drawn.

    Args:
        pictures: the picture of each slide, or None.
    """

    deck: Deck
    pictures: Sequence[EncodedPicture | None]
    subtitle_area: Fraction = Fraction(0)
    _backgrounds: dict[tuple[bool, bool], bytes] = field(default_factory=dict, repr=False)

    @property
    def theme(self) -> Theme:
        """The theme of the deck."""
        return THEMES[self.deck.theme]

    @property
    def u(self) -> float:
        """A hundredth of the short side, in px."""
        return min(self.deck.size) / 100

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """The pages, in order."""
        renderer = SlideRenderer(self.deck, self.subtitle_area)
        pages = []
        for number, slide in enumerate(self.deck.slides):
            picture = self.pictures[number]
            plan = mirror_plan(
                renderer.plan(number, picture=picture is not None), self.deck.size[0]
            )
            pages.append(Page(number, slide, plan, picture))
        return tuple(pages)

    def background(self, *, bold: bool, rtl: bool) -> bytes:
        """Returns the background of a page as a PNG file, 1,080 px on its short side."""
        key = bold, rtl
        if key not in self._backgrounds:
            size = picture_size(self.deck.aspect, "1080p")
            image = draw_background(self.deck.theme, size, bold=bold, rtl=rtl)
            out = io.BytesIO()
            image.save(out, "PNG")
            self._backgrounds[key] = out.getvalue()
        return self._backgrounds[key]

    def markers(self, page: Page) -> tuple[tuple[Shape, ...], tuple[PlacedText, ...]]:
        """Returns the markers of the bullets of a page: shapes at their place, and numbers as texts
        in the colour of the accent."""
        width, rtl = self.deck.size[0], page.plan.rtl
        shapes: list[Shape] = []
        numbers: list[PlacedText] = []
        for placed in page.plan.texts:
            if placed.marker is None:
                continue
            x = placed.x - MARKER_DISTANCE_U * self.u
            if self.theme.marker == "number":
                numbers.append(self._number(placed, x))
            else:
                shapes.append(self._marker(placed, width - x if rtl else x))
        return tuple(shapes), tuple(numbers)

    def progress(self, page: Page) -> Box:
        """Returns the line at the lower edge that shows the progress."""
        width, height = self.deck.size
        thickness = progress_height(self.u)
        length = width * (page.number + 1) / len(self.deck.slides)
        return Box(width - length if page.plan.rtl else 0, height - thickness, length, thickness)

    def bar(self, page: Page) -> Iterator[Panel]:
        """Yields the line of the heading, if there is one."""
        if page.plan.bar is not None:
            yield Panel(page.plan.bar, self.theme.accent)

    def _number(self, placed: PlacedText, x: float) -> PlacedText:
        size = placed.block.size_px
        text = Text(str((placed.marker or 0) + 1), Style("en", 700, self.theme.serif))
        label = text.lay_out(size, self.deck.size[0])
        y = placed.y + (placed.block.line_height - label.line_height) / 2
        return PlacedText(label, x, y, "accent", align="middle")

    def _marker(self, placed: PlacedText, x: float) -> Shape:
        size, colour = placed.block.size_px, self.theme.accent
        y = placed.y + placed.block.line_height * 0.52
        if self.theme.marker == "dash":
            return Panel(Box(x - size * 0.32, y - size * 0.05, size * 0.64, size * 0.09), colour)
        side = size * 0.52
        if self.theme.marker == "ring":
            return Ring(x, y, side / 2, side * 0.22, colour)
        side *= 0.76
        if self.theme.marker == "square":
            return Panel(Box(x - side / 2, y - side / 2, side, side), colour, side * 0.18)
        return Ring(x, y, side / 2, side / 2, colour)
