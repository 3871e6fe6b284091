"""Encodes pictures as H.264 segments. Each begins with an IDR frame and refers to no other segment.

All segments of a film have the same encoder options and parameter sets, so a film is muxed from
segments without encoding them again. A segment is an MP4 without sound.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from functions.stitching.film.timeline import RATE_HZ
from shared.recipes.films.options import Motion

Planes = NDArray[np.uint8]
"""A yuv420p picture, uint8 of shape (height · 3 / 2, width): Y, then U, then V."""
TimedFrames = Iterable[tuple[int, VideoFrame]]
"""Pictures with the sample of their segment from which each is shown."""

TICKS_PER_SECOND = 90_000
TICK = Fraction(1, TICKS_PER_SECOND)
_BT709 = 1
# With these options a film of slides costs little more than encoding its sound (measured).
_STATIC_OPTIONS: Mapping[str, str] = {
    "preset": "veryfast",
    "tune": "stillimage",
    "crf": "20",
    "bf": "0",
    "rc-lookahead": "0",
    "sc_threshold": "0",
    # I-frames only where requested.
    "g": "100000",
    "forced-idr": "1",
    # The result does not depend on the number of cores.
    "threads": "1",
}
# Motion hides artifacts: a third fewer bits without a visible difference. A slow zoom needs no
# small partitions and no weights: a fifth less time, and the same error (measured).
_MOTION_OPTIONS = {**_STATIC_OPTIONS, "crf": "23", "partitions": "none", "weightp": "0"}
# Clips of a video are not still pictures: x264 distributes bits as for a film, and a player that
# seeks decodes at most two seconds.
_CLIP_OPTIONS = {**_STATIC_OPTIONS, "tune": "film", "crf": "22", "g": "60"}

Movement = Motion | Literal["clips"]
"""What moves in a film: nothing, its slides, or clips of a video."""


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One encoded picture: its time in ticks of its segment, and whether it is an IDR frame."""

    tick: int
    data: bytes
    is_key: bool


def encoder_options(motion: Movement) -> Mapping[str, str]:
    """Returns the encoder options of a film."""
    if motion == "clips":
        return _CLIP_OPTIONS
    return _STATIC_OPTIONS if motion == "none" else _MOTION_OPTIONS


def to_ticks(sample: int) -> int:
    """Converts a time in samples to ticks."""
    return round(Fraction(sample * TICKS_PER_SECOND, RATE_HZ))


def encode_segment(
    frames: TimedFrames, size: tuple[int, int], motion: Movement, check: Callable[[], None]
) -> bytes:
    """Encodes pictures, with increasing times, as a segment. `check` is called before every picture
    and may raise."""
    out = io.BytesIO()
    options = {"video_track_timescale": str(TICKS_PER_SECOND)}
    with av.open(out, "w", format="mp4", options=options) as container:
        stream = _add_stream(container, size, motion)
        first = True
        for at, frame in frames:
            check()
            frame.pts, frame.time_base = to_ticks(at), TICK
            frame.pict_type = PictureType.I if first else PictureType.NONE
            container.mux(stream.encode(frame))
            first = False
        container.mux(stream.encode(None))
    return out.getvalue()


@contextmanager
def open_segment(segment: bytes) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Opens a segment. Yields its container and video stream."""
    with av.open(io.BytesIO(segment), "r", format="mp4") as container:
        yield container, container.streams.video[0]


def read_segment(segment: bytes) -> tuple[bytes, list[EncodedFrame]]:
    """Returns the parameter sets of a segment, and its encoded pictures in order."""
    with open_segment(segment) as (container, stream):
        frames = [
            EncodedFrame(packet.pts, bytes(packet), packet.is_keyframe)
            for packet in container.demux(stream)
            if packet.pts is not None
        ]
        return parameter_sets(stream), frames


def parameter_sets(stream: VideoStream) -> bytes:
    """Returns the parameter sets of a stream."""
    return bytes(stream.codec_context.extradata or b"")


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


def _add_stream(container: Any, size: tuple[int, int], motion: Movement) -> VideoStream:
    stream: VideoStream = container.add_stream(
        "libx264", rate=30, options=dict(encoder_options(motion))
    )
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.time_base = TICK
    context: Any = stream.codec_context
    context.time_base = TICK
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = ColorRange.MPEG
    return stream
