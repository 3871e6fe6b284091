"""Writes code values into frames of any pixel format, without a conversion by FFmpeg."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.corpus.combinations.colours import Colour, Floats, to_ycbcr

_EIGHT_BIT_RGB = {"rgb24", "bgr24", "bgr0", "bgra", "rgba", "argb"}


def make_frame(rgb: Floats, pix_fmt: str, colour: Colour) -> av.VideoFrame:
    """A frame of R'G'B' values from 0 to 1."""
    height, width = rgb.shape[:2]
    if pix_fmt in _EIGHT_BIT_RGB:
        frame = av.VideoFrame.from_ndarray(_round(rgb * 255, np.uint8), format="rgb24")
        return frame if pix_fmt == "rgb24" else frame.reformat(format=pix_fmt)
    if pix_fmt.startswith("rgb48"):
        frame = av.VideoFrame.from_ndarray(_round(rgb * 65535, np.uint16), format="rgb48le")
        return frame if pix_fmt == "rgb48le" else frame.reformat(format=pix_fmt)
    frame = av.VideoFrame(width, height, pix_fmt)
    if pix_fmt == "pal8":
        _fill_palette(frame, _round(rgb * 255, np.uint8))
    elif pix_fmt == "rgb555le":
        red, green, blue = (_round(rgb[..., n] * 31, np.uint16) for n in range(3))
        _fill(frame, 0, (red << 10 | green << 5 | blue).astype("<u2"))
    else:
        _fill_planes(frame, rgb, colour)
    return frame


def is_full_range(pix_fmt: str, colour: Colour) -> bool:
    """Whether the code values of a frame use the full range."""
    is_rgb = pix_fmt.startswith("gb")
    return is_rgb or pix_fmt.startswith("yuvj") or bool(colour.is_full)


def _fill_planes(frame: av.VideoFrame, rgb: Floats, colour: Colour) -> None:
    pix_fmt: Any = frame.format
    is_full = is_full_range(pix_fmt.name, colour)
    if pix_fmt.name.startswith("gb"):
        values = [rgb[..., n] for n in (1, 2, 0)]
    else:
        values = list(to_ycbcr(rgb, colour.matrix))
    for number, component in enumerate(pix_fmt.components):
        bits = component.bits
        peak, scale = (1 << bits) - 1, 1 << (bits - 8)
        if component.is_alpha:
            plane = np.full(rgb.shape[:2], peak, np.float64)
        elif number == 0 or pix_fmt.name.startswith("gb"):
            # In memory green is the first plane; PyAV lists the components as red, green, blue.
            value = values[number]
            plane = value * peak if is_full else (16 + 219 * value) * scale
        else:
            half = 1 << (bits - 1)
            value = values[number] * (peak if is_full else 224 * scale)
            plane = _shrink(half + value, component.height, component.width)
        kind = np.dtype(np.uint8 if bits == 8 else "<u2")
        _fill(frame, number, np.clip(np.round(plane), 0, peak).astype(kind))


def _shrink(values: Floats, height: int, width: int) -> Floats:
    """Means of blocks; the last row and column repeat to fill the blocks."""
    rows, columns = -(-values.shape[0] // height), -(-values.shape[1] // width)
    padding = ((0, rows * height - values.shape[0]), (0, columns * width - values.shape[1]))
    padded = np.pad(values, padding, mode="edge")
    means: Floats = padded.reshape(height, rows, width, columns).mean(axis=(1, 3))
    return means


def _fill_palette(frame: av.VideoFrame, image: NDArray[np.uint8]) -> None:
    codes = image.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colours, indexes = np.unique(codes, return_inverse=True)
    palette = np.full(256, 0xFF000000, np.uint32)
    palette[: len(colours)] |= colours
    _fill(frame, 0, indexes.reshape(codes.shape).astype(np.uint8))
    planes: Any = frame.planes
    planes[1].update(palette.tobytes())


def _fill(frame: av.VideoFrame, number: int, values: NDArray[Any]) -> None:
    plane: Any = frame.planes[number]
    rows = np.zeros((values.shape[0], plane.line_size), np.uint8)
    data = np.ascontiguousarray(values).view(np.uint8).reshape(values.shape[0], -1)
    rows[:, : data.shape[1]] = data
    plane.update(rows.tobytes().ljust(plane.buffer_size, b"\0")[: plane.buffer_size])


def _round(values: Floats, kind: type[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(np.clip(np.round(values), 0, np.iinfo(kind).max).astype(kind))
