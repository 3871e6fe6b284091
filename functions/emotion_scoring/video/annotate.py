"""Decodes a window of a video, draws boxes and labels on it, and encodes it as a piece.

All windows are encoded with the same settings, so that the join can copy packets: the same size, no
B-frames, and times from the first picture of the whole video.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, BinaryIO

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from functions.emotion_scoring.scores import Sink
from functions.emotion_scoring.video.extent import MAX_LONG_SIDE_PX, TimeRange, clamped_rate
from functions.emotion_scoring.video.overlay import Mask, Overlay, draw_labels
from shared.media.containers.decode import VideoPacket
from shared.media.containers.packets import PacketSource
from shared.media.containers.range_file import RangeFile
from shared.media.images.frame import BgrImage, PictureConverter
from shared.media.sandbox.child import SandboxIO
from shared.recipes.media_info import MediaInfo
from shared.recipes.picture_shape import PictureShape

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


def annotate(
    file: BinaryIO | RangeFile,
    media_info: MediaInfo,
    time_range: TimeRange,
    overlay: Overlay,
    colours: Mapping[str, Sequence[int]],
    masks: Mapping[str, Mask],
    sink: Sink,
) -> int:
    """Writes a time range in PIECE_FORMAT (H.264, no sound), with times of the whole video.

    Args:
        colours: RGB, by emotion.
        masks: the mask of each text of the overlay.

    Returns:
        The number of pictures.

    Raises:
        MoodreelError: reading the file failed.
    """
    size = _film_size(media_info)
    converter = PictureConverter(media_info.video, _max_width(media_info))
    count = 0
    with av.open(_Output(sink), "w", format=PIECE_FORMAT) as out:
        stream: Any = None
        for time, frame, shape in _read_pictures(file, media_info, time_range):
            image = _crop_to_even(converter.convert(frame, shape))
            if stream is None:
                stream = _add_stream(out, media_info, size)
            width = overlay.scored_width_at(time) or image.shape[1]
            factor = image.shape[1] / width
            draw_labels(image, overlay.labels_at(time), factor, colours, masks)
            drawn = _to_bt709(fit_picture(image, *size))
            drawn.pts, drawn.time_base = to_ticks(time), TIME_BASE
            out.mux(stream.encode(drawn))
            count += 1
        if stream is not None:
            out.mux(stream.encode(None))
    return count


def annotate_in_sandbox(
    sandbox_io: SandboxIO,
    media_info: MediaInfo,
    time_range: TimeRange,
    overlay: Overlay,
    colours: Mapping[str, Sequence[int]],
    masks: Mapping[str, Mask],
) -> bytes:
    """Runs `annotate` in the sandbox; returns the number of pictures in decimal digits."""
    return str(
        annotate(sandbox_io.file, media_info, time_range, overlay, colours, masks, sandbox_io)
    ).encode()


def to_ticks(time: Fraction) -> int:
    """Converts seconds to ticks of the annotated video."""
    return round(time / TIME_BASE)


def _read_pictures(
    file: BinaryIO | RangeFile,
    media_info: MediaInfo,
    time_range: TimeRange,
) -> Iterator[tuple[Fraction, VideoFrame, PictureShape]]:
    """Yields the time in seconds, frame and shape of each picture of a time range, in order and
    once."""
    video = media_info.video
    last: int | None = None
    with PacketSource(file, media_info) as source:
        if time_range.begin is None:
            packets = source.read_from_start()
        else:
            limit = video.first_pts + int(time_range.begin / video.time_base)
            packets = source.read_from_keyframe(limit)
        source.reset_decoder()
        for pts, frame in _decode_frames(source, packets):
            if pts < video.first_pts or (last is not None and pts <= last):
                continue
            time = (pts - video.first_pts) * video.time_base
            if time_range.end is not None and time >= time_range.end:
                return
            last = pts
            if time_range.begin is None or time >= time_range.begin:
                yield time, frame, source.shape_at(frame.pts)


def _decode_frames(
    source: PacketSource, packets: Iterator[VideoPacket]
) -> Iterator[tuple[int, VideoFrame]]:
    """Yields (pts, frame). A frame without pts is one frame duration after the previous one."""
    pts, step = source.media_info.video.first_pts, source.media_info.frame_ticks
    for packet in packets:
        for frame in source.decode(packet):
            pts = frame.pts if frame.pts is not None else pts + step
            yield pts, frame
    for frame in source.decode(None):
        pts = frame.pts if frame.pts is not None else pts + step
        yield pts, frame


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


def _to_bt709(image: BgrImage) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(image, format="bgr24").reformat(
        format="yuv420p",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        threads=1,
    )


def _max_width(media_info: MediaInfo) -> int:
    width, height = media_info.video.display_size
    return max(2, int(width * min(1.0, MAX_LONG_SIDE_PX / max(width, height))))


def _film_size(media_info: MediaInfo) -> tuple[int, int]:
    """The size of all pieces, from that of the first picture: even, as 4:2:0 needs."""
    width, height = media_info.video.display_size
    scale = min(Fraction(1), Fraction(_max_width(media_info), width))
    return (
        max(2, round(width * scale) // 2 * 2),
        max(2, max(1, round(height * scale)) // 2 * 2),
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
