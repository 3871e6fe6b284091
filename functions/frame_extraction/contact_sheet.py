"""One picture that shows the whole job: thumbnails in a grid, each with its time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import ceil, sqrt
from typing import cast

import cv2
import numpy as np

from shared.media.images.frame import BgrImage, encode_image
from shared.recipes.frames.pack import IndexEntry, PackIndex

MAX_THUMBNAILS = 36
SHEET_WIDTH_PX = 1920
_MARGIN, _GAP, _CAPTION, _HEADER = 56, 20, 38, 112
# Colours are BGR.
_GROUND = (22, 18, 17)
_PLATE = (36, 31, 29)
_EDGE = (58, 51, 48)
_TEXT = (226, 221, 218)
_QUIET = (150, 141, 136)
_ACCENT = (92, 168, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def select_sheet_entries(
    parts: Sequence[PackIndex], max_count: int = MAX_THUMBNAILS
) -> list[tuple[int, IndexEntry]]:
    """Which frames to show: (number of the part, entry), evenly spaced, at most `most` (≥ 2)."""
    frames = [(n, entry) for n, part in enumerate(parts) for entry in part.entries]
    if len(frames) <= max_count:
        return frames
    return [frames[n * (len(frames) - 1) // (max_count - 1)] for n in range(max_count)]


def render_contact_sheet(
    thumbnails: Iterable[tuple[Fraction, BgrImage]],
    *,
    title: str = "",
    subtitle: str = "",
) -> bytes:
    """A JPEG of a grid with up to MOST_THUMBNAILS pictures (seconds, BGR H×W×3), in their order.

    Pictures may have any size; each is fitted whole into a cell of the shape that is most common.
    Raises ValueError without a picture.
    """
    shown = []
    for time, image in thumbnails:
        # Only the thumbnail is kept, so full pictures may come from a generator one by one.
        shown.append((time, _fit(image, SHEET_WIDTH_PX // 2, SHEET_WIDTH_PX // 2)))
        if len(shown) == MAX_THUMBNAILS:
            break
    if not shown:
        raise ValueError("A contact sheet needs at least one picture.")
    shape = _common_shape([image for _, image in shown])
    columns = _columns(len(shown), shape)
    width = (SHEET_WIDTH_PX - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    height = max(24, round(width * shape))
    rows = ceil(len(shown) / columns)
    header = _HEADER if title else 0
    step = height + _CAPTION + _GAP
    sheet = np.full(
        (2 * _MARGIN + header + rows * step - _GAP, SHEET_WIDTH_PX, 3), _GROUND, np.uint8
    )
    if title:
        _write_header(sheet, title, subtitle)
    for n, (time, image) in enumerate(shown):
        left = _MARGIN + n % columns * (width + _GAP)
        top = _MARGIN + header + n // columns * step
        _place(sheet, image, left, top, width, height)
        _caption(sheet, _reading(time), left, top + height, width)
    return encode_image(sheet, "jpeg", 88)


def _common_shape(images: list[BgrImage]) -> float:
    """Height over width of most of the pictures, within what a grid can show."""
    shapes = [round(image.shape[0] / image.shape[1], 3) for image in images]
    most_common = max(set(shapes), key=shapes.count)
    return float(min(max(most_common, 0.3), 1.8))


def _columns(count: int, shape: float) -> int:
    """So many that the sheet is about as high as 0.7 of its width, rather with full rows."""
    ideal = sqrt(count * shape / 0.7)
    fewest = min(count, ceil(ideal))
    choices = range(fewest, min(count, fewest + 2) + 1)
    return min(choices, key=lambda n: (n - ideal) / ideal / 2 + 2 * (-count % n) / count)


def _place(sheet: BgrImage, image: BgrImage, left: int, top: int, width: int, height: int) -> None:
    cell = sheet[top : top + height, left : left + width]
    cell[:] = _PLATE
    small = _fit(image, width, height)
    y, x = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    cell[y : y + small.shape[0], x : x + small.shape[1]] = small
    cv2.rectangle(sheet, (left - 1, top - 1), (left + width, top + height), _EDGE, 1)


def _fit(image: BgrImage, width: int, height: int) -> BgrImage:
    """The whole picture within width × height, never enlarged beyond it, at least one pixel."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cast(BgrImage, cv2.resize(image, size, interpolation=how))


def _reading(time: Fraction) -> str:
    """`0:05.250`, from an hour on `1:00:05.250`."""
    milliseconds = round(time * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    seconds = f"{rest // 1000:02d}.{rest % 1000:03d}"
    if minutes < 60:
        return f"{minutes}:{seconds}"
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds}"


def _caption(sheet: BgrImage, text: str, left: int, bottom: int, width: int) -> None:
    scale = min(0.7, width / 170 * 0.7)
    height = round(22 * scale)
    baseline = bottom + 12 + height
    cv2.rectangle(sheet, (left, baseline - height), (left + 3, baseline), _ACCENT, -1)
    cv2.putText(sheet, text, (left + 14, baseline), _FONT, scale, _TEXT, 1, cv2.LINE_AA)


def _write_header(sheet: BgrImage, title: str, subtitle: str) -> None:
    # OpenCV's letters are ASCII; others would come out as question marks.
    cv2.putText(sheet, _ascii(title), (_MARGIN, _MARGIN + 40), _FONT, 1.35, _TEXT, 2, cv2.LINE_AA)
    cv2.putText(
        sheet, _ascii(subtitle), (_MARGIN, _MARGIN + 80), _FONT, 0.68, _QUIET, 1, cv2.LINE_AA
    )


def _ascii(text: str) -> str:
    kept = "".join(c if " " <= c <= "~" else " " for c in text)
    return " ".join(kept.split())[:90]
