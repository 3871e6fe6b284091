"""Converts a decoded frame to the picture that is displayed: upright, square pixels, BGR."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal, cast

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter
from numpy.typing import NDArray

from shared.media.colour.tone_mapping import HLG, PQ, to_standard_range
from shared.media.colour.ycgco import YCGCO, ycgco_to_rgb
from shared.recipes.media_info import VideoInfo, to_square_pixels

BgrImage = NDArray[np.uint8]

_UNSPECIFIED = 2
_BT2020 = 9
"""The number in H.273 and in swscale."""
# Players treat untagged pictures of this height and above as BT.709, smaller ones as BT.601.
_HD_HEIGHT = 720
_CLOCKWISE = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class PictureConverter:
    """Converts frames to pictures; reuses the scaler's tables for frames of one size."""

    def __init__(self, video: VideoInfo, max_width: int | None = None) -> None:
        self._rotation = video.rotation
        self._mirrored = video.mirrored
        self._aspect = video.sample_aspect
        self._max_width = max_width
        self._reformatter = VideoReformatter()

    def convert(self, frame: VideoFrame) -> BgrImage:
        """Returns BGR uint8 H×W×3, rotated and flipped as the file specifies.

        The picture is at most `max_width` pixels wide (scaled with INTER_AREA).
        """
        image = self._to_bgr(frame)
        size = self._target_size(frame.width, frame.height, sideways=self._rotation in (90, 270))
        if size != (frame.width, frame.height):
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        if self._mirrored:
            image = cv2.flip(image, 1)
        if self._rotation:
            image = cv2.rotate(image, _CLOCKWISE[self._rotation])
        return cast(BgrImage, image)

    def _to_bgr(self, frame: VideoFrame) -> NDArray[Any]:
        if frame.color_trc in (PQ, HLG):
            wide = self._reformatter.reformat(
                frame, format="rgb48le", src_colorspace=_BT2020, threads=1
            )
            return to_standard_range(
                wide.to_ndarray().astype(np.uint16, copy=False), frame.color_trc
            )
        if frame.colorspace == YCGCO and not frame.format.is_rgb:
            rgb = ycgco_to_rgb(frame, self._reformatter)
            return (rgb[..., ::-1] // 257).astype(np.uint8)
        untagged = frame.colorspace == _UNSPECIFIED
        colorspace = Colorspace.ITU709 if untagged and frame.height >= _HD_HEIGHT else None
        return self._reformatter.reformat(
            frame, format="bgr24", src_colorspace=colorspace, threads=1
        ).to_ndarray()

    def _target_size(self, width: int, height: int, *, sideways: bool) -> tuple[int, int]:
        """Returns the size before rotation, such that the rotated picture has the right width."""
        width, height = to_square_pixels(width, height, self._aspect)
        shown_width = height if sideways else width
        if self._max_width is None or shown_width <= self._max_width:
            return width, height
        scale = Fraction(self._max_width, shown_width)
        if sideways:
            return max(1, round(width * scale)), self._max_width
        return self._max_width, max(1, round(height * scale))


def encode_image(image: BgrImage, image_format: Literal["jpeg", "png"], quality: int) -> bytes:
    """Returns a JPEG of `quality` 1–100, or a PNG, which ignores `quality`."""
    if image_format == "png":
        # Level 1 takes a third of the default's time for files that are about a tenth larger.
        is_encoded, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    else:
        is_encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not is_encoded:
        raise ValueError(f"A picture of shape {image.shape} cannot be written as {image_format}.")
    return data.tobytes()
