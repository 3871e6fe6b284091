"""Layouts of two groups of bullets: two columns and comparison."""

from __future__ import annotations

from functions.slide_generation.drawing.layouts.page import MIN_TEXT_U, Draft, Page, stack_height
from functions.slide_generation.drawing.layouts.parts import add_card, add_heading, card_padding
from functions.slide_generation.drawing.plan import Box, PlacedIcon, PlacedText, Ring, SlidePlan
from shared.recipes.films.slides.layouts import count_first_column
from shared.recipes.films.slides.slide import Slide
from shared.typography.typesetting import Block

_COMFORTABLE_U = 3.4


def plan_columns(slide: Slide, page: Page) -> SlidePlan:
    """Plans two cards beside each other on a wide page, one above the other on a high page, and on
    a square one in the way in which their text has fewer lines, if it is readable.

    The cards of a comparison have their labels in colour, and a sign between them.
    """
    if page.wide or page.tall:
        return _plan_cards(slide, page, beside=page.wide)
    plans = [_plan_cards(slide, page, beside=beside) for beside in (True, False)]

    def rank(plan: SlidePlan) -> tuple[bool, int]:
        blocks = [text.block for text in plan.texts]
        smallest = min(block.size_px for block in blocks)
        readable = plan.fits and smallest >= round(_COMFORTABLE_U * page.u)
        return readable, -sum(len(block.lines) for block in blocks)

    return max(plans, key=rank)


def _plan_cards(slide: Slide, page: Page, *, beside: bool) -> SlidePlan:
    u, box = page.u, page.box
    comparison = slide.layout == "comparison"
    draft = Draft(page)
    icon = slide.icons[0] if len(slide.icons) == 1 else ""
    top = add_heading(draft, slide.heading, icon, share=0.26)
    first = count_first_column(len(slide.bullets))
    columns = [slide.bullets[:first], slide.bullets[first:]]
    # Cards that are only a line have no padding between their text and the sign.
    gap = (4.0 if not comparison else 12.0 if beside and page.theme.card == "rule" else 9.0) * u
    cards = _cards(box, top, gap, beside=beside)
    side, edge = card_padding(page.theme, u)
    width = cards[0].width - 2 * side
    labels: list[Block] = []
    if slide.labels:
        blocks, _ = page.fit_columns(
            [[label] for label in slide.labels], (6.0, MIN_TEXT_U), width, [12 * u] * 2, 0,
            weight=700,
        )  # fmt: skip
        labels = [column[0] for column in blocks]
    label_height = max((block.height for block in labels), default=0.0) + (2 * u if labels else 0)
    indent = 5.6 * u
    heights = [card.height - 2 * edge - label_height for card in cards]
    bullets, stack_gap = page.fit_columns(columns, (6.0, MIN_TEXT_U), width - indent, heights, 2.4)
    tallest = max(stack_height(column, stack_gap) for column in bullets)
    draft.fits &= tallest <= min(heights)
    # A card is not much higher than its text.
    height = min(cards[0].height, max(tallest + label_height + 2 * edge, cards[0].height * 0.62))
    step = 0.0 if beside else height + gap
    taken = height + step
    top += (box.y + box.height - top - taken) * (0.4 if beside else 0.3)
    cards = [Box(card.x, top + n * step, card.width, height) for n, card in enumerate(cards)]
    counted = page.theme.marker == "number"
    marker = 0
    for n, (card, column) in enumerate(zip(cards, bullets, strict=True)):
        add_card(draft, card, strong=comparison and n == 1)
        x, y = card.x + side, card.y + edge
        if labels:
            draft.texts.append(PlacedText(labels[n], x, y, "accent" if comparison else "heading"))
            y += label_height
        for block in column:
            if counted:
                # The bullets of columns have no common order.
                at = x + 1.5 * u, y + block.line_height * 0.52
                draft.shapes.append(Ring(*at, 0.8 * u, 0.8 * u, page.theme.accent))
            draft.texts.append(
                PlacedText(block, x + indent, y, "body", None if counted else marker)
            )
            y += block.height + stack_gap
            marker += 1
    if comparison:
        _add_sign(draft, cards)
    return draft.to_plan()


def _cards(box: Box, top: float, gap: float, *, beside: bool) -> list[Box]:
    height = box.y + box.height - top
    if beside:
        width = (box.width - gap) / 2
        return [Box(box.x, top, width, height), Box(box.x + width + gap, top, width, height)]
    half = (height - gap) / 2
    return [Box(box.x, top, box.width, half), Box(box.x, top + half + gap, box.width, half)]


def _add_sign(draft: Draft, cards: list[Box]) -> None:
    """Adds a sign of comparison between two cards."""
    theme, u = draft.page.theme, draft.page.u
    first, second = cards
    radius = 3.4 * u
    if first.y == second.y:
        x, y = (first.x + first.width + second.x) / 2, first.y + first.height / 2
        name = "arrow-left-right"
    else:
        x, y = first.x + first.width / 2, (first.y + first.height + second.y) / 2
        name = "arrow-up-down"
    draft.shapes.append(Ring(x, y, radius, radius, theme.accent))
    size = radius * 1.2
    draft.icons.append(PlacedIcon(name, x - size / 2, y - size / 2, size, theme.on_accent))
