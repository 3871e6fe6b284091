"""Removes the jumps of time stamps that media info lists, so that the time goes on."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from shared.recipes.discontinuities import Discontinuity


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
