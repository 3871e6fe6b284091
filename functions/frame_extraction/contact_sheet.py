"""The contact sheet of a job: thumbnails of its frames in a grid, each with its time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import ceil, sqrt
from typing import cast

import cv2
import numpy as np
from PIL import Image, ImageDraw

from shared.media.images.frame import BgrImage, encode_image
from shared.recipes.frames.pack import IndexEntry, PackIndex
from shared.typography.drawing import CAP_HEIGHT, draw_at_baseline
from shared.typography.faces import title_style
from shared.typography.single_line import truncate_line

MAX_THUMBNAILS = 36
SHEET_WIDTH_PX = 1920
# Lengths are in px. Colours are BGR, those of text and its marks RGB.
_MARGIN, _GAP, _CAPTION_HEIGHT, _HEADER_HEIGHT = 56, 20, 38, 112
_SHEET_COLOUR = (22, 18, 17)
_CELL_COLOUR = (36, 31, 29)
_BORDER_COLOUR = (58, 51, 48)
_TEXT_COLOUR = (218, 221, 226)
_SUBTITLE_COLOUR = (136, 141, 150)
_ACCENT_COLOUR = (255, 168, 92)
_TITLE_SIZE, _SUBTITLE_SIZE, _CAPTION_SIZE = 40, 20, 21


def select_sheet_entries(
    parts: Sequence[PackIndex], max_count: int = MAX_THUMBNAILS
) -> list[tuple[int, IndexEntry]]:
    """Returns the frames to show, evenly spaced: (number of the part, entry). `max_count` ≥ 2."""
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
    """Returns a JPEG with a grid of the first MAX_THUMBNAILS pictures (seconds, BGR H×W×3).

    Pictures may have any size; each is scaled to fit a cell that has their most common shape.
    Raises ValueError without a picture.
    """
    cells = []
    for time, image in thumbnails:
        # Only the scaled picture is kept, so a generator can yield full pictures one by one.
        cells.append((time, _fit(image, SHEET_WIDTH_PX // 2, SHEET_WIDTH_PX // 2)))
        if len(cells) == MAX_THUMBNAILS:
            break
    if not cells:
        raise ValueError("A contact sheet needs at least one picture.")
    aspect = _common_aspect([image for _, image in cells])
    columns = _column_count(len(cells), aspect)
    width = (SHEET_WIDTH_PX - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    height = max(24, round(width * aspect))
    rows = ceil(len(cells) / columns)
    header_height = _HEADER_HEIGHT if title else 0
    row_height = height + _CAPTION_HEIGHT + _GAP
    sheet_height = 2 * _MARGIN + header_height + rows * row_height - _GAP
    sheet = np.full((sheet_height, SHEET_WIDTH_PX, 3), _SHEET_COLOUR, np.uint8)
    places = [
        (
            _MARGIN + n % columns * (width + _GAP),
            _MARGIN + header_height + n // columns * row_height,
        )
        for n in range(len(cells))
    ]
    for (_, image), (left, top) in zip(cells, places, strict=True):
        _draw_cell(sheet, image, left, top, width, height)
    picture = Image.fromarray(sheet[..., ::-1])
    draw = ImageDraw.Draw(picture)
    if title:
        _draw_header(draw, title, subtitle)
    for (time, _), (left, top) in zip(cells, places, strict=True):
        _draw_caption(draw, _format_time(time), left, top + height, width)
    return encode_image(np.ascontiguousarray(np.asarray(picture)[..., ::-1]), "jpeg", 88)


def _common_aspect(images: list[BgrImage]) -> float:
    """Returns the most common ratio of height to width, limited to 0.3 … 1.8."""
    aspects = [round(image.shape[0] / image.shape[1], 3) for image in images]
    most_common = max(set(aspects), key=aspects.count)
    return float(min(max(most_common, 0.3), 1.8))


def _column_count(count: int, aspect: float) -> int:
    """Returns a number of columns that makes the sheet about 0.7 times as high as wide. Prefers
    complete rows."""
    ideal = sqrt(count * aspect / 0.7)
    fewest = min(count, ceil(ideal))
    choices = range(fewest, min(count, fewest + 2) + 1)
    return min(choices, key=lambda n: (n - ideal) / ideal / 2 + 2 * (-count % n) / count)


def _draw_cell(
    sheet: BgrImage, image: BgrImage, left: int, top: int, width: int, height: int
) -> None:
    cell = sheet[top : top + height, left : left + width]
    cell[:] = _CELL_COLOUR
    small = _fit(image, width, height)
    y, x = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    cell[y : y + small.shape[0], x : x + small.shape[1]] = small
    cv2.rectangle(sheet, (left - 1, top - 1), (left + width, top + height), _BORDER_COLOUR, 1)


def _fit(image: BgrImage, width: int, height: int) -> BgrImage:
    """Returns the picture scaled to fit width × height, at least one pixel in each direction."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cast(BgrImage, cv2.resize(image, size, interpolation=interpolation))


def _format_time(time: Fraction) -> str:
    """Returns a time such as `0:05.250`; from an hour on `1:00:05.250`."""
    milliseconds = round(time * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    seconds = f"{rest // 1000:02d}.{rest % 1000:03d}"
    if minutes < 60:
        return f"{minutes}:{seconds}"
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds}"


def _draw_caption(draw: ImageDraw.ImageDraw, text: str, left: int, bottom: int, width: int) -> None:
    size_px = max(8, round(_CAPTION_SIZE * min(1.0, width / 170)))
    height = round(size_px * CAP_HEIGHT)
    baseline = bottom + 12 + height
    draw.rectangle((left, baseline - height, left + 3, baseline), _ACCENT_COLOUR)
    line = truncate_line(text, size_px, title_style(text), width - 14)
    draw_at_baseline(draw, line, (left + 14, baseline), _TEXT_COLOUR)


def _draw_header(draw: ImageDraw.ImageDraw, title: str, subtitle: str) -> None:
    width = SHEET_WIDTH_PX - 2 * _MARGIN
    for text, y, size_px, weight, colour in (
        (title, _MARGIN + 40, _TITLE_SIZE, 600, _TEXT_COLOUR),
        (subtitle, _MARGIN + 80, _SUBTITLE_SIZE, 400, _SUBTITLE_COLOUR),
    ):
        line = truncate_line(text, size_px, title_style(text, weight), width)
        draw_at_baseline(draw, line, (_MARGIN, y), colour)
