"""A check that a picture is upright."""

from __future__ import annotations

import numpy as np
from PIL import Image

from functions.stitching.film.pictures import to_rgb_array
from tests.fixtures.media.uploads import QUARTER_COLOURS


def quarter_colours(image: Image.Image) -> list[tuple[int, ...]]:
    """Returns the colours at the centers of the four quarters."""
    width, height = image.size
    data = to_rgb_array(image)
    return [
        tuple(int(v) for v in data[height * y // 4, width * x // 4]) for y in (1, 3) for x in (1, 3)
    ]


def assert_upright(image: Image.Image, tolerance: int = 12) -> None:
    assert np.abs(np.array(quarter_colours(image)) - np.array(QUARTER_COLOURS)).max() <= tolerance
