"""Shapes, icons and pictures of a page in a PPTX file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree
from pptx.enum.shapes import MSO_SHAPE
from pptx.oxml.ns import qn

from functions.slide_generation.drawing.icons import GRID, LINE_WIDTH, read_lines
from functions.slide_generation.drawing.plan import (
    Box,
    Panel,
    PlacedIcon,
    Ring,
    Shape,
    Stroke,
)
from functions.slide_generation.drawing.shapes import ring_outline
from functions.slide_generation.drawing.themes import Colour, Theme
from functions.slide_generation.export.pages import EncodedPicture
from functions.slide_generation.export.pptx.units import (
    DRAWING,
    Scale,
    fill,
    to_xml_text,
)

_DECORATIVE = (
    '<a:extLst xmlns:a="' + DRAWING + '"><a:ext uri="{C183D7F6-B498-43B3-948B-1728B52AA6E4}">'
    '<adec:decorative xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" '
    'val="1"/></a:ext></a:extLst>'
)
"""Says that readers skip a shape; PowerPoint since 2019 reads and writes it."""


@dataclass(frozen=True)
class ShapePainter:
    """Adds shapes, icons and pictures to a slide of python-pptx."""

    slide: Any
    theme: Theme
    scale: Scale

    def add_shape(self, shape: Shape, name: str = "Shape") -> None:
        """Adds a shape that only decorates."""
        match shape:
            case Panel(box, colour, radius, line):
                added = self._add_panel(box, radius, line)
                self._paint(added, colour, line)
            case Stroke(points, colour, width):
                added = self._add_lines([points])
                self._paint(added, colour, width)
            case Ring(x, y, radius, thickness, colour) if shape.sweep >= 1:
                line = 0.0 if thickness >= radius else thickness
                side = 2 * radius - line
                box = Box(x - side / 2, y - side / 2, side, side)
                added = self.slide.shapes.add_shape(MSO_SHAPE.OVAL, *self.scale.box(box))
                self._paint(added, colour, line)
            case Ring():
                added = self._add_lines([ring_outline(shape)], closed=True)
                self._paint(added, shape.colour, 0)
        self._decorate(added, name)

    def add_icon(self, icon: PlacedIcon) -> None:
        """Adds an icon as lines."""
        scale = icon.size / GRID
        lines = [
            [(icon.x + x * scale, icon.y + y * scale) for x, y in line]
            for line in read_lines(icon.name)
        ]
        added = self._add_lines(lines)
        self._paint(added, icon.colour, LINE_WIDTH * scale)
        self._decorate(added, f"Icon: {icon.name}")

    def add_picture(self, picture: EncodedPicture, box: Box) -> None:
        """Adds a picture in its box."""
        added = self.slide.shapes.add_picture(io.BytesIO(picture.data), *self.scale.box(box))
        properties = added._element.nvPicPr.cNvPr
        properties.set("descr", to_xml_text(picture.alt))
        if not picture.alt:
            self._decorate(added, "Picture")

    def _add_panel(self, box: Box, radius: float, line: float) -> Any:
        inner = box.inset(line / 2, line / 2)
        kind = MSO_SHAPE.ROUNDED_RECTANGLE if radius else MSO_SHAPE.RECTANGLE
        added = self.slide.shapes.add_shape(kind, *self.scale.box(inner))
        if radius:
            short = max(1e-6, min(inner.width, inner.height))
            added.adjustments[0] = min(0.5, radius / short)
        return added

    def _add_lines(
        self, lines: Sequence[Sequence[tuple[float, float]]], *, closed: bool = False
    ) -> Any:
        (x, y), emu = lines[0][0], self.scale.emu
        builder = self.slide.shapes.build_freeform(emu(x), emu(y))
        for n, points in enumerate(lines):
            if n:
                builder.move_to(emu(points[0][0]), emu(points[0][1]))
            builder.add_line_segments([(emu(a), emu(b)) for a, b in points[1:]], close=closed)
        return builder.convert_to_shape()

    def _paint(self, added: Any, colour: Colour, line: float) -> None:
        properties = added._element.spPr
        style = added._element.find(qn("p:style"))
        if style is not None:
            added._element.remove(style)
        if not line:
            fill(properties, self.theme, colour)
            etree.SubElement(etree.SubElement(properties, qn("a:ln")), qn("a:noFill"))
            return
        etree.SubElement(properties, qn("a:noFill"))
        outline = etree.SubElement(
            properties, qn("a:ln"), w=str(max(1, self.scale.emu(line))), cap="rnd"
        )
        fill(outline, self.theme, colour)
        etree.SubElement(outline, qn("a:round"))

    def _decorate(self, added: Any, name: str) -> None:
        added.name = name
        added._element.xpath(".//p:cNvPr")[0].append(etree.fromstring(_DECORATIVE))
