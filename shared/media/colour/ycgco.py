"""Converts pictures with the matrix YCgCo (ITU-T H.273, table 4), which swscale does not know."""

from __future__ import annotations

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter
from numpy.typing import NDArray

YCGCO = 8
"""Matrix coefficients of H.273."""
_FULL_RANGE = 2
_STRIP_ROWS = 64


def ycgco_to_rgb(
    frame: VideoFrame, reformatter: VideoReformatter, colour_range: int
) -> NDArray[np.uint16]:
    """Returns the RGB codes of a frame in 16 bits, full range, H×W×3.

    Args:
        frame: The decoded frame.
        reformatter: The scaler.
        colour_range: The range as in ColourDescription.
    """
    # With the same matrix on both sides the planes are only scaled.
    planes = (
        reformatter.reformat(
            frame,
            format="yuv444p16le",
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=colour_range or None,
            dst_color_range=colour_range or None,
            threads=1,
        )
        .to_ndarray(channel_last=True)
        .astype(np.uint16, copy=False)
    )
    is_full = colour_range == _FULL_RANGE
    rgb = np.empty(planes.shape, np.uint16)
    # In strips: as floating-point numbers a whole picture would take twice its memory.
    for top in range(0, planes.shape[0], _STRIP_ROWS):
        rgb[top : top + _STRIP_ROWS] = _convert(planes[top : top + _STRIP_ROWS], is_full)
    return rgb


def _convert(planes: NDArray[np.uint16], is_full: bool) -> NDArray[np.uint16]:
    values = planes.astype(np.float32)
    luma, green, orange = values[..., 0], values[..., 1] - (1 << 15), values[..., 2] - (1 << 15)
    if not is_full:
        # 219 and 224 steps of 8 bits instead of 255.
        luma = (luma - (16 << 8)) * (65_535 / (219 << 8))
        green, orange = (chroma * (65_535 / (224 << 8)) for chroma in (green, orange))
    rest = luma - green
    rgb = np.stack([rest + orange, luma + green, rest - orange], axis=-1)
    converted: NDArray[np.uint16] = np.clip(np.round(rgb), 0, 65_535).astype(np.uint16)
    return converted
