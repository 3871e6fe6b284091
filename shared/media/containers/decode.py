"""Decodes packets; a damaged packet loses its own pictures only."""

from __future__ import annotations

from typing import TypeAlias

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

VideoPacket: TypeAlias = "Packet[VideoStream]"


class PacketDecoder:
    """Decodes packets, and notes damage.

    Attributes:
        has_damage: Whether a picture from the first keyframe on was damaged. Pictures that refer to
            it are wrong as well, although the decoder does not mark them.
    """

    def __init__(self) -> None:
        self.has_damage = False
        self._has_keyframe = False

    def decode(self, decoder: VideoCodecContext, packet: VideoPacket | None) -> list[VideoFrame]:
        """Returns the frames that `packet` completes, in display order; None drains the decoder."""
        if packet is not None and packet.is_keyframe:
            self._has_keyframe = True
        try:
            frames = decoder.decode(packet)
        except av.error.EOFError:
            return []
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            self._note_damage()
            return []
        if any(frame.is_corrupt for frame in frames):
            self._note_damage()
        return frames

    def _note_damage(self) -> None:
        # A recording that begins between two keyframes is not damaged.
        self.has_damage = self.has_damage or self._has_keyframe
