"""A slow move over a standing picture: towards a point and back again, at sub-pixel steps.

One move takes CYCLE and ends where it began: a picture that is shown for longer repeats it, and
then nothing has to be drawn or encoded again.
"""

from __future__ import annotations

import zlib
from math import cos, pi

import numpy as np
from PIL import Image

from functions.stitching.film.encoding import Planes, split_planes
from functions.stitching.film.timeline import RATE_HZ

CYCLE_SAMPLES = 24 * RATE_HZ
"""From one end to the other and back."""
ZOOM = 0.05
"""How much nearer it comes: at most 0.2 pixels a frame at the edges of 1280."""
FOCUS_POINTS = ((0.36, 0.4), (0.64, 0.4), (0.36, 0.6), (0.64, 0.6))
"""Where moves lead, as parts of the width and the height."""


def choose_focus(name: str) -> tuple[float, float]:
    """A point for this picture, always the same one."""
    return FOCUS_POINTS[zlib.crc32(name.encode()) % len(FOCUS_POINTS)]


def zoom_progress(sample: int) -> float:
    """How far the move has gone at a sample, 0 to 1: it begins and turns without a jerk."""
    return (1 - cos(2 * pi * (sample % CYCLE_SAMPLES) / CYCLE_SAMPLES)) / 2


def zoomed_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size in which a picture should be there so that it is sharp where a move is nearest."""
    width, height = (2 * round(side * (1 + ZOOM) / 2) for side in size)
    return width, height


class PanZoom:
    """The move over one picture, which may have more pixels than the film."""

    def __init__(self, picture: Planes, size: tuple[int, int], focus: tuple[float, float]) -> None:
        self._planes = [Image.fromarray(np.ascontiguousarray(one)) for one in split_planes(picture)]
        self._size = size
        self._focus = focus

    def render_at(self, sample: int) -> Planes:
        """What is seen at a sample from the beginning of the move on."""
        width, height = self._size
        made = np.empty((height * 3 // 2, width), np.uint8)
        share = 1 / (1 + ZOOM * zoom_progress(sample))
        for source, target in zip(self._planes, split_planes(made), strict=True):
            left = source.width * (1 - share) * self._focus[0]
            top = source.height * (1 - share) * self._focus[1]
            box = (left, top, left + source.width * share, top + source.height * share)
            # Coefficients are computed for every row and column: no step of whole pixels.
            shown = source.resize(
                (target.shape[1], target.shape[0]), Image.Resampling.BICUBIC, box=box
            )
            target[:] = np.asarray(shown)
        return made
