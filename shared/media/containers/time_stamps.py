"""Corrects the time stamps of packets: removes the jumps that media info lists, so that the time
goes on, and numbers the pictures of an AVI by its index."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from av.video.stream import VideoStream

from shared.media.containers.decode import VideoPacket
from shared.recipes.discontinuities import Discontinuity

_CHUNK_HEADER_BYTES = 8
_MAX_SEARCHED = 10_000
"""The entries of an index in which a packet is searched that is not the next one."""


class TimestampCorrector:
    """Shifts the time stamps of the packets of one stream, in the order of the file.

    Args:
        discontinuities: Those of the file, in order.
        scale: Ticks of the stream in a tick of the discontinuities; 1 for the video stream.

    Attributes:
        is_after_jump: Whether the last packet is the first one that is used after a discontinuity.
    """

    def __init__(
        self, discontinuities: Sequence[Discontinuity], scale: Fraction = Fraction(1)
    ) -> None:
        self.is_after_jump = False
        self._discontinuities = discontinuities
        self._scale = scale
        self._next = 0
        self._is_jump_pending = False
        self._last_dts: int | None = None

    def correct(self, packet: Any, file_position: int = 0) -> bool:
        """Shifts the time stamps of a packet whose container begins at `file_position`.

        Returns False when the packet must not be decoded, because the pictures to which it refers
        are not in the file.
        """
        self.is_after_jump = False
        if not self._discontinuities:
            return True
        self._find_part(None if packet.pos is None else file_position + packet.pos)
        if self._next:
            current = self._discontinuities[self._next - 1]
            shift = round(current.shift * self._scale)
            if packet.pts is not None:
                packet.pts += shift
            if packet.dts is not None:
                # The decoding time of a first packet may be before the end of the part before it.
                packet.dts = max(packet.dts + shift, self._last_dts or packet.dts + shift)
            if packet.pts is not None and packet.pts < round(current.first_pts * self._scale):
                return False
        if packet.dts is not None:
            self._last_dts = packet.dts
        self.is_after_jump, self._is_jump_pending = self._is_jump_pending, False
        return True

    def _find_part(self, position: int | None) -> None:
        """A packet without a position belongs to the part of the packet before it."""
        if position is None:
            return
        while (
            self._next < len(self._discontinuities)
            and position >= self._discontinuities[self._next].position
        ):
            self._next += 1
            self._is_jump_pending = True


class AviIndex:
    """The index of an AVI, by which pictures are numbered; the numbers are the time stamps.

    FFmpeg counts the chunks that it finds. It passes over one whose header is overwritten, and then
    every later picture has the number of the one before it.

    Args:
        stream: The video stream of an AVI.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._entries = stream.index_entries
        self._count = len(self._entries)
        self._shift = 0
        self._next = 0

    def correct(self, packet: VideoPacket) -> bool:
        """Sets the number of a picture. Returns whether pictures before it are lost. Packets come
        in the order of the file.

        Without an index, or in one that does not list the packet, the number is the next one.
        """
        if packet.dts is None or packet.pos is None:
            return False
        number = packet.dts + self._shift
        found = self._find(number, packet.pos - _CHUNK_HEADER_BYTES)
        is_lost = False
        if found is not None:
            # An empty chunk stands for a picture that was not recorded.
            is_lost = any(self._entries[n].size > 0 for n in range(self._next, found))
            self._shift += found - number
        self._next = (number if found is None else found) + 1
        packet.dts += self._shift
        if packet.pts is not None:
            packet.pts += self._shift
        return is_lost

    def _find(self, number: int, position: int) -> int | None:
        """Returns the number of the entry with this position, from `number` on."""
        for candidate in range(max(0, number), min(number + _MAX_SEARCHED, self._count)):
            entry = self._entries[candidate]
            if entry.pos == position:
                return candidate if entry.timestamp == candidate else None
            if entry.pos > position and candidate > number:
                return None
        return None


class StampedPictures:
    """Measures the distance of pictures in a file in which some have no time stamp."""

    def __init__(self) -> None:
        self._count = self._stamped_count = 0
        # The first and the last picture with a time stamp: its number, and when it is decoded.
        self._stamped: list[tuple[int, int]] = []
        self._delay = 0

    def add(self, pts: int | None, dts: int | None) -> None:
        """Adds a picture in the order of the file, without jumps."""
        self._count += 1
        if pts is None:
            return
        self._stamped_count += 1
        dts = pts if dts is None else dts
        if not self._stamped:
            self._delay = pts - dts
        self._stamped[1:] = [(self._count, dts)]

    @property
    def distance(self) -> Fraction | None:
        """The mean distance in ticks; None if all pictures have a time stamp, or only one has."""
        if self._count == self._stamped_count or len(self._stamped) < 2:
            return None
        (first, begin), (last, end) = self._stamped
        return Fraction(end - begin, last - first) if end > begin else None

    def end(self, distance: Fraction) -> int:
        """Returns the end of the last picture: those behind the last time stamp follow it."""
        last, dts = self._stamped[-1]
        return dts + self._delay + round((self._count - last + 1) * distance)
