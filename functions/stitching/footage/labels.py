"""The label of a clip: the heading of its slide, and a bar as long as the confidence."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw

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
_MIDDLE = 0.08
"""A face so close to the middle is beside both corners or under both."""
_OVERSAMPLING = 4
_TRACK_SHADE = 0.35
"""The brightness of the part of the bar beyond the confidence."""


def draw_label(
    text: str,
    confidence: float | None,
    size: tuple[int, int],
    language: str,
    face_x: float | None = None,
) -> Overlay:
    """Returns the label for pictures of `size`, in their upper corner: that where its text begins,
    or the other one if a face is there.

    Args:
        text: In one line; shortened if it is too long.
        confidence: 0 to 1; None for a label without a bar.
        face_x: The centre of the face as a fraction of the width; None without a face.
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
    is_right = rtl
    if face_x is not None and abs(face_x - 0.5) > _MIDDLE:
        is_right = face_x < 0.5
    at_left = (size[0] - margin - width) // 2 * 2 if is_right else margin
    return compose_overlay(ink, draw_rounded_box((width, height), pad * 0.7), at_left, margin)


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
