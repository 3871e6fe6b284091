"""Decodes the pictures of a time range of a video; only the needed groups of pictures are read."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO

from av.video.frame import VideoFrame

from shared.media.containers.decode import VideoPacket
from shared.media.containers.packets import PacketSource
from shared.media.containers.range_file import RangeFile
from shared.recipes.media_info import MediaInfo
from shared.recipes.picture_shape import PictureShape


def read_pictures(
    file: BinaryIO | RangeFile,
    media_info: MediaInfo,
    begin: Fraction | None,
    end: Fraction | None,
) -> Iterator[tuple[Fraction, VideoFrame, PictureShape]]:
    """Yields (time, frame, shape) for each picture with `begin` ≤ time < `end`, in order and once.

    Times are seconds from the first picture of the video; None is unbounded. Raises the errors of
    PacketSource.
    """
    video = media_info.video
    last: int | None = None
    with PacketSource(file, media_info) as source:
        if begin is None:
            packets = source.read_from_start()
        else:
            limit = video.first_pts + int(begin / video.time_base)
            packets = source.read_from_keyframe(limit)
        source.reset_decoder()
        for pts, frame in _decode_frames(source, packets):
            if pts < video.first_pts or (last is not None and pts <= last):
                continue
            time = (pts - video.first_pts) * video.time_base
            if end is not None and time >= end:
                return
            last = pts
            if begin is None or time >= begin:
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
