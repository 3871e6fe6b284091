"""Encodes the pictures of a time range of a video as a piece.

All pieces of a video are encoded with the same settings, so that the film can copy packets: the
same size, no B-frames, and times from the first picture of the whole video.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, BinaryIO

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from shared.media.containers.range_file import RangeFile
from shared.media.images.frame import BgrImage, PictureConverter
from shared.media.images.video_window import read_pictures
from shared.media.reencoding.extent import TimeRange, clamped_rate, scaled_size
from shared.media.sandbox.run import Sink
from shared.recipes.media_info import MediaInfo

TIME_BASE = Fraction(1, 90_000)
_ENCODER = {
    "preset": "veryfast",
    "crf": "23",
    "bf": "0",
    "rc-lookahead": "10",
    "x264-params": "keyint=60:scenecut=40:repeat-headers=0",
}
_BT709 = 1
PIECE_FORMAT = "nut"
"""FFmpeg's own container. It is written without seeking and keeps exact times that do not start at
0."""


def read_upright(
    file: BinaryIO | RangeFile,
    media_info: MediaInfo,
    time_range: TimeRange,
    max_long_side_px: int,
) -> Iterator[tuple[Fraction, BgrImage]]:
    """Yields the pictures of a time range as they are displayed, with even sides, each with its
    time in seconds from the first picture. Larger ones are scaled down.

    Raises:
        MoodreelError: Reading the file failed.
    """
    max_width = max(2, scaled_size(media_info, max_long_side_px)[0])
    converter = PictureConverter(media_info.video, max_width)
    pictures = read_pictures(file, media_info, time_range.begin, time_range.end)
    for time, frame, shape in pictures:
        yield time, _crop_to_even(converter.convert(frame, shape))


def encode_piece(
    frames: Iterable[tuple[Fraction, VideoFrame]],
    media_info: MediaInfo,
    size: tuple[int, int],
    sink: Sink,
) -> int:
    """Writes pictures in PIECE_FORMAT (H.264, no sound). Returns their number.

    Args:
        frames: As `to_frame` returns them, each with its time in seconds from the first picture.
        size: That of all pieces of the video.
    """
    count = 0
    with av.open(_Output(sink), "w", format=PIECE_FORMAT) as out:
        stream: Any = None
        for time, frame in frames:
            if stream is None:
                stream = _add_stream(out, media_info, size)
            frame.pts, frame.time_base = to_ticks(time), TIME_BASE
            out.mux(stream.encode(frame))
            count += 1
        if stream is not None:
            out.mux(stream.encode(None))
    return count


def to_ticks(time: Fraction) -> int:
    """Converts seconds to ticks of TIME_BASE."""
    return round(time / TIME_BASE)


def to_frame(image: BgrImage, size: tuple[int, int]) -> VideoFrame:
    """Returns a picture, fitted into `size`, as yuv420p in BT.709."""
    return VideoFrame.from_ndarray(fit_picture(image, *size), format="bgr24").reformat(
        format="yuv420p",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )


def fit_picture(image: BgrImage, width: int, height: int) -> BgrImage:
    """Returns a picture of this size. A picture of another size is scaled with its own aspect, and
    centred on black."""
    if image.shape[:2] == (height, width):
        return image
    scale = min(Fraction(width, image.shape[1]), Fraction(height, image.shape[0]))
    across = min(width, max(1, round(image.shape[1] * scale)))
    down = min(height, max(1, round(image.shape[0] * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (width - across) // 2, (height - down) // 2
    fitted = np.zeros((height, width, 3), np.uint8)
    fitted[top : top + down, left : left + across] = cv2.resize(
        image, (across, down), interpolation=interpolation
    )
    return fitted


def _add_stream(out: Any, media_info: MediaInfo, size: tuple[int, int]) -> Any:
    rate = clamped_rate(media_info)
    stream = out.add_stream("libx264", rate=rate, options=dict(_ENCODER))
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    # Players take a film that states nothing as BT.601 or BT.709, by its size.
    context = stream.codec_context
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = ColorRange.MPEG
    context.time_base = TIME_BASE
    context.thread_count = 1
    return stream


def _crop_to_even(image: BgrImage) -> BgrImage:
    """Drops the last row or column if their number is odd: 4:2:0 needs even sides."""
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    return image[: max(2, height), : max(2, width)].copy()


class _Output:
    """Adapts a sink to PyAV's output interface."""

    name = "piece.nut"

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: bytes) -> int:
        return self._sink.write(bytes(data))
