"""Parts that several layouts have: the heading with its line and icon, and cards."""

from __future__ import annotations

from dataclasses import replace

from functions.slide_generation.drawing.layouts.page import Draft, Page
from functions.slide_generation.drawing.plan import Box, Panel, PlacedIcon, PlacedText, Ring
from functions.slide_generation.drawing.themes import Theme
from shared.typography.typesetting import Block

HEADING_U = 7.0
"""Maximum size of a heading above cards, charts and sequences."""
MIN_HEADING_U = 3.4


def add_heading(
    draft: Draft, text: str, icon: str = "", *, share: float = 0.3, largest_u: float = HEADING_U
) -> float:
    """Adds the heading of a slide at the top of the page. Returns the lower edge of its parts.

    Args:
        share: the largest share of the page's height for the heading.
        largest_u: the largest size in themes whose headings are neither larger nor smaller.
    """
    page, theme, u = draft.page, draft.page.theme, draft.page.u
    box = page.box
    middle = page.centred
    reserved = 13 * u if icon else 0.0
    width = box.width - reserved * (2 if middle else 1)
    sizes = (largest_u * theme.scale, min(largest_u, MIN_HEADING_U))
    block, fits = page.fit_text(text, theme.weight, sizes, width, box.height * share)
    draft.fits &= fits
    x = box.x + box.width / 2 if middle else box.x
    draft.texts.append(
        PlacedText(block, x, box.y, "heading", align="middle" if middle else "start")
    )
    if icon:
        add_badge(draft, icon, box.x + box.width - 10 * u, box.y + 0.4 * u, 10 * u)
    bottom = max(box.y + block.height, box.y + 10.4 * u if icon else 0.0)
    bar = heading_bar(page, block, box.y, x)
    if bar is not None and theme.rule == "long":
        # It runs below the icon, not through it.
        bar = replace(bar, y=bottom + 1.6 * u)
    draft.bar = bar
    return bottom + (5.6 if theme.rule in ("short", "long") else 3.6) * u


def heading_bar(page: Page, block: Block, y: float, x: float) -> Box | None:
    """Returns the line of a heading as the theme draws it."""
    u, theme, box = page.u, page.theme, page.box
    top = y + block.height + 1.6 * u
    if theme.rule == "long":
        return Box(box.x, top, box.width, 0.35 * u)
    if theme.rule == "short":
        width = 8 * u
        return Box(x - width / 2 if page.centred else x, top, width, 0.8 * u)
    if theme.rule == "side":
        return Box(box.x - 3.4 * u, y + 0.6 * u, 1.2 * u, block.height - 1.2 * u)
    return None


def add_badge(draft: Draft, icon: str, x: float, y: float, size: float) -> None:
    """Adds an icon on a shape in the theme's form, with its upper left corner at a point."""
    theme = draft.page.theme
    box = Box(x, y, size, size)
    if theme.card == "fill":
        radius = size / 2 if theme.radius > 2 else theme.radius * draft.page.u
        draft.shapes.append(Panel(box, theme.accent, radius))
        colour = theme.on_accent
    elif theme.card == "outline":
        radius = size / 2 if theme.radius > 1 else 0.0
        draft.shapes.append(Panel(box, theme.accent, radius, 0.4 * draft.page.u))
        colour = theme.accent
    else:
        colour = theme.accent
    inset = size * (0.06 if theme.card == "rule" else 0.24)
    draft.icons.append(PlacedIcon(icon, x + inset, y + inset, size - 2 * inset, colour))


def add_card(draft: Draft, box: Box, *, strong: bool = False) -> None:
    """Adds the background of a group of texts: filled, outlined, or a line above it.

    Args:
        strong: in the accent colour instead of the second one, for the second side of a comparison.
    """
    theme, u = draft.page.theme, draft.page.u
    line = theme.accent if strong else theme.second
    if theme.card == "fill":
        draft.shapes.append(Panel(box, theme.panel, theme.radius * u))
        if strong:
            draft.shapes.append(Panel(box, line, theme.radius * u, 0.4 * u))
    elif theme.card == "outline":
        draft.shapes.append(Panel(box, line, theme.radius * u, 0.4 * u))
    else:
        draft.shapes.append(Panel(Box(box.x, box.y, box.width, (0.9 if strong else 0.5) * u), line))


def card_padding(theme: Theme, u: float) -> tuple[float, float]:
    """Returns the distance of text to the left and right edges of a card, and to the others."""
    return (0.6 * u, 3.0 * u) if theme.card == "rule" else (3.4 * u, 3.2 * u)


def add_disc(draft: Draft, x: float, y: float, radius: float) -> None:
    """Adds a disc in the accent colour."""
    draft.shapes.append(Ring(x, y, radius, radius, draft.page.theme.accent))
