"""A box with text that is drawn on pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from functions.stitching.film.encoding import Planes, rgb_to_planes, split_planes

BOX_OPACITY = 0.78
"""Opacity of the box: white text has a contrast of at least 9 to 1 on any picture."""
_BOX = (10, 12, 16)
_WHITE = (255, 255, 255)
_OVERSAMPLING = 4


@dataclass(frozen=True, slots=True)
class Overlay:
    """A box with text at even offsets: its planes, and their opacities in 1/256 of the same
    shapes."""

    left: int
    top: int
    planes: tuple[Planes, ...]
    opacities: tuple[NDArray[np.int32], ...]

    def apply_to(self, picture: Planes) -> Planes:
        """Returns a copy of the picture with the box on it."""
        result = picture.copy()
        for n, (plane, colour, opacity) in enumerate(
            zip(split_planes(result), self.planes, self.opacities, strict=True)
        ):
            top, left = (self.top, self.left) if n == 0 else (self.top // 2, self.left // 2)
            area = plane[top : top + colour.shape[0], left : left + colour.shape[1]]
            area[:] = area + ((colour.astype(np.int32) - area) * opacity + 128 >> 8)
        return result


@dataclass(frozen=True, slots=True)
class DrawnText:
    """A text in a box at even offsets, in px: its opacity, 0 to 255, and the radius of the corners
    of the box. It is smaller than an Overlay, and is passed to sandbox processes, which cannot open
    the fonts."""

    opacity: NDArray[np.uint8]
    radius: float
    left: int
    top: int

    def to_overlay(self) -> Overlay:
        """Returns what is drawn on a picture."""
        height, width = self.opacity.shape
        box = draw_rounded_box((width, height), self.radius)
        return compose_overlay(Image.fromarray(self.opacity), box, self.left, self.top)


def compose_overlay(text: Image.Image, box: Image.Image, left: int, top: int) -> Overlay:
    ink = np.asarray(text, np.float32)[..., None] / 255
    shape = np.asarray(box, np.float32) / 255
    colours = ink * _WHITE + (1 - ink) * _BOX
    planes = rgb_to_planes(np.clip(colours + 0.5, 0, 255).astype(np.uint8))
    opacity = shape * (BOX_OPACITY + (1 - BOX_OPACITY) * ink[..., 0])
    rows, columns = opacity.shape
    half = opacity.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))
    opacities = tuple(np.round(plane * 256).astype(np.int32) for plane in (opacity, half, half))
    return Overlay(
        left, top, tuple(np.ascontiguousarray(plane) for plane in split_planes(planes)), opacities
    )


def draw_rounded_box(size: tuple[int, int], radius: float) -> Image.Image:
    large = Image.new("L", (size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING))
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), radius * _OVERSAMPLING, 255
    )
    return large.resize(size, Image.Resampling.BOX)
