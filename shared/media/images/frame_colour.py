"""Reads the colour description of a decoded frame or of a decoder. Needs no picture library."""

from __future__ import annotations

from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace

from shared.recipes.colour_description import ColourDescription

STATING_CONTAINERS = frozenset({"mov", "matroska"})
"""Containers that describe colours: `colr` in MP4 and MOV, Colour in Matroska."""
_IDENTITY = 0
_SWSCALE_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
"""The matrices that swscale knows, by matrix coefficients of H.273. It uses the same one for
BT.2020 with constant luminance."""
# Players treat untagged pictures of this height and above as BT.709, smaller ones as BT.601.
_HD_HEIGHT = 720


def read_colour(source: VideoFrame | VideoCodecContext) -> ColourDescription:
    """Returns what a frame states, or a decoder.

    The decoder of a stream states what the container does until it decodes the first picture.
    """
    return ColourDescription(
        int(source.color_primaries),
        int(source.color_trc),
        int(source.colorspace),
        int(source.color_range),
    )


def swscale_matrix(frame: VideoFrame, matrix: int) -> Colorspace | None:
    """Returns swscale's number for matrix coefficients of H.273; None for pictures in RGB.

    swscale refuses pictures with a matrix that it does not know.
    """
    if frame.format.is_rgb or matrix == _IDENTITY:
        return None
    default = Colorspace.ITU709 if frame.height >= _HD_HEIGHT else Colorspace.ITU601
    return _SWSCALE_MATRICES.get(matrix, default)
