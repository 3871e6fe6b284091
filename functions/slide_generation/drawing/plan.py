"""The plan of a slide: boxes, blocks of text, shapes and icons, in px, without drawing them.

Right-to-left scripts are planned left to right; `renderer` mirrors the plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from functions.slide_generation.drawing.themes import Colour
from shared.typography.drawing import Align
from shared.typography.typesetting import Block

Role = Literal["heading", "body", "muted", "accent", "on_accent"]
"""The colour of a text. `on_accent` is for text on a shape in the accent colour."""
TextAlign = Literal["start", "middle", "end"]
_ALIGNS: Mapping[tuple[TextAlign, bool], Align] = {
    ("start", False): "left",
    ("start", True): "right",
    ("middle", False): "middle",
    ("middle", True): "middle",
    ("end", False): "right",
    ("end", True): "left",
}
"""Which part of a line is at its position, by the alignment of the text and whether it is `rtl`."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in px."""

    x: float
    y: float
    width: float
    height: float

    def inset(self, x: float, y: float) -> Box:
        """Returns the rectangle without `x` at the left and right and `y` above and below."""
        return Box(self.x + x, self.y + y, self.width - 2 * x, self.height - 2 * y)


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A block of text and the px position of its first line.

    Attributes:
        x: The start of the lines, their middle or their end, as `align` says.
        marker: Index among the bullets from 0; None for other text.
    """

    block: Block
    x: float
    y: float
    role: Role
    marker: int | None = None
    align: TextAlign = "start"

    @property
    def box(self) -> Box:
        """The rectangle that the lines take."""
        width = self.block.width
        left = self.x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.align]
        return Box(left, self.y, width, self.block.height)


@dataclass(frozen=True, slots=True)
class Panel:
    """A rectangle with round corners. `line` is the width of its outline; 0 fills it."""

    box: Box
    colour: Colour
    radius: float = 0.0
    line: float = 0.0


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points, with round ends."""

    points: tuple[tuple[float, float], ...]
    colour: Colour
    width: float


@dataclass(frozen=True, slots=True)
class Ring:
    """A part of a ring, clockwise from `begin`; both angles are in turns from the top.

    Attributes:
        radius: The outer radius in px; a `thickness` of the radius makes a disc.
    """

    x: float
    y: float
    radius: float
    thickness: float
    colour: Colour
    begin: float = 0.0
    sweep: float = 1.0


Shape = Panel | Stroke | Ring


@dataclass(frozen=True, slots=True)
class ChartArea:
    """The chart of a plan: its rectangle, and which texts and shapes draw it.

    Attributes:
        first_text: The index of its first text in the plan; all later ones belong to it too.
        first_shape: The same of its shapes.
    """

    box: Box
    first_text: int
    first_shape: int


@dataclass(frozen=True, slots=True)
class PlacedIcon:
    """An icon in a square of `size` px."""

    name: str
    x: float
    y: float
    size: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class SlidePlan:
    """The layout of a slide.

    Attributes:
        bar: A short line in the accent colour.
        picture: The box of the picture.
        bold: Whether the background has larger shapes.
        rtl: Whether the plan must be mirrored.
        fits: Whether all text fits in a readable size.
        shapes: Drawn in this order, below icons and texts.
        chart: Which of them are a chart of numbers; None for a slide without one.
    """

    texts: tuple[PlacedText, ...]
    bar: Box | None
    picture: Box | None
    bold: bool
    rtl: bool
    fits: bool
    shapes: tuple[Shape, ...] = ()
    icons: tuple[PlacedIcon, ...] = ()
    chart: ChartArea | None = None


def bounds(boxes: Sequence[Box]) -> Box:
    """Returns the smallest rectangle around all."""
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right = max(box.x + box.width for box in boxes)
    return Box(left, top, right - left, max(box.y + box.height for box in boxes) - top)


def mirror_box(box: Box, width: float) -> Box:
    """Returns a rectangle on the other side of a picture of this width."""
    return Box(width - box.x - box.width, box.y, box.width, box.height)


def mirror_shape(shape: Shape, width: float) -> Shape:
    """Returns a shape on the other side of a picture. A ring still runs clockwise."""
    match shape:
        case Panel(box):
            return replace(shape, box=mirror_box(box, width))
        case Stroke(points):
            return replace(shape, points=tuple((width - x, y) for x, y in points))
        case Ring():
            return replace(shape, x=width - shape.x)


def mirror_icon(icon: PlacedIcon, width: float) -> PlacedIcon:
    """Returns an icon on the other side of a picture. Only an icon of a direction is turned."""
    name = "chevron-left" if icon.name == "chevron-right" else icon.name
    return replace(icon, name=name, x=width - icon.x - icon.size)


def mirror_plan(plan: SlidePlan, width: float) -> SlidePlan:
    """Returns the plan with everything but its texts at its place on the picture: on the other side
    of one of this width if the plan is `rtl`. `text_edge` places the texts."""
    if not plan.rtl:
        return plan
    return replace(
        plan,
        bar=plan.bar and mirror_box(plan.bar, width),
        picture=plan.picture and mirror_box(plan.picture, width),
        shapes=tuple(mirror_shape(shape, width) for shape in plan.shapes),
        icons=tuple(mirror_icon(icon, width) for icon in plan.icons),
        chart=plan.chart and replace(plan.chart, box=mirror_box(plan.chart.box, width)),
    )


def text_edge(placed: PlacedText, width: float, *, rtl: bool) -> tuple[float, Align]:
    """Returns the x of a text on a picture of this width, and which part of its lines is there."""
    return width - placed.x if rtl else placed.x, _ALIGNS[placed.align, rtl]
