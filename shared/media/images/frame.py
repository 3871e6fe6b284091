"""Converts a decoded frame to the picture that is displayed: upright, square pixels, BGR."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal, cast

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from shared.media.colour.conversion import find_conversion
from shared.media.colour.tone_mapping import to_srgb_pixels
from shared.media.colour.ycgco import YCGCO, ycgco_to_rgb
from shared.media.images.frame_colour import read_colour, swscale_matrix
from shared.recipes.colour_description import ColourDescription
from shared.recipes.media_info import VideoInfo
from shared.recipes.picture_shape import Crop, FileProperties, PictureShape

BgrImage = NDArray[np.uint8]

_WIDE_FORMAT = "gbrp16le"
"""The format of 16 bits to convert to; its array is RGB. To rgb48, swscale converts 8 bits of 4:2:0
and 4:2:2 with tables of 8 bits, and 4:2:0 of an odd width to wrong colours."""
_CLOCKWISE = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class PictureConverter:
    """Converts frames to pictures; reuses the scaler's tables for frames of one size."""

    def __init__(self, video: VideoInfo, max_width: int | None = None) -> None:
        self._first_file = FileProperties(video.rotation, video.mirrored, video.colour)
        self._shape = video.shape
        self._max_width = max_width
        self._reformatter = VideoReformatter()

    def convert(self, frame: VideoFrame, shape: PictureShape | None = None) -> BgrImage:
        """Returns BGR uint8 H×W×3, cropped, rotated and flipped as the file specifies.

        The picture is at most `max_width` pixels wide (scaled with INTER_AREA).

        Args:
            frame: The decoded frame.
            shape: The shape of this frame; that of the first picture by default.
        """
        shape = shape or self._shape
        file = shape.file or self._first_file
        image = _crop(self._to_bgr(frame, file.colour), shape.crop)
        is_sideways = file.rotation in (90, 270)
        size = self._target_size(shape.shown_size(frame.width, frame.height), is_sideways)
        if size != (image.shape[1], image.shape[0]):
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        if file.mirrored:
            image = cv2.flip(image, 1)
        if file.rotation:
            image = cv2.rotate(image, _CLOCKWISE[file.rotation])
        return cast(BgrImage, image)

    def _to_bgr(self, frame: VideoFrame, stated: ColourDescription) -> NDArray[Any]:
        colour = stated.or_else(read_colour(frame)).with_inferred()
        conversion = find_conversion(colour.primaries, colour.transfer)
        if colour.matrix == YCGCO and not frame.format.is_rgb:
            rgb = ycgco_to_rgb(frame, self._reformatter, colour.range)
            if conversion is None:
                return (rgb[..., ::-1] // 257).astype(np.uint8)
            return to_srgb_pixels(rgb, conversion)
        converted = self._reformatter.reformat(
            frame,
            format="bgr24" if conversion is None else _WIDE_FORMAT,
            src_colorspace=swscale_matrix(frame, colour.matrix),
            # Pictures in RGB have the full range, whatever the container states.
            src_color_range=None if frame.format.is_rgb else colour.range or None,
            threads=1,
        ).to_ndarray()
        if conversion is None:
            return converted
        return to_srgb_pixels(converted.astype(np.uint16, copy=False), conversion)

    def _target_size(self, size: tuple[int, int], is_sideways: bool) -> tuple[int, int]:
        """Returns the size before rotation, such that the rotated picture has the right width."""
        width, height = size
        shown_width = height if is_sideways else width
        if self._max_width is None or shown_width <= self._max_width:
            return width, height
        scale = Fraction(self._max_width, shown_width)
        if is_sideways:
            return max(1, round(width * scale)), self._max_width
        return self._max_width, max(1, round(height * scale))


def _crop(image: NDArray[Any], crop: Crop) -> NDArray[Any]:
    height, width = image.shape[:2]
    if not any(crop) or not crop.fits(width, height):
        return image
    shown = image[crop.top : height - crop.bottom, crop.left : width - crop.right]
    return np.ascontiguousarray(shown)


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
