"""Layouts of one strong text: title, statement, big number and quote."""

from __future__ import annotations

from functions.slide_generation.drawing.layouts.page import MIN_TEXT_U, Draft, Page, stack_height
from functions.slide_generation.drawing.layouts.parts import add_badge
from functions.slide_generation.drawing.plan import (
    Box,
    PlacedIcon,
    PlacedText,
    SlidePlan,
    TextAlign,
)
from shared.recipes.films.slides.slide import Slide

_MIN_NUMBER_U = 12
"""A number that is smaller in one line is no big number."""
_QUOTES = '"“”„«»‹›「」『』'


def plan_title(slide: Slide, page: Page) -> SlidePlan:
    """Plans the title of a film, with a line above it, and its subtitles."""
    box, u, theme = page.box, page.u, page.theme
    draft = Draft(page)
    width = box.width * (0.86 if page.wide else 1)
    sizes = (12 * theme.scale, 3.4)
    heading, draft.fits = page.fit_text(slide.heading, theme.weight, sizes, width, box.height * 0.5)
    subtitles, gap = page.fit_stack(slide.bullets, (5, MIN_TEXT_U), width, box.height * 0.26, 1.2)
    icon_height = 15 * u if slide.icons else 0.0
    height = heading.height + 3.5 * u + sum(block.height + gap for block in subtitles) + icon_height
    y = box.y + (box.height - height) * 0.5 + 2 * u
    x, align = _start(page)
    if slide.icons:
        size = 11 * u
        add_badge(draft, slide.icons[0], x - size / 2 if align == "middle" else x, y, size)
        y += icon_height
        if theme.rule == "side":
            draft.bar = Box(box.x - 3.4 * u, y, 1.4 * u, heading.height)
    else:
        left = x - 5.5 * u if align == "middle" else x
        draft.bar = Box(left, y - 5 * u, 11 * u, 1.1 * u)
    draft.texts.append(PlacedText(heading, x, y, "heading", align=align))
    draft.stack(subtitles, (x, y + heading.height + 3.5 * u), gap, "muted", align)
    return draft.to_plan(bold=True)


def plan_statement(slide: Slide, page: Page) -> SlidePlan:
    """Plans one sentence in the middle of the page, and its only bullet below."""
    box, u, theme = page.box, page.u, page.theme
    draft = Draft(page)
    x, align = _start(page)
    indent = 0.0 if align == "middle" else 6 * u
    width = box.width - indent - u
    icon_height = 14 * u if slide.icons else 0.0
    lines, gap = page.fit_stack(slide.bullets, (6.4, MIN_TEXT_U), width, box.height * 0.4, 1.4)
    distance = (7 if align == "middle" else 5) * u if lines else 0.0
    below = stack_height(lines, gap) + distance
    heading, draft.fits = page.fit_text(
        slide.heading, min(theme.weight, 700), (10 * theme.scale, 3.4), width,
        box.height - icon_height - below,
    )  # fmt: skip
    y = box.y + (box.height - heading.height - icon_height - below) / 2
    if slide.icons:
        size = 10.5 * u
        left = x - size / 2 if align == "middle" else x + indent
        add_badge(draft, slide.icons[0], left, y, size)
    y += icon_height
    draft.texts.append(PlacedText(heading, x + indent, y, "heading", align=align))
    end = y + heading.height
    if align == "middle":
        draft.bar = Box(x - 5 * u, end + 3 * u, 10 * u, 0.8 * u)
    else:
        draft.bar = Box(x, y, 1.1 * u, heading.height + below)
    draft.stack(lines, (x + indent, end + distance), gap, "body", align)
    return draft.to_plan()


def plan_number(slide: Slide, page: Page) -> SlidePlan:
    """Plans a big number with what it is the number of."""
    box, u, theme = page.box, page.u, page.theme
    draft = Draft(page)
    x, align = _start(page)
    icon_height = 13 * u if slide.icons else 0.0
    weight = max(700, theme.weight)
    sizes = (34 if page.wide else 30, _MIN_NUMBER_U)
    number, draft.fits = page.fit_line(slide.number, weight, sizes, box.width)
    largest = 6.4 if slide.bullets else 8.4
    heading, fits = page.fit_text(
        slide.heading, min(700, theme.weight), (largest, 3.2), box.width, box.height * 0.26
    )
    draft.fits &= fits
    rest = box.height - icon_height - number.height - heading.height - 3 * u
    notes, gap = page.fit_stack(slide.bullets, (5, MIN_TEXT_U), box.width, rest, 1.4)
    height = icon_height + number.height + heading.height + sum(b.height + gap for b in notes)
    y = box.y + max(0.0, box.height - height - 3 * u) / 2
    if slide.icons:
        size = 10 * u
        add_badge(draft, slide.icons[0], x - size / 2 if align == "middle" else x, y, size)
    y += icon_height
    draft.texts.append(PlacedText(number, x, y, "accent", align=align))
    y += number.height
    draft.texts.append(PlacedText(heading, x, y, "heading", align=align))
    draft.stack(notes, (x, y + heading.height + 3 * u), gap, "muted", align)
    return draft.to_plan(bold=True)


def plan_quote(slide: Slide, page: Page) -> SlidePlan:
    """Plans a quotation, and who said it below."""
    box, u, theme = page.box, page.u, page.theme
    draft = Draft(page)
    x, align = _start(page)
    mark = 13 * u
    text = slide.heading.strip(_QUOTES + " ") or slide.heading
    width = box.width * (0.9 if page.wide else 1)
    heading, draft.fits = page.fit_text(
        text, min(theme.weight, 600), (8.4, 3.4), width, box.height - mark - 12 * u
    )
    names, gap = page.fit_stack(slide.bullets, (4.4, MIN_TEXT_U), width - 8 * u, 9 * u, 1)
    height = mark + heading.height + (4 * u + sum(block.height for block in names))
    y = box.y + (box.height - height) / 2
    left = x - mark * 0.4 if align == "middle" else x
    draft.icons.append(PlacedIcon("quote", left, y, mark * 0.8, theme.accent))
    y += mark
    draft.texts.append(PlacedText(heading, x, y, "heading", align=align))
    y += heading.height + 4 * u
    if names:
        line_y = y + names[0].line_height * 0.5
        if align == "middle":
            draft.bar = Box(x - 3 * u, y - 1.4 * u, 6 * u, 0.5 * u)
            draft.stack(names, (x, y + u), gap, "muted", align)
        else:
            draft.bar = Box(x, line_y - 0.25 * u, 5 * u, 0.5 * u)
            draft.stack(names, (x + 8 * u, y), gap, "muted")
    return draft.to_plan(bold=True)


def _start(page: Page) -> tuple[float, TextAlign]:
    """Returns where the lines of a strong text begin or have their middle."""
    if page.centred:
        return page.box.x + page.box.width / 2, "middle"
    return page.box.x, "start"
