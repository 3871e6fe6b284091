"""A slow zoom over a picture, towards a point and back, in sub-pixel steps. On a slide only the
picture moves, and not the text.

One zoom takes CYCLE_SAMPLES and ends where it began. A picture that is shown for longer repeats it,
without drawing or encoding it again.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Sequence
from math import cos, pi

import numpy as np
from PIL import Image

from functions.stitching.film.encoding import Planes, split_planes
from functions.stitching.film.timeline import FRAME_SAMPLES, RATE_HZ

CYCLE_SAMPLES = 24 * RATE_HZ
"""Duration of the zoom towards the point and back."""
MOTION_SAMPLES = 2 * FRAME_SAMPLES
"""Interval between frames of a moving picture: 15 per second."""
ZOOM = 0.05
"""Maximum magnification: at most 0.4 pixels per frame at the edges of a width of 1280."""
Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels, all even."""
FOCUS_POINTS = ((0.36, 0.4), (0.64, 0.4), (0.36, 0.6), (0.64, 0.6))
"""Points to which a zoom leads, as fractions of width and height."""


def choose_focus(name: str) -> tuple[float, float]:
    """Returns the focus point of a picture, always the same one for a name."""
    return FOCUS_POINTS[zlib.crc32(name.encode()) % len(FOCUS_POINTS)]


def zoom_progress(sample: int) -> float:
    """Returns the progress of the zoom at a sample, 0 to 1, with smooth start and turn."""
    return (1 - cos(2 * pi * (sample % CYCLE_SAMPLES) / CYCLE_SAMPLES)) / 2


def zoomed_size(size: tuple[int, int]) -> tuple[int, int]:
    """Returns the picture size that is sharp at maximum magnification."""
    width, height = (2 * round(side * (1 + ZOOM) / 2) for side in size)
    return width, height


class MovingBox:
    """The zoom over the picture in a box of a slide. The rest of the slide stands still.

    Raises ValueError if the box has odd numbers.
    """

    def __init__(self, slide: Planes, box: Box, focus: tuple[float, float]) -> None:
        if any(number % 2 for number in box):
            raise ValueError(f"The box {box} of a moving picture has odd numbers.")
        left, top, width, height = box
        picture = np.empty((height * 3 // 2, width), np.uint8)
        for target, source in zip(split_planes(picture), _cut_planes(slide, box), strict=True):
            target[:] = source
        self._slide = slide
        self._box = left, top, width, height
        self._zoom = PanZoom(picture, (width, height), focus)

    def render_at(self, sample: int) -> Planes:
        """Returns the slide at a sample after the beginning of the zoom."""
        result = self._slide.copy()
        self._zoom.draw_at(sample, _cut_planes(result, self._box))
        return result


def _cut_planes(planes: Planes, box: Box) -> list[Planes]:
    """Returns views of the box in Y, U and V."""
    left, top, width, height = box
    luma, *chroma = split_planes(planes)
    return [
        luma[top : top + height, left : left + width],
        *(
            plane[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
            for plane in chroma
        ),
    ]


class PanZoom:
    """The zoom over one picture, which may have more pixels than the film."""

    def __init__(self, picture: Planes, size: tuple[int, int], focus: tuple[float, float]) -> None:
        luma, *chroma = split_planes(np.ascontiguousarray(picture))
        self._planes = [_enlarge(luma), *chroma]
        self._size = size
        self._focus = focus
        # Imported for moving pictures only: it takes as long as decoding twenty slides.
        self._cv2 = importlib.import_module("cv2")
        self._cv2.setNumThreads(1)

    def render_at(self, sample: int) -> Planes:
        """Returns the picture at a sample after the beginning of the zoom."""
        width, height = self._size
        result = np.empty((height * 3 // 2, width), np.uint8)
        self.draw_at(sample, split_planes(result))
        return result

    def draw_at(self, sample: int, targets: Sequence[Planes]) -> None:
        """Draws the picture like `render_at` into arrays for Y, U and V."""
        share = 1 / (1 + ZOOM * zoom_progress(sample))
        for source, scale, target in zip(self._planes, (2, 1, 1), targets, strict=True):
            target[:] = self._zoom(source, scale, (target.shape[1], target.shape[0]), share)

    def _zoom(self, source: Planes, scale: int, size: tuple[int, int], share: float) -> Planes:
        """Returns the part of a plane in `size`. `scale` is the distance of its pixels in
        `source`."""
        rows = []
        for axis, count in enumerate((source.shape[1], source.shape[0])):
            length = (count - 1) / scale + 1
            step = length * share / size[axis]
            begin = length * (1 - share) * self._focus[axis]
            # The centre of pixel x is at x + 1/2.
            first = begin + step / 2 - 0.5
            rows.append([step * (axis == 0), step * (axis == 1), first])
        cv2 = self._cv2
        # Steps are below a pixel: OpenCV interpolates at multiples of 1/32.
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        matrix = np.array(rows) * scale
        return np.asarray(
            cv2.warpAffine(source, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        )


def _enlarge(plane: Planes) -> Planes:
    """Returns the plane with further pixels between its pixels.

    Linear interpolation between these differs from cubic interpolation in the plane by 0.4 of 255
    (root mean square), in a third of the time.
    """
    height, width = plane.shape
    size = 2 * width - 1, 2 * height - 1
    box = (0.25, 0.25, width - 0.25, height - 0.25)
    enlarged = Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS, box=box)
    return np.asarray(enlarged, np.uint8)
