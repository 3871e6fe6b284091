"""Lengths, colours and texts of PowerPoint: EMU, points, and colours of the theme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.oxml.ns import qn

from functions.slide_generation.drawing.plan import Box
from functions.slide_generation.drawing.themes import Colour, Theme, mix

SHORT_SIDE_EMU = 6_858_000
"""7.5 inches, as the short side of PowerPoint's own 16:9 pages."""
SHORT_SIDE_PT = 540
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale from the px of a plan to the units of a file. `short_px` is the short side."""

    short_px: int

    def emu(self, px: float) -> int:
        """Returns a length in EMU."""
        return round(px * SHORT_SIDE_EMU / self.short_px)

    def points(self, px: float) -> float:
        """Returns a length in points, in steps of a hundredth."""
        return round(px * SHORT_SIDE_PT / self.short_px, 2)

    def box(self, box: Box) -> tuple[int, int, int, int]:
        """Returns left, top, width and height in EMU."""
        return self.emu(box.x), self.emu(box.y), self.emu(box.width), self.emu(box.height)


def theme_colours(theme: Theme) -> dict[str, Colour]:
    """Returns the colours of a theme by the names of DrawingML. `lt1` is that of the background,
    also if it is dark: PowerPoint's names are those of light themes."""
    return {
        "dk1": theme.heading,
        "lt1": theme.background[0],
        "dk2": theme.body,
        "lt2": theme.panel,
        "accent1": theme.accent,
        "accent2": theme.second,
        "accent3": theme.muted,
        "accent4": mix(theme.accent, theme.second, 0.5),
        "accent5": theme.shapes[0],
        "accent6": theme.shapes[1],
        "hlink": theme.accent,
        "folHlink": theme.muted,
    }


_REFERENCES = {"dk1": "tx1", "lt1": "bg1", "dk2": "tx2", "lt2": "bg2"}


def find_theme_colour(theme: Theme, colour: Colour) -> str | None:
    """Returns the name by which a shape refers to a colour of the theme, or None for others."""
    for name, value in theme_colours(theme).items():
        if value == colour:
            return _REFERENCES.get(name, name)
    return None


def hex_colour(colour: Colour) -> str:
    """Returns a colour as DrawingML writes it."""
    return "{:02X}{:02X}{:02X}".format(*colour)


def to_xml_text(text: str) -> str:
    """Returns a text without the two characters that no XML document may have but a deck may."""
    return text.replace("\ufffe", "").replace("\uffff", "")


def append_colour(element: Any, theme: Theme, colour: Colour) -> None:
    """Appends a colour to an element: by its name in the theme, if it has one."""
    name = find_theme_colour(theme, colour)
    if name is None:
        etree.SubElement(element, qn("a:srgbClr"), val=hex_colour(colour))
    else:
        etree.SubElement(element, qn("a:schemeClr"), val=name)


def fill(element: Any, theme: Theme, colour: Colour, *, first: bool = False) -> None:
    """Fills a shape, a line or a text with a colour. `first` puts it before other properties."""
    for old in element.findall(qn("a:solidFill")):
        element.remove(old)
    solid = etree.Element(qn("a:solidFill"))
    append_colour(solid, theme, colour)
    element.insert(0 if first else len(element), solid)


def set_colour(target: Any, theme: Theme, colour: Colour) -> None:
    """Sets a colour of python-pptx."""
    name = find_theme_colour(theme, colour)
    if name is None:
        target.rgb = RGBColor(*colour)
    else:
        target.theme_color = MSO_THEME_COLOR.from_xml(name)
