"""Texts of a page in a PPTX file: paragraphs in boxes where the slide shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree
from pptx.oxml.ns import qn
from pptx.util import Emu, Pt

from functions.slide_generation.drawing.plan import Box, PlacedText, bounds, text_edge
from functions.slide_generation.drawing.themes import Theme
from functions.slide_generation.export.pptx.units import Scale, append_colour, fill, to_xml_text

WIDER = 1.06
"""Boxes are wider than their lines, for a machine that shows another font."""
BOLD_WEIGHT = 600
BULLET_INDENT_U = 6.2
"""The distance of a bullet's text to the edge of the page, in hundredths of the short side."""
_ALIGN = {"left": "l", "middle": "ctr", "right": "r"}
_MARKS = {"dash": "–", "ring": "○", "square": "■", "disc": "•"}


@dataclass(frozen=True)
class TextPainter:
    """Adds texts to a slide of python-pptx.

    Args:
        originals: The texts of the slide before they were broken into lines.
    """

    slide: Any
    theme: Theme
    scale: Scale
    page_width: int
    language: str
    rtl: bool
    originals: Sequence[str]

    def fill_text(self, shape: Any, texts: Sequence[PlacedText], *, bullets: bool = False) -> None:
        """Puts a shape where the texts are, and writes them into it, a paragraph each."""
        box = bounds([self._box(text) for text in texts])
        if bullets:
            # The mark stands before the text, within the box.
            x = box.x if self.rtl else box.x - self._indent
            box = Box(x, box.y, box.width + self._indent, box.height)
        shape.left, shape.top, shape.width, shape.height = map(Emu, self.scale.box(box))
        frame = shape.text_frame
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        frame.word_wrap = any(len(text.block.lines) > 1 for text in texts) or bullets
        body = frame._txBody.bodyPr
        body.set("anchor", "t")
        for child in list(body):
            body.remove(child)
        etree.SubElement(body, qn("a:normAutofit"))
        bottom = None
        for n, text in enumerate(texts):
            paragraph = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
            before = 0.0 if bottom is None else max(0.0, text.y - bottom)
            self._write_paragraph(paragraph, text, before, bullets=bullets)
            bottom = text.y + text.block.height

    def add_text(self, texts: Sequence[PlacedText], *, bullets: bool = False) -> None:
        """Adds a text box."""
        shape = self.slide.shapes.add_textbox(0, 0, 0, 0)
        self.fill_text(shape, texts, bullets=bullets)

    def _box(self, placed: PlacedText) -> Box:
        x, align = text_edge(placed, self.page_width, rtl=self.rtl)
        width = placed.block.width * WIDER + 2
        left = x - width * {"left": 0.0, "middle": 0.5, "right": 1.0}[align]
        return Box(left, placed.y, width, placed.block.height)

    def _write_paragraph(
        self, paragraph: Any, placed: PlacedText, before: float, *, bullets: bool
    ) -> None:
        block = placed.block
        _, align = text_edge(placed, self.page_width, rtl=self.rtl)
        paragraph.line_spacing = Pt(self.scale.points(block.line_height))
        paragraph.space_before = Pt(self.scale.points(before))
        paragraph.space_after = Pt(0)
        properties = paragraph._p.get_or_add_pPr()
        properties.set("algn", _ALIGN[align])
        if self.rtl or block.rtl:
            properties.set("rtl", "1")
        properties.set("marL", "0")
        properties.set("indent", "0")
        if not bullets:
            etree.SubElement(properties, qn("a:buNone"))
        else:
            self._set_bullet(properties, placed)
        run = paragraph.add_run()
        # Without its line breaks, so that an edited text is broken anew.
        run.text = to_xml_text(self._join([line.text for line in block.lines]))
        font = run.font
        font.size = Pt(self.scale.points(block.size_px))
        font.bold = block.style.weight >= BOLD_WEIGHT
        font._rPr.set("lang", self.language)
        fill(font._rPr, self.theme, self.theme.text_colours[placed.role], first=True)
        kind = "mj" if block.style.serif or placed.role == "heading" else "mn"
        for name, suffix in (("latin", "lt"), ("ea", "ea"), ("cs", "cs")):
            etree.SubElement(font._rPr, qn(f"a:{name}"), typeface=f"+{kind}-{suffix}")

    def _set_bullet(self, properties: Any, placed: PlacedText) -> None:
        distance = self._indent
        properties.set("marL", str(self.scale.emu(distance)))
        properties.set("indent", str(-self.scale.emu(distance)))
        colour = etree.SubElement(properties, qn("a:buClr"))
        append_colour(colour, self.theme, self.theme.accent)
        if self.theme.marker == "number":
            etree.SubElement(properties, qn("a:buFont"), typeface="+mj-lt")
            start = str((placed.marker or 0) + 1)
            etree.SubElement(properties, qn("a:buAutoNum"), type="arabicPlain", startAt=start)
            return
        etree.SubElement(properties, qn("a:buFont"), typeface="Arial")
        etree.SubElement(properties, qn("a:buChar"), char=_MARKS[self.theme.marker])

    @property
    def _indent(self) -> float:
        return BULLET_INDENT_U * self.scale.short_px / 100

    def _join(self, lines: Sequence[str]) -> str:
        """Returns a text as it was before it was broken, with or without spaces at the breaks."""
        letters = "".join("".join(lines).split())
        matching = (text for text in self.originals if "".join(text.split()) == letters)
        return next(matching, " ".join(lines))
