"""Writes a deck as a PPTX file: real texts, charts and shapes, and the narration as notes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from pptx import Presentation

from functions.slide_generation.drawing.plan import Panel, PlacedText
from functions.slide_generation.export.pages import DeckPages, Page
from functions.slide_generation.export.pptx import theme as pptx_theme
from functions.slide_generation.export.pptx.charts import add_chart
from functions.slide_generation.export.pptx.shapes import ShapePainter
from functions.slide_generation.export.pptx.texts import TextPainter
from functions.slide_generation.export.pptx.units import Scale, to_xml_text
from functions.slide_generation.export.reading_order import group_texts
from shared.recipes.films.deck import Deck
from shared.recipes.films.slides.slide import Slide
from shared.typography.faces import Style, to_displayable


def write_pptx(deck_pages: DeckPages) -> bytes:
    """Returns the deck as a PPTX file."""

    deck, pages = deck_pages.deck, deck_pages.pages
    presentation = Presentation()
    rtl = sum(page.plan.rtl for page in pages) * 2 > len(pages)
    pptx_theme.prepare(presentation, deck_pages, rtl=rtl)
    for page in pages:
        _add_page(presentation, deck_pages, page, rtl=rtl)
    properties = presentation.core_properties
    properties.title = to_xml_text(deck.title)
    properties.language = deck.language
    properties.author = properties.last_modified_by = ""
    properties.comments = properties.keywords = ""
    out = io.BytesIO()
    presentation.save(out)
    return out.getvalue()


def _add_page(presentation: Any, deck_pages: DeckPages, page: Page, *, rtl: bool) -> None:
    deck, theme, plan = deck_pages.deck, deck_pages.theme, page.plan
    groups = list(group_texts(page))
    kind = pptx_theme.TITLE_ONLY
    if plan.bold:
        kind = pptx_theme.TITLE
    elif any(name == "list" for name, _ in groups):
        kind = pptx_theme.CONTENT
    slide = presentation.slides.add_slide(presentation.slide_layouts[kind])
    if plan.rtl != rtl:
        picture = deck_pages.background(bold=plan.bold, rtl=plan.rtl)
        pptx_theme.set_background(slide, picture)
    scale = Scale(min(deck.size))
    shapes = ShapePainter(slide, theme, scale)
    texts = TextPainter(
        slide, theme, scale, deck.size[0], deck.language, plan.rtl, _originals(page.slide, deck)
    )
    if plan.picture is not None and page.picture is not None:
        shapes.add_picture(page.picture, plan.picture)
    chart, numbers = plan.chart, page.slide.chart
    drawn = plan.shapes if chart is None else plan.shapes[: chart.first_shape]
    for shape in (*deck_pages.bar(page), *drawn):
        shapes.add_shape(shape)
    shapes.add_shape(Panel(deck_pages.progress(page), theme.accent), "Progress")
    for icon in plan.icons:
        shapes.add_icon(icon)
    for placeholder in list(slide.placeholders):
        # Above the shapes, which are drawn in their order.
        slide.shapes._spTree.append(placeholder._element)
    placed = _add_texts(slide, texts, page, groups)
    for rest in list(slide.placeholders):
        if rest.shape_id not in placed:
            rest._element.getparent().remove(rest._element)
    if chart is not None and numbers is not None:
        size = min(text.block.size_px for text in plan.texts[chart.first_text :])
        add_chart(
            slide, numbers, chart.box, theme=theme, scale=scale, size_px=size,
            title=page.slide.heading, language=deck.language,
        )  # fmt: skip
    if page.slide.notes:
        slide.notes_slide.notes_text_frame.text = to_xml_text(page.slide.notes)


def _add_texts(
    slide: Any, painter: TextPainter, page: Page, groups: Sequence[tuple[str, Sequence[PlacedText]]]
) -> set[int]:
    """Adds the texts of a page. Returns the ids of the placeholders that have one."""
    title = slide.shapes.title
    body = next((p for p in slide.placeholders if p.placeholder_format.idx == 1), None)
    used = {title.shape_id}
    chart = page.plan.chart
    drawn = page.plan.texts if chart is None else page.plan.texts[: chart.first_text]
    for kind, texts in groups:
        if kind == "heading":
            painter.fill_text(title, texts)
        elif kind == "list":
            for column in _split_columns(texts):
                if body is None:
                    painter.add_text(column, bullets=True)
                else:
                    painter.fill_text(body, column, bullets=True)
                    used.add(body.shape_id)
                    body = None
        else:
            for text in texts:
                if any(text is other for other in drawn):
                    painter.add_text([text])
    return used


def _split_columns(texts: Sequence[PlacedText]) -> list[list[PlacedText]]:
    """Returns bullets in groups that stand below each other."""
    columns: list[list[PlacedText]] = []
    for text in texts:
        if columns and columns[-1][-1].x == text.x and columns[-1][-1].y < text.y:
            columns[-1].append(text)
        else:
            columns.append([text])
    return columns


def _originals(slide: Slide, deck: Deck) -> tuple[str, ...]:
    style = Style(deck.language)
    texts = (slide.heading, *slide.bullets, *slide.labels, slide.number)
    return tuple(to_displayable(text, style) for text in texts if text)
