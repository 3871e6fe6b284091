"""Decodes packets; a damaged packet loses its own pictures only."""

from __future__ import annotations

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream


def decode_packet(
    decoder: VideoCodecContext, packet: Packet[VideoStream] | None
) -> list[VideoFrame]:
    """Returns the frames that `packet` completes, in display order; None drains the decoder."""
    try:
        return decoder.decode(packet)
    except av.error.EOFError:
        return []
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        return []
