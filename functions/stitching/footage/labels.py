"""The label of a clip: the heading of its slide, and a bar as long as the confidence."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw

from functions.stitching.footage.view import Rectangle
from functions.stitching.subtitles.overlay import Overlay, compose_overlay, draw_rounded_box
from shared.typography.bidi import is_rtl
from shared.typography.drawing import draw_at_middle
from shared.typography.faces import Style
from shared.typography.single_line import line_width, truncate_line

_TEXT_SIZE = 0.042
"""Relative to the shorter side."""
_MIN_SIZE_PX = 9
_MARGIN = 0.05
"""EBU R 95 keeps this margin free of graphics at every edge."""
_MAX_WIDTH = 0.8
_WEIGHT = 600
_HAIR, _BESIDE, _CHIN = 0.7, 0.3, 0.1
"""A head is larger than its face by these shares of the face's height, width and height."""
_SUBTITLES = 0.24
"""The share of the height above the lower edge that is left to subtitles."""
_OVERSAMPLING = 4
_TRACK_SHADE = 0.35
"""The brightness of the part of the bar beyond the confidence."""


def draw_label(
    text: str,
    confidence: float | None,
    size: tuple[int, int],
    language: str,
    faces: Sequence[Rectangle] = (),
) -> Overlay:
    """Returns the label for pictures of `size`: in the corner where no head is, or else in that
    which is the furthest from all. Of equal ones it is an upper one, where its text begins.

    Args:
        text: In one line; shortened if it is too long.
        confidence: 0 to 1; None for a label without a bar.
        faces: Where faces are in the pictures.
    """
    size_px = max(_MIN_SIZE_PX, round(_TEXT_SIZE * min(size)))
    line = truncate_line(text, size_px, Style(language, _WEIGHT), size[0] * _MAX_WIDTH - size_px)
    pad = round(size_px * 0.6)
    bar = 0 if confidence is None else max(2, round(size_px * 0.2))
    gap = round(size_px * 0.35) if bar else 0
    bar_width = max(line_width(line), 4.0 * size_px)
    width = _even(bar_width + 2 * pad)
    height = _even(1.2 * size_px + gap + bar + 1.2 * pad)
    ink = Image.new("L", (width, height))
    rtl = is_rtl(text)
    left = width - pad - line_width(line) if rtl else pad
    draw_at_middle(ImageDraw.Draw(ink), line, (left, 0.6 * pad + 0.6 * size_px), 255)
    if confidence is not None:
        box = (pad, height - 0.6 * pad - bar, width - 2 * pad, bar)
        bar_ink = _draw_bar((width, height), box, confidence, rtl=rtl)
        ink = ImageChops.lighter(ink, bar_ink)
    margin = round(_MARGIN * min(size)) // 2 * 2
    sides = [margin, (size[0] - margin - width) // 2 * 2]
    lower = round(size[1] * (1 - _SUBTITLES) - height) // 2 * 2
    corners = [(x, y) for y in (margin, lower) for x in (reversed(sides) if rtl else sides)]
    heads = [_head(face) for face in faces]

    def rate(corner: tuple[int, int]) -> tuple[float, float]:
        box = (*corner, corner[0] + width, corner[1] + height)
        # A label rather covers hair than a face.
        return min(0.0, _find_distance(box, faces)), min(margin, _find_distance(box, heads))

    at = max(corners, key=rate)
    return compose_overlay(ink, draw_rounded_box((width, height), pad * 0.7), *at)


def _head(face: Rectangle) -> Rectangle:
    left, top, right, bottom = face
    width, height = right - left, bottom - top
    return (
        left - _BESIDE * width, top - _HAIR * height, right + _BESIDE * width,
        bottom + _CHIN * height,
    )  # fmt: skip


def _find_distance(box: Rectangle, others: Sequence[Rectangle]) -> float:
    """Returns the distance in pixels from a box to the nearest other; less than 0 if it covers one,
    by how far it would have to move; infinity without others."""
    left, top, right, bottom = box
    return min(
        (max(row[0] - right, left - row[2], row[1] - bottom, top - row[3]) for row in others),
        default=float("inf"),
    )


def _draw_bar(
    size: tuple[int, int], box: tuple[float, float, float, float], confidence: float, *, rtl: bool
) -> Image.Image:
    left, top, width, height = (side * _OVERSAMPLING for side in box)
    large = Image.new("L", (size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING))
    draw = ImageDraw.Draw(large)
    draw.rounded_rectangle(
        (left, top, left + width, top + height), height / 2, round(255 * _TRACK_SHADE)
    )
    filled = max(height, width * min(1.0, confidence))
    begin = left + width - filled if rtl else left
    draw.rounded_rectangle((begin, top, begin + filled, top + height), height / 2, 255)
    return large.resize(size, Image.Resampling.BOX)


def _even(length: float) -> int:
    return 2 * round(length / 2 + 0.49)
