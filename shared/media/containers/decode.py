"""Decodes packets; a damaged packet loses its own pictures only."""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

VideoPacket: TypeAlias = "Packet[VideoStream]"


_OGG_HEADERS = (b"OVP80", b"\x80theora", b"\x81theora", b"\x82theora")


def is_ogg_header(packet: VideoPacket) -> bool:
    """Returns whether a packet has no picture: such packets begin each part of a chained Ogg."""
    return bytes(memoryview(packet)[:7]).startswith(_OGG_HEADERS)


class PacketDecoder:
    """Decodes packets, and notes damage.

    Attributes:
        has_damage: Whether a picture from the first keyframe on was damaged or lost. Pictures that
            refer to it are wrong as well, although the decoder does not mark them.
    """

    def __init__(self) -> None:
        self.has_damage = False
        self._has_keyframe = False
        # Of the last two packets.
        self._marks = deque([False, False], maxlen=2)

    def note_packet(self, packet: VideoPacket | None, *, is_after_jump: bool = False) -> None:
        """Notes whether the container marks the packet as damaged; None is the end of the file.

        In an MPEG-TS the mark says that packets of 188 bytes are missing, by their counter (ISO/IEC
        13818-1 §2.4.3.3), near the end of this packet or the next one: FFmpeg's parsers return a
        picture when the next one begins. At a discontinuity the counter begins anew, and nothing
        is missing.

        Args:
            packet: Each packet in the order of the file, whether it is decoded or not.
            is_after_jump: Whether it is the first one behind a discontinuity.
        """
        if is_after_jump:
            self._marks.extend((False, False))
        elif self._marks[0] or (packet is None and self._marks[1]):
            self.note_loss()
        self._marks.append(packet is not None and packet.is_corrupt)

    def decode(self, decoder: VideoCodecContext, packet: VideoPacket | None) -> list[VideoFrame]:
        """Returns the frames that `packet` completes, in display order; None drains the decoder."""
        if packet is not None and is_ogg_header(packet):
            return []
        if packet is not None and packet.is_keyframe:
            self._has_keyframe = True
        try:
            frames = decoder.decode(packet)
        except av.error.EOFError:
            return []
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            self.note_loss()
            return []
        if any(frame.is_corrupt for frame in frames):
            self.note_loss()
        return frames

    def note_loss(self) -> None:
        """Notes that a picture is damaged or lost."""
        # A recording that begins between two keyframes is not damaged.
        self.has_damage = self.has_damage or self._has_keyframe
