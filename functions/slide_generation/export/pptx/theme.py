"""The theme, the master and the layouts of a deck's PPTX file, from python-pptx's own template."""

from __future__ import annotations

import io
from typing import Any

from lxml import etree
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.presentation import Presentation
from pptx.util import Emu

from functions.slide_generation.drawing.themes import Theme
from functions.slide_generation.export.pages import DeckPages
from functions.slide_generation.export.pptx.units import (
    DRAWING,
    SHORT_SIDE_EMU,
    hex_colour,
    theme_colours,
)

TITLE, CONTENT, TITLE_ONLY = 0, 1, 2
"""The layouts that a file has: for opening and closing slides, for bullets, and for all others."""
_KEPT_LAYOUTS = (0, 1, 5)
_THEME_PART = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/theme"
_SANS = ("Inter", "020B0604020202020204", "34")
_SERIF = ("Source Serif 4", "02040503050405020204", "18")
"""Family, class (PANOSE) and pitch: of another font of the class where the family is missing."""


def prepare(presentation: Presentation, deck_pages: DeckPages, *, rtl: bool) -> None:
    """Gives an empty presentation the size, the theme and the layouts of a deck.

    Args:
        rtl: Whether the pages of the deck are mirrored.
    """
    width, height = deck_pages.deck.size
    short = min(width, height)
    old_width, old_height = presentation.slide_width, presentation.slide_height
    if old_width is None or old_height is None:
        raise ValueError("The template of python-pptx has no size.")
    new_width = Emu(round(width * SHORT_SIDE_EMU / short))
    new_height = Emu(round(height * SHORT_SIDE_EMU / short))
    presentation.slide_width, presentation.slide_height = new_width, new_height
    factors = new_width / old_width, new_height / old_height
    layouts = list(presentation.slide_layouts)
    for number, layout in enumerate(layouts):
        if number not in _KEPT_LAYOUTS:
            presentation.slide_layouts.remove(layout)
    master = presentation.slide_master
    for part in (master, *presentation.slide_layouts):
        for shape in part.placeholders:
            if shape._element.spPr.find(qn("a:xfrm")) is not None:
                shape.left, shape.width = (
                    round(shape.left * factors[0]), round(shape.width * factors[0]),
                )  # fmt: skip
                shape.top, shape.height = (
                    round(shape.top * factors[1]), round(shape.height * factors[1]),
                )  # fmt: skip
    set_background(master, deck_pages.background(bold=False, rtl=rtl))
    set_background(presentation.slide_layouts[TITLE], deck_pages.background(bold=True, rtl=rtl))
    _write_theme(master.part.part_related_by(_THEME_PART), deck_pages.theme)


def set_background(part: Any, picture: bytes) -> None:
    """Gives a slide, a layout or a master a picture as its background."""
    _, reference = part.part.get_or_add_image_part(io.BytesIO(picture))
    common = part._element.find(qn("p:cSld"))
    for old in common.findall(qn("p:bg")):
        common.remove(old)
    common.insert(0, parse_xml(
        f"<p:bg {nsdecls('p', 'a', 'r')}><p:bgPr><a:blipFill><a:blip r:embed=\"{reference}\"/>"
        "<a:stretch><a:fillRect/></a:stretch></a:blipFill><a:effectLst/></p:bgPr></p:bg>"
    ))  # fmt: skip


def _write_theme(part: Any, theme: Theme) -> None:
    root = etree.fromstring(part.blob)
    root.set("name", theme.name)
    (scheme,) = root.iter(f"{{{DRAWING}}}clrScheme")
    scheme.set("name", theme.name)
    for name, colour in theme_colours(theme).items():
        element = scheme.find(f"{{{DRAWING}}}{name}")
        element[:] = [etree.Element(f"{{{DRAWING}}}srgbClr", val=hex_colour(colour))]
    (fonts,) = root.iter(f"{{{DRAWING}}}fontScheme")
    fonts.set("name", theme.name)
    families = _SERIF if theme.serif else _SANS, _SANS
    for kind, (family, panose, pitch) in zip(("majorFont", "minorFont"), families, strict=True):
        latin = fonts.find(f"{{{DRAWING}}}{kind}/{{{DRAWING}}}latin")
        latin.attrib.update({"typeface": family, "panose": panose, "pitchFamily": pitch})
    part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
