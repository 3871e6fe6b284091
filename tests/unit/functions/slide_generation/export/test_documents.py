"""Tests of the documents of decks: what a reader of PDF files and one of PPTX files find."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pptx
import pypdfium2
import pytest
from lxml import etree
from PIL import Image
from pptx.presentation import Presentation

from functions.slide_generation.drawing.themes import THEMES
from functions.slide_generation.export.pages import DeckPages, EncodedPicture
from functions.slide_generation.export.pdf import write_pdf
from functions.slide_generation.export.pptx.deck import write_pptx
from shared.recipes.films.deck import Deck
from tests.fixtures.media.decks import make_deck
from tests.fixtures.media.layouts import POINTS, make_layout_slides

CODE = '#panic("run") $x$ @ref [b] \\ <a> *b*'
CASES = (("en", "midnight", "16:9"), ("ar", "chalk", "16:9"), ("ja", "paper", "9:16"))


def make_pages(language: str, theme: str, aspect: str) -> DeckPages:
    """Every layout, with a picture, and a text that looks like Typst's code."""
    slides = make_layout_slides(language)
    bullets = slides[1]["bullets"]
    slides += [
        {**slides[1], "icons": [], "layout": "picture", "picture": "upload:picture1"},
        {"heading": CODE, "bullets": [*bullets, "a\ufffeb"], "notes": "Two\nlines \ufffe."},
    ]
    deck = make_deck(slides, title=f"{CODE} 1", language=language, theme=theme, aspect=aspect)
    out = io.BytesIO()
    Image.new("RGB", (90, 60), (200, 30, 30)).save(out, "JPEG")
    picture = EncodedPicture(out.getvalue(), "image/jpeg", "A red wall")
    return DeckPages(deck, [picture if slide.picture else None for slide in deck.slides])


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(case))
def pages(request: pytest.FixtureRequest) -> DeckPages:
    return make_pages(*request.param)


@pytest.fixture(scope="module")
def pdf_bytes(pages: DeckPages) -> bytes:
    return write_pdf(pages)


@pytest.fixture(scope="module")
def pdf(pdf_bytes: bytes) -> Iterator[Any]:
    with pypdfium2.PdfDocument(pdf_bytes) as document:
        yield document


@pytest.fixture(scope="module")
def pptx_bytes(pages: DeckPages) -> bytes:
    return write_pptx(pages)


@pytest.fixture(scope="module")
def presentation(pptx_bytes: bytes) -> Presentation:
    return pptx.Presentation(io.BytesIO(pptx_bytes))


def headings(deck: Deck) -> list[str]:
    return [slide.heading for slide in deck.slides]


def test_pdf_has_a_page_for_each_slide_in_its_size(pages: DeckPages, pdf: Any) -> None:
    assert len(pdf) == len(pages.deck.slides)
    assert {tuple(map(round, page.get_size())) for page in pdf} == {pages.deck.size}


def test_pdf_outline_has_the_headings(pages: DeckPages, pdf: Any) -> None:
    titles = ["".join(item.get_title().split()) for item in pdf.get_toc()]
    assert titles == ["".join(text.split()) for text in headings(pages.deck)]


def test_pdf_has_its_title_and_language_and_is_tagged(
    pages: DeckPages, pdf: Any, pdf_bytes: bytes
) -> None:
    assert pdf.get_metadata_value("Title") == pages.deck.title
    assert pdf.is_tagged()
    assert f"/Lang({pages.deck.language})".encode() in pdf_bytes.replace(b"/Lang (", b"/Lang(")


def test_pdf_has_texts_as_text(pages: DeckPages, pdf: Any) -> None:
    for page, slide in zip(pdf, pages.deck.slides, strict=True):
        if pages.deck.language != "ar":
            text = "".join(page.get_textpage().get_text_range().split())
            assert "".join(slide.heading.split()) in text


def test_text_of_a_deck_is_not_code(pdf: Any) -> None:
    shown = pdf[len(pdf) - 1].get_textpage().get_text_range()
    assert "panic" in shown
    assert "#" in shown


def test_pptx_has_headings_as_titles_and_notes_as_notes(
    pages: DeckPages, presentation: Presentation
) -> None:
    slides = list(presentation.slides)
    assert [slide.shapes.title.text for slide in slides] == headings(pages.deck)
    notes = [slide.notes_slide.notes_text_frame.text for slide in slides]
    assert notes == [slide.notes.replace("\ufffe", "") for slide in pages.deck.slides]
    assert presentation.core_properties.title == pages.deck.title


def test_pptx_has_all_bullets_without_line_breaks(
    pages: DeckPages, presentation: Presentation
) -> None:
    for number, slide in enumerate(pages.deck.slides):
        paragraphs = [
            paragraph.text
            for shape in presentation.slides[number].shapes
            if shape.has_text_frame
            for paragraph in shape.text_frame.paragraphs
        ]
        for bullet in slide.bullets:
            assert bullet.replace("\ufffe", "\ufffd") in paragraphs


def test_pptx_has_charts_with_their_numbers(presentation: Presentation) -> None:
    charts = [
        shape.chart for slide in presentation.slides for shape in slide.shapes if shape.has_chart
    ]
    assert [tuple(chart.plots[0].series[0].values) for chart in charts] == [POINTS] * 3


def test_pptx_picture_has_its_alternative_text(presentation: Presentation) -> None:
    texts = [
        shape._element.nvPicPr.cNvPr.get("descr")
        for slide in presentation.slides
        for shape in slide.shapes
        if shape.shape_type == 13
    ]
    assert texts == ["A red wall"]


def test_pptx_has_colours_and_fonts_of_the_theme(
    pages: DeckPages, presentation: Presentation
) -> None:
    part = next(p for p in presentation.part.package.iter_parts() if "theme1" in p.partname)
    theme = etree.fromstring(part.blob)
    accent = theme.find(".//{*}accent1/{*}srgbClr").get("val")
    assert accent == "{:02X}{:02X}{:02X}".format(*THEMES[pages.deck.theme].accent)
    serif = THEMES[pages.deck.theme].serif
    major = theme.find(".//{*}majorFont/{*}latin").get("typeface")
    assert major == ("Source Serif 4" if serif else "Inter")


def test_every_part_of_a_pptx_is_well_formed(pptx_bytes: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(pptx_bytes)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names))
        for name in names:
            if name.endswith((".xml", ".rels")):
                etree.fromstring(archive.read(name))
    # Only the layouts that the deck uses, and each background once.
    assert sum(name.startswith("ppt/slideLayouts/slide") for name in names) == 3
    assert sum(name.startswith("ppt/media/") for name in names) <= 5


def test_texts_of_a_chart_are_no_formulas_in_its_workbook() -> None:
    labels = ("=1+1", "{=A1}", "https://a.example", "+1", "@SUM(A1)")
    points = [{"label": label, "value": n} for n, label in enumerate(labels)]
    chart = {"kind": "bar", "points": points, "unit": "=cmd|'/c'!A0"}
    slide = {"heading": "=2", "bullets": [], "layout": "chart", "chart": chart}
    data = write_pptx(DeckPages(make_deck([slide] * 3), [None] * 3))
    shapes = pptx.Presentation(io.BytesIO(data)).slides[0].shapes
    (graph,) = (shape.chart for shape in shapes if shape.has_chart)
    with zipfile.ZipFile(io.BytesIO(graph.part.chart_workbook.xlsx_part.blob)) as workbook:
        sheet = workbook.read("xl/worksheets/sheet1.xml").decode()
        texts = workbook.read("xl/sharedStrings.xml").decode()

    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert all(f"<t>{text}</t>" in texts for text in (*labels, chart["unit"]))
