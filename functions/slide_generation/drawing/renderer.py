"""Draws slides as planned by `layout`, with Pillow and Raqm."""

from __future__ import annotations

import io
from fractions import Fraction

from PIL import Image, ImageDraw, ImageOps

from functions.slide_generation.drawing.backgrounds import draw_background
from functions.slide_generation.drawing.icons import draw_icon
from functions.slide_generation.drawing.layout import NO_SUBTITLE_AREA, SlidePlanner
from functions.slide_generation.drawing.plan import (
    Box,
    PlacedText,
    SlidePlan,
    mirror_plan,
    text_edge,
)
from functions.slide_generation.drawing.shapes import draw_shape
from functions.slide_generation.drawing.themes import THEMES, Colour, Theme
from shared.recipes.films.deck import Deck
from shared.typography.drawing import draw_line
from shared.typography.faces import Style
from shared.typography.typesetting import Text

PNG_COMPRESSION = 1
"""The fastest level. Level 6 takes five times as long and saves a fifth of the size."""
OVERSAMPLING = 4
"""Factor of supersampling of markers, for smooth edges."""


class SlideRenderer:
    """Draws the slides of one deck.

    Args:
        subtitle_area: share of the height at the bottom that stays free of text.
    """

    def __init__(self, deck: Deck, subtitle_area: Fraction = NO_SUBTITLE_AREA) -> None:
        self._deck = deck
        self._theme = THEMES[deck.theme]
        self._planner = SlidePlanner(deck, self._theme, subtitle_area)
        self._width, self._height = deck.size
        self._u = min(deck.size) / 100

    def plan(self, number: int, *, picture: bool = False) -> SlidePlan:
        """Returns the layout of slide `number` (from 0)."""
        return self._planner.plan(self._deck.slides[number], number, picture=picture)

    def render(self, number: int, picture: Image.Image | None = None) -> Image.Image:
        """Returns slide `number` (from 0) as an RGB picture in the deck's size."""
        return self.draw(self.plan(number, picture=picture is not None), number, picture)

    def draw(self, plan: SlidePlan, number: int, picture: Image.Image | None = None) -> Image.Image:
        """Returns a plan as an RGB picture in the deck's size."""
        theme = self._theme
        plan = mirror_plan(plan, self._width)
        background = draw_background(theme.name, self._deck.size, bold=plan.bold, rtl=plan.rtl)
        image = background.copy()
        draw = ImageDraw.Draw(image)
        if plan.picture is not None and picture is not None:
            self._paste(image, plan.picture, picture)
        if plan.bar is not None:
            bar = plan.bar
            draw.rectangle((bar.x, bar.y, bar.x + bar.width - 1, bar.y + bar.height - 1),
                           fill=theme.accent)  # fmt: skip
        for shape in plan.shapes:
            draw_shape(image, shape)
        for icon in plan.icons:
            draw_icon(image, icon)
        colours = theme.text_colours
        for placed in plan.texts:
            self._draw_text(draw, placed, colours[placed.role], plan.rtl)
            if placed.marker is not None:
                self._draw_marker(image, draw, placed, plan.rtl)
        self._draw_progress(draw, number, plan.rtl)
        return image

    def moving_box(self, number: int) -> tuple[int, int, int, int] | None:
        """Returns the box of the picture of a slide, above the line of the progress: left, top,
        width and height in even numbers. None for a slide without a picture, or with a chart."""
        if self._deck.slides[number].layout != "picture":
            return None
        box = mirror_plan(self.plan(number, picture=True), self._width).picture
        if box is None:
            return None
        left, top = round(box.x), round(box.y)
        bottom = min(top + round(box.height), self._height - self._progress_height)
        right = left + round(box.width)
        left, top, right, bottom = left + left % 2, top + top % 2, right & ~1, bottom & ~1
        return left, top, right - left, bottom - top

    # --- parts -------------------------------------------------------------------------------

    def _draw_text(
        self, draw: ImageDraw.ImageDraw, placed: PlacedText, colour: Colour, rtl: bool
    ) -> None:
        edge, align = text_edge(placed, self._width, rtl=rtl)
        for n, line in enumerate(placed.block.lines):
            top = placed.y + n * placed.block.line_height
            draw_line(draw, placed.block, line.text, (edge, top), colour, rtl=rtl, align=align)

    def _draw_marker(
        self, image: Image.Image, draw: ImageDraw.ImageDraw, placed: PlacedText, rtl: bool
    ) -> None:
        theme, block = self._theme, placed.block
        size = block.size_px
        middle = placed.y + block.line_height * 0.52
        x = placed.x - 4.1 * self._u
        x = self._width - x if rtl else x
        if theme.marker == "number":
            number = Text(str((placed.marker or 0) + 1), Style("en", 700, theme.serif))
            label = number.lay_out(size, self._width)
            edge = x + label.width / 2 if rtl else x - label.width / 2
            top = placed.y + (block.line_height - label.line_height) / 2
            draw_line(draw, label, label.lines[0].text, (edge, top), theme.accent, rtl=rtl)
            return
        if theme.marker == "dash":
            half = size * 0.32
            draw.rectangle((x - half, middle - size * 0.05, x + half, middle + size * 0.04),
                           fill=theme.accent)  # fmt: skip
            return
        self._draw_shape(image, x, middle, size, theme)

    def _draw_shape(
        self, image: Image.Image, x: float, y: float, size: float, theme: Theme
    ) -> None:
        """Draws a round or square marker with smooth edges."""
        side = round(size * 0.52)
        mask = Image.new("L", (side * OVERSAMPLING, side * OVERSAMPLING))
        draw = ImageDraw.Draw(mask)
        full = side * OVERSAMPLING - 1
        if theme.marker == "square":
            inset = full * 0.12
            draw.rounded_rectangle((inset, inset, full - inset, full - inset), full * 0.14, 255)
        elif theme.marker == "ring":
            draw.ellipse((0, 0, full, full), outline=255, width=round(full * 0.22))
        else:
            inset = full * 0.12
            draw.ellipse((inset, inset, full - inset, full - inset), fill=255)
        mask = mask.resize((side, side), Image.Resampling.BOX)
        image.paste(theme.accent, (round(x - side / 2), round(y - side / 2)), mask)

    @property
    def _progress_height(self) -> int:
        return progress_height(self._u)

    def _draw_progress(self, draw: ImageDraw.ImageDraw, number: int, rtl: bool) -> None:
        """Draws the progress of the film as a line at the lower edge."""
        height = self._progress_height
        share = (number + 1) / len(self._deck.slides)
        length = round(self._width * share)
        start = self._width - length if rtl else 0
        draw.rectangle((start, self._height - height, start + length - 1, self._height - 1),
                       fill=self._theme.accent)  # fmt: skip

    def _paste(self, image: Image.Image, box: Box, picture: Image.Image) -> None:
        """Pastes a picture into its box; RGB pictures are resized to fit."""
        size, at = (round(box.width), round(box.height)), (round(box.x), round(box.y))
        if picture.mode == "RGBA":
            # A chart has the size of its box and a transparent background.
            image.paste(picture, at, picture)
            return
        fitted = ImageOps.fit(picture.convert("RGB"), size, Image.Resampling.LANCZOS)
        image.paste(fitted, at)


def progress_height(u: float) -> int:
    """Returns the height in px of the line that shows the progress, at the lower edge."""
    return max(2, round(0.7 * u))


def encode_png(image: Image.Image) -> bytes:
    """Returns the picture as a PNG file."""
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=PNG_COMPRESSION)
    return out.getvalue()
