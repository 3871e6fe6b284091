"""Layouts of bullets in an order: timeline and process."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from functions.slide_generation.drawing.layouts.page import MIN_TEXT_U, Draft, Page
from functions.slide_generation.drawing.layouts.parts import (
    add_card,
    add_disc,
    add_heading,
    card_padding,
)
from functions.slide_generation.drawing.plan import (
    Box,
    PlacedIcon,
    PlacedText,
    Ring,
    SlidePlan,
    Stroke,
)
from shared.recipes.films.slides.slide import Slide
from shared.typography.faces import Style
from shared.typography.typesetting import Block, Text

MAX_BESIDE = 5
"""The largest number of steps that stand beside each other."""
_COMFORTABLE_U, _MAX_LINES_BESIDE = 4.2, 4
"""Steps stand beside each other if their texts have at least this size, and no more lines."""

_MAX_FITS = 6


def plan_sequence(slide: Slide, page: Page) -> SlidePlan:
    """Plans steps beside each other if the page is wide and they are readable, else in rows."""
    rows = _plan_rows(slide, page)
    if page.wide and len(slide.bullets) <= MAX_BESIDE:
        plan = _plan_beside(slide, page)
        blocks = [text.block for text in plan.texts if text.role == "body"]
        readable = (
            min(block.size_px for block in blocks) >= round(_COMFORTABLE_U * page.u)
            and max(len(block.lines) for block in blocks) <= _MAX_LINES_BESIDE
        )
        if plan.fits and (readable or not rows.fits):
            return plan
    return rows


def _plan_beside(slide: Slide, page: Page) -> SlidePlan:
    u, box, theme = page.u, page.box, page.theme
    draft = Draft(page)
    top = add_heading(draft, slide.heading, _slide_icon(slide), share=0.26)
    count = len(slide.bullets)
    gap = (3.0 if slide.labels else 5.0) * u
    width = (box.width - gap * (count - 1)) / count
    side, edge = (0.0, 0.0) if slide.labels else card_padding(theme, u)
    radius = (1.5 if slide.labels else 4.6) * u
    labels = _fit_labels(slide.labels, page, width)
    label_height = max((label.height for label in labels), default=0.0)
    below = 2 * radius + (label_height + 4.4 * u if labels else edge + 2.4 * u)
    height = box.y + box.height - top - below
    columns, _ = page.fit_columns(
        [[text] for text in slide.bullets], (5.4, MIN_TEXT_U), width - 2 * side,
        [height - edge] * count, 0, balanced=True,
    )  # fmt: skip
    tallest = max(column[0].height for column in columns)
    spare = max(0.0, height - edge - tallest)
    top += spare * 0.42
    centres = [box.x + n * (width + gap) for n in range(count)]
    if labels:
        line_y = top + label_height + 2 * u + radius
        ends = (box.x + radius, line_y), (box.x + box.width, line_y)
        draft.shapes.append(Stroke(ends, theme.second, 0.5 * u))
        for x, label, text in zip(centres, labels, columns, strict=True):
            draft.texts.append(PlacedText(label, x, top + label_height - label.height, "accent"))
            add_disc(draft, x + radius, line_y, radius)
            draft.texts.append(PlacedText(text[0], x, line_y + radius + 2.4 * u, "body"))
        return draft.to_plan()
    card_height = below + tallest + edge
    for n, (x, text) in enumerate(zip(centres, columns, strict=True)):
        add_card(draft, Box(x, top, width, card_height))
        _add_node(draft, slide, n, (x + side + radius, top + edge + radius), radius)
        if n:
            size = 4 * u
            draft.icons.append(
                PlacedIcon("chevron-right", x - gap / 2 - size / 2, top + edge + radius - size / 2,
                           size, theme.accent)
            )  # fmt: skip
        y = top + edge + 2 * radius + 2.4 * u
        draft.texts.append(PlacedText(text[0], x + side, y, "body"))
    return draft.to_plan()


def _plan_rows(slide: Slide, page: Page) -> SlidePlan:
    """Plans one row for each step: its label, its number or icon, and its text."""
    u, box, theme = page.u, page.box, page.theme
    draft = Draft(page)
    top = add_heading(draft, slide.heading, _slide_icon(slide), share=0.26)
    radius = (1.5 if slide.labels else 3.8 if page.tall or len(slide.bullets) < 5 else 3.2) * u
    labels: list[Block] = []
    label_width = 0.0
    if slide.labels:
        labels = _fit_labels(slide.labels, page, box.width * 0.26, largest_u=4.8)
        label_width = max(block.width for block in labels) + 3 * u
    indent = label_width + 2 * radius + 3.4 * u
    height = box.y + box.height - top
    sizes = (6.2 if page.tall else 5.2, MIN_TEXT_U)
    text_height = height
    for _ in range(_MAX_FITS):
        blocks, gap = page.fit_stack(slide.bullets, sizes, box.width - indent, text_height, 3.6)
        rows = [
            # The first line of a text is in the middle of its disc.
            max(
                block.height + max(0.0, radius - block.line_height / 2),
                2 * radius,
                label.height if label else 0.0,
            )
            for block, label in zip_longest(blocks, labels)
        ]
        spare = height - sum(rows) - gap * (len(rows) - 1)
        if spare >= 0:
            break
        # Rows are higher than their texts.
        text_height += spare
    draft.fits &= spare >= 0
    gap += min((12 if page.tall else 4) * u, max(0.0, spare) / (len(rows) + 1))
    spare = max(0.0, height - sum(rows) - gap * (len(rows) - 1))
    y = top + spare * 0.3
    left = box.x
    if page.centred:
        left += (box.width - indent - max(block.width for block in blocks)) / 2
    x = left + label_width + radius
    middles = []
    for n, (block, row) in enumerate(zip(blocks, rows, strict=True)):
        middle = y + max(block.line_height, 2 * radius) / 2
        middles.append(middle)
        text_y = (
            middle - block.line_height / 2 if len(block.lines) > 1 else middle - block.height / 2
        )
        draft.texts.append(PlacedText(block, left + indent, text_y, "body"))
        if labels:
            label = labels[n]
            label_y = middle - label.line_height / 2
            draft.texts.append(
                PlacedText(label, left + label_width - 3 * u, label_y, "accent", align="end")
            )
        y += row + gap
    ends = ((x, middles[0]), (x, middles[-1]))
    draft.shapes.append(Stroke(ends, theme.second, 0.5 * u))
    for n, middle in enumerate(middles):
        if labels:
            add_disc(draft, x, middle, radius)
        else:
            _add_node(draft, slide, n, (x, middle), radius)
    return draft.to_plan()


def _add_node(draft: Draft, slide: Slide, n: int, at: tuple[float, float], radius: float) -> None:
    """Adds a disc with the icon of a step, or its number from 1."""
    theme = draft.page.theme
    x, y = at
    draft.shapes.append(Ring(x, y, radius, radius, theme.accent))
    if len(slide.icons) == len(slide.bullets):
        size = radius * 1.16
        draft.icons.append(
            PlacedIcon(slide.icons[n], x - size / 2, y - size / 2, size, theme.on_accent)
        )
        return
    text = Text(str(n + 1), Style("en", 700, theme.serif))
    block = text.lay_out(round(radius * 1.1), 4 * radius)
    draft.texts.append(PlacedText(block, x, y - block.line_height / 2, "on_accent", align="middle"))


def _slide_icon(slide: Slide) -> str:
    return slide.icons[0] if len(slide.icons) == 1 else ""


def _fit_labels(
    labels: Sequence[str], page: Page, width: float, *, largest_u: float = 5.6
) -> list[Block]:
    columns, _ = page.fit_columns(
        [[text] for text in labels], (largest_u, MIN_TEXT_U), width, [12 * page.u] * len(labels), 0,
        weight=700,
    )  # fmt: skip
    return [column[0] for column in columns]
