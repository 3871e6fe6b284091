"""Draws the shapes of a plan with smooth edges."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from functions.slide_generation.drawing.plan import Box, Panel, Ring, Shape, Stroke, bounds

OVERSAMPLING = 4
"""Factor of supersampling: Pillow draws shapes without anti-aliasing."""
_ARC_STEPS = 180
"""The number of straight lines of a full ring."""


def draw_shape(image: Image.Image, shape: Shape) -> None:
    """Draws a shape on an RGB picture."""
    box = shape_box(shape)
    left, top = math.floor(box.x) - 1, math.floor(box.y) - 1
    width = math.ceil(box.x + box.width) + 1 - left
    height = math.ceil(box.y + box.height) + 1 - top
    large = Image.new("L", (width * OVERSAMPLING, height * OVERSAMPLING))
    _paint(ImageDraw.Draw(large), shape, left, top)
    mask = large.resize((width, height), Image.Resampling.BOX)
    image.paste(shape.colour, (left, top), mask)


def shape_box(shape: Shape) -> Box:
    """Returns a rectangle around a shape."""
    match shape:
        case Panel():
            return shape.box
        case Ring():
            side = 2 * shape.radius
            return Box(shape.x - shape.radius, shape.y - shape.radius, side, side)
        case Stroke():
            half = shape.width / 2
            return bounds(
                [Box(x - half, y - half, shape.width, shape.width) for x, y in shape.points]
            )


def _paint(draw: ImageDraw.ImageDraw, shape: Shape, left: int, top: int) -> None:
    def at(x: float, y: float) -> tuple[float, float]:
        return (x - left) * OVERSAMPLING, (y - top) * OVERSAMPLING

    match shape:
        case Panel(box, _, radius, line):
            corners = (*at(box.x, box.y), *_before(at(box.x + box.width, box.y + box.height)))
            if corners[2] < corners[0] or corners[3] < corners[1]:
                return
            if line:
                draw.rounded_rectangle(
                    corners, radius * OVERSAMPLING, outline=255, width=round(line * OVERSAMPLING)
                )
            else:
                draw.rounded_rectangle(corners, radius * OVERSAMPLING, fill=255)
        case Stroke(points, _, width):
            large = [at(*point) for point in points]
            draw.line(large, fill=255, width=round(width * OVERSAMPLING), joint="curve")
            half = width / 2 * OVERSAMPLING
            for x, y in (large[0], large[-1]):
                draw.ellipse((x - half, y - half, x + half, y + half), fill=255)
        case Ring():
            draw.polygon([at(*point) for point in ring_outline(shape)], fill=255)


def ring_outline(ring: Ring) -> list[tuple[float, float]]:
    """Returns the corners of a part of a ring: the outer edge and back along the inner one."""
    steps = max(2, math.ceil(_ARC_STEPS * ring.sweep))
    angles = [math.tau * (ring.begin + ring.sweep * n / steps) for n in range(steps + 1)]
    inner = ring.radius - ring.thickness
    edges = [(ring.radius, angle) for angle in angles]
    edges += [(inner, angle) for angle in reversed(angles)] if inner > 0 else [(0.0, 0.0)]
    if ring.sweep >= 1 and inner <= 0:
        edges.pop()
    return [(ring.x + r * math.sin(angle), ring.y - r * math.cos(angle)) for r, angle in edges]


def _before(point: tuple[float, float]) -> tuple[float, float]:
    return point[0] - 1, point[1] - 1
