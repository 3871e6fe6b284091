"""The settings of the H.264 encoder, encoded segments, and the conversions of pictures.

All segments of a film have the same encoder options and parameter sets, so a film is muxed from
segments without encoding them again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, Literal

import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray
from PIL import Image

from functions.stitching.film.timeline import RATE_HZ
from shared.recipes.films.options import Motion

Planes = NDArray[np.uint8]
"""A yuv420p picture, uint8 of shape (height · 3 / 2, width): Y, then U, then V."""
TimedFrames = Iterable[tuple[int, VideoFrame]]
"""Pictures with the sample of their segment from which each is shown."""

TICKS_PER_SECOND = 90_000
TICK = Fraction(1, TICKS_PER_SECOND)
_BT709 = 1
_COMMON_OPTIONS: Mapping[str, str] = {
    "bf": "0",
    "rc-lookahead": "0",
    "sc_threshold": "0",
    # I-frames only where requested.
    "g": "100000",
    "forced-idr": "1",
    # The result does not depend on the number of cores.
    "threads": "1",
}
# Drawn pictures need no rate control: with a constant quantizer the encoder does not analyse them
# for it, which costs a third of its time, and photos are smaller at the same error (measured). A
# picture that stands still is not refined by those after it: 50 to 54 dB.
_STATIC_OPTIONS = {
    **_COMMON_OPTIONS, "preset": "superfast", "tune": "stillimage", "qp": "20", "weightp": "0",
}  # fmt: skip
# Motion hides artifacts. A slow zoom needs no small partitions: 49 dB.
_MOTION_OPTIONS = {**_STATIC_OPTIONS, "qp": "22", "partitions": "none"}
# Clips of a video are not still pictures: x264 distributes bits as for a film, and a player that
# seeks decodes at most two seconds.
_CLIP_OPTIONS = {**_COMMON_OPTIONS, "preset": "veryfast", "tune": "film", "crf": "22", "g": "60"}

Movement = Motion | Literal["clips"]
"""What moves in a film: nothing, its slides, or clips of a video."""


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One encoded picture: its time in ticks of its segment, and whether it is an IDR frame."""

    tick: int
    data: bytes
    is_key: bool


@dataclass(frozen=True, slots=True)
class EncodedSegment:
    """The encoded pictures of a segment in order, and their parameter sets, as ITU-T H.264 Annex B
    specifies."""

    parameter_sets: bytes
    frames: Sequence[EncodedFrame]

    def to_bytes(self) -> bytes:
        """Returns the segment as `from_bytes` reads it."""
        rows = [[frame.tick, len(frame.data), frame.is_key] for frame in self.frames]
        head = json.dumps([self.parameter_sets.hex(), rows], separators=(",", ":")).encode()
        return b"".join([head, b"\n", *(frame.data for frame in self.frames)])

    @classmethod
    def from_bytes(cls, data: bytes) -> EncodedSegment:
        """Reads a segment: a line of JSON, then the pictures."""
        start = data.index(b"\n") + 1
        parameter_sets, rows = json.loads(data[:start])
        ends = accumulate((row[1] for row in rows), initial=start)
        frames = [
            EncodedFrame(tick, data[at : at + length], is_key)
            for at, (tick, length, is_key) in zip(ends, rows, strict=False)
        ]
        return cls(bytes.fromhex(parameter_sets), frames)


def encoder_options(motion: Movement) -> Mapping[str, str]:
    """Returns the encoder options of a film."""
    if motion == "clips":
        return _CLIP_OPTIONS
    return _STATIC_OPTIONS if motion == "none" else _MOTION_OPTIONS


def to_ticks(sample: int) -> int:
    """Converts a time in samples to ticks."""
    return round(Fraction(sample * TICKS_PER_SECOND, RATE_HZ))


def rgb_to_frame(picture: NDArray[np.uint8]) -> VideoFrame:
    """Converts RGB, uint8 of shape (height, width, 3) with even sides, to a BT.709 video frame."""
    return VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(
        format="yuv420p",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )


def rgb_to_planes(picture: NDArray[np.uint8]) -> Planes:
    """Converts RGB like `rgb_to_frame`, to planes."""
    return np.asarray(rgb_to_frame(picture).to_ndarray(), np.uint8)


def planes_to_frame(planes: Planes) -> VideoFrame:
    """Converts planes to a video frame."""
    return VideoFrame.from_ndarray(planes, format="yuv420p")


def planes_to_picture(planes: Planes) -> Image.Image:
    """Converts planes, the reverse of `rgb_to_planes`, to a picture in RGB."""
    rgb = planes_to_frame(planes).reformat(
        format="rgb24",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        threads=1,
    )
    return Image.fromarray(np.asarray(rgb.to_ndarray(), np.uint8))


def split_planes(planes: Planes) -> tuple[Planes, Planes, Planes]:
    """Returns views of Y, of shape (height, width), and of U and V, of half its sides."""
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    flat = planes.reshape(-1)
    area, small = height * width, (height // 2, width // 2)
    return (
        planes[:height],
        flat[area : area * 5 // 4].reshape(small),
        flat[area * 5 // 4 :].reshape(small),
    )


def set_up_encoder(context: VideoCodecContext, size: tuple[int, int]) -> None:
    """Sets the format of the pictures and the unit of their times, before an encoder is opened."""
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base, context.framerate = TICK, Fraction(30)
    colours: Any = context
    colours.colorspace = colours.color_primaries = colours.color_trc = _BT709
    colours.color_range = ColorRange.MPEG
