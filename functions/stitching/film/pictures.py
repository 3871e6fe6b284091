"""Pictures of a film: pictures fitted into a frame, and the poster."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

MAX_POSTER_SIDE_PX = 1280
_POSTER_QUALITY = 88
_BLUR_SIDE_PX = 160
_BLUR_PX = 6
_BRIGHTNESS = 0.45


def fit_to_frame(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Fits a picture into a frame of `size`. Margins show the picture again, blurred and dark."""
    scale = min(Fraction(size[0], picture.width), Fraction(size[1], picture.height))
    inner = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    resized = picture.resize(inner, Image.Resampling.LANCZOS)
    # Sides of a frame are even: a missing row or column is stretched, not filled.
    if size[0] - inner[0] <= 2 and size[1] - inner[1] <= 2:
        return resized if inner == size else resized.resize(size, Image.Resampling.BICUBIC)
    frame = _draw_backdrop(picture, size)
    frame.paste(resized, ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return frame


def encode_poster(picture: Image.Image) -> bytes:
    """Returns a JPEG of at most 1280 pixels on its longer side."""
    small = picture.copy()
    small.thumbnail((MAX_POSTER_SIDE_PX, MAX_POSTER_SIDE_PX), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_POSTER_QUALITY, optimize=True, progressive=True)
    return out.getvalue()


def to_rgb_array(picture: Image.Image) -> NDArray[np.uint8]:
    """Returns RGB, uint8 of shape (height, width, 3)."""
    return np.asarray(picture, np.uint8)


def _draw_backdrop(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    # In whole pixels: Pillow rejects a box that rounding moves out of the picture.
    scale = max(Fraction(size[0], picture.width), Fraction(size[1], picture.height))
    width, height = max(1, round(size[0] / scale)), max(1, round(size[1] / scale))
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    box = (left, top, left + width, top + height)
    # Blurred at a small size and enlarged: a blur of this width over all pixels takes seconds.
    shrink = Fraction(_BLUR_SIDE_PX, max(size))
    small = (max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink)))
    blurred = picture.resize(small, Image.Resampling.BOX, box=box).filter(
        ImageFilter.GaussianBlur(_BLUR_PX)
    )
    return ImageEnhance.Brightness(blurred.resize(size, Image.Resampling.BICUBIC)).enhance(
        _BRIGHTNESS
    )
