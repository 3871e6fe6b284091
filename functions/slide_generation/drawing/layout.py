"""Plans the layout of slides: chooses the layout, and plans bullets and pictures."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from functions.slide_generation.drawing.layouts.charts import plan_chart
from functions.slide_generation.drawing.layouts.columns import plan_columns
from functions.slide_generation.drawing.layouts.emphasis import (
    plan_number,
    plan_quote,
    plan_statement,
    plan_title,
)
from functions.slide_generation.drawing.layouts.page import MIN_TEXT_U, Draft, Page, stack_height
from functions.slide_generation.drawing.layouts.parts import add_badge, heading_bar
from functions.slide_generation.drawing.layouts.sequences import plan_sequence
from functions.slide_generation.drawing.plan import Box, PlacedIcon, PlacedText, SlidePlan
from functions.slide_generation.drawing.themes import Theme
from shared.recipes.films.deck import Deck
from shared.recipes.films.slides.layouts import select_drawn_layout, to_bullets
from shared.recipes.films.slides.slide import Slide

COMFORTABLE_TEXT_U = 4.0
"""Minimum comfortable size of bullets; the heading is reduced before bullets get smaller."""
NO_SUBTITLE_AREA = Fraction(0)
_HEADINGS_U = (7.4, 5.6, 4.4)
"""Maximum sizes of a heading above bullets, in the order in which they are tried."""


class SlidePlanner:
    """Plans the slides of one deck.

    Args:
        subtitle_area: share of the height at the bottom that stays free of text.
    """

    def __init__(
        self, deck: Deck, theme: Theme, subtitle_area: Fraction = NO_SUBTITLE_AREA
    ) -> None:
        width, height = deck.size
        u = min(deck.size) / 100
        wide = width > height
        margin = (9 if wide else 8.5) * u
        top = (9 if wide else 14) * u
        bottom = max((11 if wide else 16) * u, float(subtitle_area * height))
        box = Box(margin, top, width - 2 * margin, height - top - bottom)
        self._page = Page(box, width, height, deck.language, theme)

    def plan(self, slide: Slide, number: int, *, picture: bool = False) -> SlidePlan:
        """Plans a slide.

        A slide is planned with bullets if its layout lacks something or its text does not fit.

        Args:
            number: index of the slide from 0.
            picture: whether there is a picture to show.
        """
        layout = select_drawn_layout(slide, picture=picture)
        plan = self._plan_layout(slide, layout, number)
        if plan is None or not plan.fits:
            bullets = to_bullets(slide, self._page.language)
            if plan is None or (bullets != slide and layout in _REPLACEABLE):
                return self._plan_bullets(bullets, self._page)
        return plan

    def _plan_layout(self, slide: Slide, layout: str, number: int) -> SlidePlan | None:
        """Returns the plan of a layout; None for bullets."""
        page = self._page
        if layout == "picture" or (layout == "chart" and slide.chart is None):
            return self._plan_picture(slide, number, below=layout == "chart")
        if layout == "chart" and slide.chart is not None:
            return plan_chart(slide, slide.chart, page)
        if layout == "title":
            return plan_title(slide, page)
        if layout == "closing":
            return self._plan_bullets(slide, page, bold=True)
        planners = {
            "statement": plan_statement,
            "number": plan_number,
            "quote": plan_quote,
            "columns": plan_columns,
            "comparison": plan_columns,
            "timeline": plan_sequence,
            "process": plan_sequence,
        }
        planner = planners.get(layout)
        return planner(slide, page) if planner else None

    # --- bullets -----------------------------------------------------------------------------

    def _plan_bullets(self, slide: Slide, page: Page, *, bold: bool = False) -> SlidePlan:
        """Plans a heading and bullets. Reduces the heading until the bullets have enough space."""
        plan = _try_bullets(slide, page, _HEADINGS_U[0], bold)
        for largest_u in _HEADINGS_U[1:]:
            bullets = [text for text in plan.texts if text.marker is not None]
            if plan.fits and all(
                text.block.size_px >= COMFORTABLE_TEXT_U * page.u for text in bullets
            ):
                break
            plan = _try_bullets(slide, page, largest_u, bold)
        return plan

    def _plan_picture(self, slide: Slide, number: int, *, below: bool) -> SlidePlan:
        """Plans text and a picture, which is on the left and the right in turn.

        In formats that are not wide, and with `below` (charts), the picture is below the text.
        """
        page, box, u = self._page, self._page.box, self._page.u
        if below or not page.wide:
            share = 0.3 if below else 0.46
            text_box = Box(box.x, box.y, box.width, box.height * share)
            top = box.y + box.height * (share + 0.04)
            picture = Box(box.x, top, box.width, box.y + box.height - top)
        else:
            half = page.width * 0.46
            left = number % 2 == 1
            picture = Box(0.0 if left else page.width - half, 0.0, half, float(page.height))
            x = half + 6 * u if left else box.x
            text_box = Box(x, box.y, page.width - half - 6 * u - box.x, box.height)
        plan = self._plan_bullets(slide, replace(page, box=text_box))
        return replace(plan, picture=picture)


_REPLACEABLE = ("number", "quote", "columns", "comparison", "timeline", "process", "chart")
"""The layouts whose text is drawn as bullets if it does not fit."""


def _try_bullets(slide: Slide, page: Page, heading_u: float, bold: bool) -> SlidePlan:
    """Plans a heading of at most `heading_u` and bullets, each with its icon if all have one."""
    u, box, theme = page.u, page.box, page.theme
    draft = Draft(page)
    icons = slide.icons if len(slide.icons) == len(slide.bullets) > 1 else ()
    if bold and not icons:
        icons = ("circle-check",) * len(slide.bullets)
    badge = len(slide.icons) == 1 and box.width > 60 * u
    sizes = (heading_u * theme.scale, min(heading_u, 3.4))
    width = box.width - (14 * u if badge else 0)
    heading, draft.fits = page.fit_text(slide.heading, theme.weight, sizes, width, box.height * 0.4)
    draft.texts.append(PlacedText(heading, box.x, box.y, "heading"))
    if badge:
        add_badge(draft, slide.icons[0], box.x + box.width - 11 * u, box.y, 11 * u)
    draft.bar = heading_bar(
        replace(page, theme=replace(theme, align="start")), heading, box.y, box.x
    )
    top = max(box.y + heading.height, box.y + 9.5 * u if badge else 0.0) + 7.6 * u
    height = box.y + box.height - top
    indent = (8.2 if icons else 6.2) * u
    sizes = (6.2 if len(slide.bullets) < 4 else 5.6, MIN_TEXT_U)
    bullets, gap = page.fit_stack(slide.bullets, sizes, box.width - indent, height, 2.8)
    spare = height - stack_height(bullets, gap)
    draft.fits = draft.fits and spare >= 0
    if len(bullets) > 1:
        extra = min(2.4 * u, max(0.0, spare) / (len(bullets) + 1))
        gap, spare = gap + extra, spare - extra * (len(bullets) - 1)
    y = top + max(0.0, spare) * 0.3
    for n, block in enumerate(bullets):
        x = box.x + indent
        draft.texts.append(PlacedText(block, x, y, "body", marker=None if icons else n))
        if icons:
            size = min(5.4 * u, block.line_height * 0.92)
            at = y + (block.line_height - size) / 2
            draft.icons.append(PlacedIcon(icons[n], box.x, at, size, theme.accent))
        y += block.height + gap
    return draft.to_plan(bold=bold)
