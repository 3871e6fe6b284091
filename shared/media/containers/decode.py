"""Decodes packets; a damaged packet loses its own pictures only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

VideoPacket: TypeAlias = "Packet[VideoStream]"


def decode_packet(
    decoder: VideoCodecContext,
    packet: VideoPacket | None,
    on_error: Callable[[], None] = lambda: None,
) -> list[VideoFrame]:
    """Returns the frames that `packet` completes, in display order; None drains the decoder.
    Calls `on_error` for a packet that cannot be decoded."""
    try:
        return decoder.decode(packet)
    except av.error.EOFError:
        return []
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        on_error()
        return []
