"""Reads icons of Lucide, and draws them as lines in any size and colour."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import as_file, files

from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import SVGPath
from PIL import Image, ImageDraw

from functions.slide_generation.drawing.plan import PlacedIcon

Point = tuple[float, float]
GRID = 24.0
"""The side of the square on which Lucide draws its icons."""
LINE_WIDTH = 2.0
"""The width of Lucide's lines, which have round ends, in units of GRID."""
OVERSAMPLING = 4
_CURVE_STEPS = 12
"""The number of straight lines for a curve; at 100 px an error below a quarter of a pixel."""


def draw_icon(image: Image.Image, icon: PlacedIcon) -> None:
    """Draws an icon on a picture."""
    side = max(1, round(icon.size))
    scale = side * OVERSAMPLING / GRID
    mask = Image.new("L", (side * OVERSAMPLING, side * OVERSAMPLING))
    draw = ImageDraw.Draw(mask)
    width = LINE_WIDTH * scale
    for line in read_lines(icon.name):
        points = [(x * scale, y * scale) for x, y in line]
        draw.line(points, fill=255, width=round(width), joint="curve")
        for x, y in (points[0], points[-1]):
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    mask = mask.resize((side, side), Image.Resampling.BOX)
    image.paste(icon.colour, (round(icon.x), round(icon.y)), mask)


@lru_cache(maxsize=256)
def read_lines(name: str) -> tuple[tuple[Point, ...], ...]:
    """Returns the lines of an icon as points in the square of GRID.

    Raises KeyError if the package has no icon of this name.
    """
    with as_file(files("lucide") / "lucide.zip") as path, zipfile.ZipFile(path) as archive:
        svg = archive.read(f"{name}.svg")
    pen = RecordingPen()
    SVGPath.fromstring(svg).draw(pen)
    return tuple(_flatten(pen.value))


def _flatten(commands: Sequence[tuple[str, tuple[Point, ...]]]) -> Iterator[tuple[Point, ...]]:
    """Yields the contours that a pen recorded, with curves as straight lines."""
    line: list[Point] = []
    for command, points in commands:
        if command == "moveTo":
            line = [points[0]]
        elif command == "lineTo":
            line.append(points[0])
        elif command == "curveTo":
            line += _cubic(line[-1], *points)
        elif command == "qCurveTo":
            start, (control, end) = line[-1], points
            line += _cubic(
                start, _between(start, control, 2 / 3), _between(end, control, 2 / 3), end
            )
        else:
            if command == "closePath" and not math.isclose(math.dist(line[0], line[-1]), 0):
                line.append(line[0])
            yield tuple(line)


def _cubic(start: Point, first: Point, second: Point, end: Point) -> Iterator[Point]:
    """Yields the points of a cubic Bézier curve after its start."""
    for step in range(1, _CURVE_STEPS + 1):
        t = step / _CURVE_STEPS
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        corners = list(zip(weights, (start, first, second, end), strict=True))
        yield sum(w * p[0] for w, p in corners), sum(w * p[1] for w, p in corners)


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
