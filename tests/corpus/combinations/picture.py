"""Pictures with a counter in the upper two thirds, and four flat colours in the lower third."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.fixtures.media.counter import COLUMNS, ROWS, draw_counter, read_counter

Rgb = tuple[int, int, int]
Image = NDArray[np.uint8]

SDR_PATCHES: tuple[Rgb, ...] = ((200, 60, 40), (60, 160, 80), (50, 80, 200), (150, 150, 150))
HDR_PATCHES: tuple[Rgb, ...] = ((140, 60, 40), (50, 130, 70), (50, 70, 140), (110, 110, 110))
"""Light that tone mapping does not change: below 0.3 of paper white."""
GREY_PATCHES: tuple[Rgb, ...] = ((20, 20, 20), (90, 90, 90), (150, 150, 150), (235, 235, 235))


def draw_picture(number: int, width: int, height: int, patches: tuple[Rgb, ...]) -> Image:
    """The picture with counter `number`: sRGB, uint8 H×W×3, at most eight different colours."""
    split = _split(height)
    image = np.empty((height, width, 3), np.uint8)
    # Without the texture: cells of 40 and 200.
    counter = draw_counter(number, max(width, COLUMNS), max(split, ROWS))[:split, :width]
    image[:split] = np.where(counter > 119, 200, 40)
    for index, patch in enumerate(patches):
        left, right = (width * (index + n) // len(patches) for n in (0, 1))
        image[split:, left:right] = patch
    return image


def read_index(image: Image) -> int:
    """The counter of a picture. Raises UnreadableCounterError."""
    return read_counter(image[: _split(image.shape[0])])


def read_patches(image: Image, count: int = 4) -> list[Rgb]:
    """The mean colours (RGB) in the middle of the patches of a BGR picture."""
    height, width = image.shape[:2]
    split = _split(height)
    middle, dy = (split + height) // 2, max(1, (height - split) // 6)
    colours = []
    for index in range(count):
        column, dx = (2 * index + 1) * width // (2 * count), max(1, width // (8 * count))
        region = image[middle - dy : middle + dy, column - dx : column + dx]
        blue, green, red = (round(float(value)) for value in region.mean(axis=(0, 1)))
        colours.append((red, green, blue))
    return colours


def _split(height: int) -> int:
    return height * 2 // 3
