"""Renders the thumbnail of a strong moment, with a box around its face."""

from __future__ import annotations

from typing import cast

import cv2

from functions.emotion_scoring.faces.face import Box
from shared.media.images.frame import BgrImage, encode_image

MAX_LONG_SIDE_PX = 640
_QUALITY = 86


def render_thumbnail(image: BgrImage, box: Box, rgb: tuple[int, int, int]) -> bytes:
    """Returns a JPEG with a long side of at most MAX_LONG_SIDE_PX.

    Args:
        image: the picture, which is drawn on.
        box: the face, in pixels of the picture.
    """
    height, width = image.shape[:2]
    factor = min(1.0, MAX_LONG_SIDE_PX / max(height, width))
    if factor < 1:
        size = max(1, round(width * factor)), max(1, round(height * factor))
        image = cast(BgrImage, cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    small = box.scale(factor)
    corner = round(small.x), round(small.y)
    opposite = round(small.x + small.width), round(small.y + small.height)
    thickness = max(1, round(max(image.shape[:2]) / 260))
    # A dark line below the coloured one keeps it visible on any background.
    cv2.rectangle(image, corner, opposite, (20, 20, 20), thickness + 2, cv2.LINE_AA)
    cv2.rectangle(image, corner, opposite, rgb[::-1], thickness, cv2.LINE_AA)
    return encode_image(image, "jpeg", _QUALITY)
