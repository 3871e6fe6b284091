"""Writes a deck as a PDF file: text as text, shapes and icons as lines, tagged for readers.

Typst (Apache-2.0) sets the pages. Every text is where the slide shows it, in lines that are broken
already. The file is of the form PDF/UA-1 (ISO 14289-1): it has a title and a language, headings,
lists and alternative texts, and everything that only decorates is marked as an artifact.
"""

from __future__ import annotations

import json
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

from functions.slide_generation.drawing.icons import GRID, LINE_WIDTH, read_lines
from functions.slide_generation.drawing.plan import (
    Panel,
    PlacedIcon,
    PlacedText,
    Ring,
    Shape,
    Stroke,
    text_edge,
)
from functions.slide_generation.drawing.shapes import ring_outline
from functions.slide_generation.drawing.themes import Colour
from functions.slide_generation.export.pages import DeckPages, DocumentFailed, EncodedPicture, Page
from functions.slide_generation.export.pdf_template import TEMPLATE
from functions.slide_generation.export.reading_order import group_texts
from shared.typography.faces import split_runs
from shared.typography.fonts import FontFace, all_faces, load_font

_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg"}


def write_pdf(deck_pages: DeckPages) -> bytes:
    """Returns the deck as a PDF file. Raises DocumentFailed."""

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        content = _describe_deck(deck_pages, folder)
        (folder / "deck.json").write_text(json.dumps(content, ensure_ascii=False))
        (folder / "deck.typ").write_text(TEMPLATE)
        compiler = typst.Compiler(root=name, font_paths=_fonts())
        try:
            data = compiler.compile(
                input=str(folder / "deck.typ"), format="pdf", pdf_standards=["ua-1"]
            )
        except typst.TypstError as error:
            raise DocumentFailed(error.message) from error
    if not isinstance(data, bytes):
        raise DocumentFailed("Typst returned no file.")
    return data


def _describe_deck(deck_pages: DeckPages, folder: Path) -> dict[str, Any]:
    """Returns the content of deck.json, and writes the pictures that it names."""
    deck = deck_pages.deck
    language, _, rest = deck.language.partition("-")
    region = rest.rpartition("-")[2]
    return {
        "title": deck.title,
        "lang": language,
        "region": region if len(region) == 2 else None,
        "width": deck.size[0],
        "height": deck.size[1],
        "pages": [_describe_page(deck_pages, page, folder) for page in deck_pages.pages],
    }


def _describe_page(deck_pages: DeckPages, page: Page, folder: Path) -> dict[str, Any]:
    plan, theme = page.plan, deck_pages.theme
    background = f"background{int(plan.bold)}{int(plan.rtl)}.png"
    if not (folder / background).exists():
        (folder / background).write_bytes(deck_pages.background(bold=plan.bold, rtl=plan.rtl))
    markers, numbers = deck_pages.markers(page)
    progress = Panel(deck_pages.progress(page), theme.accent)
    shapes = [_describe_shape(s) for s in (*deck_pages.bar(page), *plan.shapes, *markers, progress)]
    icons = [_describe_icon(icon) for icon in plan.icons]

    def describe(placed: PlacedText) -> dict[str, Any]:
        return _describe_text(
            placed, theme.text_colours[placed.role], deck_pages.deck.size[0], rtl=plan.rtl
        )

    return {
        "background": background,
        "picture": _describe_picture(page, folder),
        "shapes": [*shapes, *icons],
        "groups": [
            {"kind": kind, "texts": [describe(text) for text in texts]}
            for kind, texts in group_texts(page)
        ],
        "decorations": [describe(text) for text in numbers],
    }


def _describe_picture(page: Page, folder: Path) -> dict[str, Any] | None:
    box, picture = page.plan.picture, page.picture
    if box is None or picture is None:
        return None
    name = _write_picture(picture, page.number, folder)
    return {"file": name, "alt": picture.alt, "x": box.x, "y": box.y, "width": box.width,
            "height": box.height}  # fmt: skip


def _write_picture(picture: EncodedPicture, number: int, folder: Path) -> str:
    name = f"picture{number}.{_EXTENSIONS[picture.content_type]}"
    (folder / name).write_bytes(picture.data)
    return name


def _describe_shape(shape: Shape) -> dict[str, Any]:
    colour = _hex(shape.colour)
    match shape:
        case Panel(box, _, radius, line):
            rounded = max(0.0, min(radius, box.width / 2, box.height / 2) - line / 2)
            return {"kind": "panel", "x": box.x, "y": box.y, "width": box.width,
                    "height": box.height, "colour": colour, "line": line,
                    "radius": rounded}  # fmt: skip
        case Stroke(points, _, width):
            return {"kind": "lines", "lines": [points], "colour": colour, "line": width}
        case Ring(x, y, radius, thickness) if shape.sweep >= 1:
            kind = "disc" if thickness >= radius else "ring"
            return {"kind": kind, "x": x, "y": y, "radius": radius, "thickness": thickness,
                    "colour": colour}  # fmt: skip
        case Ring():
            return {"kind": "area", "points": ring_outline(shape), "colour": colour}


def _describe_icon(icon: PlacedIcon) -> dict[str, Any]:
    scale = icon.size / GRID
    lines = [
        [(icon.x + x * scale, icon.y + y * scale) for x, y in line]
        for line in read_lines(icon.name)
    ]
    return {"kind": "lines", "lines": lines, "colour": _hex(icon.colour),
            "line": LINE_WIDTH * scale}  # fmt: skip


def _describe_text(
    placed: PlacedText, colour: Colour, width: float, *, rtl: bool
) -> dict[str, Any]:
    block = placed.block
    x, align = text_edge(placed, width, rtl=rtl)
    ascent, descent = load_font(block.face, block.size_px, block.style.weight).getmetrics()
    return {
        "x": x,
        "y": placed.y,
        "align": align,
        "rtl": rtl or block.rtl,
        "size": block.size_px,
        "weight": block.style.weight,
        "colour": _hex(colour),
        "line_height": block.line_height,
        "above": (block.line_height - ascent - descent) / 2 + ascent,
        "lines": [
            [
                (_families()[face], run)
                for face, run in split_runs(line.text, block.style, block.face)
            ]
            for line in block.lines
        ],
    }


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


@lru_cache(maxsize=1)
def _fonts() -> Any:
    """Returns the fonts of the slides, and no others of the machine."""

    folder = Path(tempfile.mkdtemp(prefix="fonts-"))
    for face in all_faces():
        (folder / face.path.name).symlink_to(face.path)
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)]
    )


@lru_cache(maxsize=1)
def _families() -> dict[FontFace, str]:
    """Returns the name by which Typst knows each font."""
    names = {Path(font.path).name: font.family for font in _fonts().fonts()}
    return {face: names[face.path.name] for face in all_faces()}
