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
from functions.slide_generation.drawing.layouts.parts import HEADING_U, add_heading
from functions.slide_generation.drawing.layouts.sequences import plan_sequence
from functions.slide_generation.drawing.plan import Box, PlacedIcon, PlacedText, SlidePlan
from functions.slide_generation.drawing.themes import Theme
from shared.recipes.films.deck import Deck
from shared.recipes.films.slides.layouts import select_drawn_layout, to_bullets
from shared.recipes.films.slides.slide import Slide

COMFORTABLE_TEXT_U = 4.0
"""Minimum comfortable size of bullets; the heading is reduced before bullets get smaller."""
NO_SUBTITLE_AREA = Fraction(0)
_HEADINGS_U = (HEADING_U, 5.6, 4.4)
"""Maximum sizes of a heading above bullets, in the order in which they are tried."""
_BULLETS_U = {1: 7.4, 2: 7.4, 3: 6.8, 4: 6.2}
"""Maximum size of few bullets, which would leave most of the page empty."""
_MANY_BULLETS_U = 5.6
_MAX_SHARE_OF_HEADING = 0.88
"""Large bullets are still smaller than their heading."""


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
        tall = height > width
        margin = (9 if width > height else 8.5) * u
        # Players of vertical films lay their controls over both ends.
        top = (14 if tall else 9) * u
        bottom = max((16 if tall else 11) * u, float(subtitle_area * height))
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
    badge = slide.icons[0] if len(slide.icons) == 1 and box.width > 60 * u else ""
    top = add_heading(draft, slide.heading, badge, share=0.4, largest_u=heading_u) + 2 * u
    height = box.y + box.height - top
    indent = (8.2 if icons else 6.2) * u
    largest_u = min(
        _BULLETS_U.get(len(slide.bullets), _MANY_BULLETS_U),
        max(_MANY_BULLETS_U, draft.texts[0].block.size_px / u * _MAX_SHARE_OF_HEADING),
    )
    bullets, gap = page.fit_stack(
        slide.bullets, (largest_u, MIN_TEXT_U), box.width - indent, height, 2.8
    )
    spare = height - stack_height(bullets, gap)
    draft.fits = draft.fits and spare >= 0
    if len(bullets) > 1:
        extra = min((6 if page.tall else 3) * u, max(0.0, spare) / (len(bullets) + 1))
        gap, spare = gap + extra, spare - extra * (len(bullets) - 1)
    y = top + max(0.0, spare) * 0.36
    left = box.x
    if page.centred:
        # The bullets begin below each other, in the middle of the page as a group.
        widest = max((block.width for block in bullets), default=0.0)
        left += max(0.0, box.width - indent - widest) / 2
    for n, block in enumerate(bullets):
        draft.texts.append(PlacedText(block, left + indent, y, "body", marker=None if icons else n))
        if icons:
            size = min(5.4 * u, block.line_height * 0.92)
            at = y + (block.line_height - size) / 2
            draft.icons.append(PlacedIcon(icons[n], left, at, size, theme.accent))
        y += block.height + gap
    return draft.to_plan(bold=bold)
