"""Send packets to a decoder; damage costs the damaged pictures and no more."""

from __future__ import annotations

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from shared.media.containers.packets import VideoPacket


def decode_packet(decoder: VideoCodecContext, packet: VideoPacket | None) -> list[VideoFrame]:
    """The frames that `packet` completes, in the order in which they are shown; None drains."""
    try:
        return decoder.decode(packet)
    except av.error.EOFError:
        return []
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        return []
