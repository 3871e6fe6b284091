"""RTP (RFC 3550): the packets of one track in order, assembled into access units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from functions.recorder.errors import StreamRefused

MAX_ACCESS_UNIT_BYTES = 8 << 20
"""Limit of one picture."""
_TIMESTAMP_RANGE = 1 << 32
_MAX_LOST_COUNT = 3000
"""MAX_DROPOUT of RFC 3550 appendix A.1: numbers that are further apart are of two streams."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """A parsed packet. `lost_count` is the number of packets missing before it. With `is_restart`
    the camera has begun a new stream: numbers and timestamps do not continue those before."""

    timestamp: int
    marker: bool
    lost_count: int
    payload: bytes
    is_restart: bool = False


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """A picture, or a frame of sound. `ticks` are on the track's clock. Part of a broken unit is
    missing."""

    ticks: int
    is_keyframe: bool
    data: bytes
    is_broken: bool = False


class Depacketizer(Protocol):
    """Assembles the payloads of one codec."""

    def add(self, packet: RtpPacket) -> Iterator[AccessUnit]:
        """Yields the access units that this packet completes."""
        ...


class RtpReceiver:
    """Parses the packets of one track, and extends sequence numbers (16 bits) and timestamps
    (32 bits) beyond their wraparound."""

    def __init__(self) -> None:
        self._source: bytes | None = None
        self._next_number: int | None = None
        self._late_number: int | None = None
        self._last_ticks: int | None = None

    def parse(self, data: bytes) -> RtpPacket | None:
        """Returns the packet; None when it is invalid, of another version, late or a duplicate."""
        if len(data) < 12 or data[0] >> 6 != 2:
            return None
        start = 12 + 4 * (data[0] & 15)
        if data[0] & 0x10:
            if len(data) < start + 4:
                return None
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
        end = len(data) - (data[-1] if data[0] & 0x20 else 0)
        if start > end:
            return None
        number, source = int.from_bytes(data[2:4]), data[8:12]
        is_restart = self._source is not None and source != self._source
        lost_count = 0 if self._next_number is None else (number - self._next_number) & 0xFFFF
        if lost_count >= 0x8000 and not is_restart:
            # Two successive late numbers begin a new sequence (RFC 3550 appendix A.1).
            is_restart = number == self._late_number
            self._late_number = (number + 1) & 0xFFFF
            if not is_restart:
                return None
        if lost_count > _MAX_LOST_COUNT:
            is_restart = True
        self._source, self._next_number, self._late_number = source, (number + 1) & 0xFFFF, None
        if is_restart:
            self._last_ticks, lost_count = None, 0
        ticks = self._unwrap(int.from_bytes(data[4:8]))
        return RtpPacket(ticks, bool(data[1] & 0x80), lost_count, data[start:end], is_restart)

    def skip(self, data: bytes) -> None:
        """Skips a packet of another payload type, which has a number of the same sequence when it
        is from the same source."""
        if len(data) >= 12 and data[8:12] == self._source:
            self._next_number = (int.from_bytes(data[2:4]) + 1) & 0xFFFF

    def _unwrap(self, timestamp: int) -> int:
        if self._last_ticks is None:
            self._last_ticks = timestamp
        else:
            step = (timestamp - self._last_ticks) % _TIMESTAMP_RANGE
            is_backward = step >= _TIMESTAMP_RANGE // 2
            self._last_ticks += step - _TIMESTAMP_RANGE if is_backward else step
        return self._last_ticks


class AccessUnitAssembler:
    """The common part of video depacketizers. A picture ends with its marker, or when the next one
    begins, because some cameras omit markers."""

    def __init__(self) -> None:
        self._ticks: int | None = None
        self._units: list[bytes] = []
        self._size_bytes = 0
        self._is_broken = False

    def begin_packet(self, packet: RtpPacket) -> Iterator[AccessUnit]:
        """Yields the previous picture if this packet begins another one."""
        if self._ticks is not None and (packet.timestamp != self._ticks or packet.is_restart):
            # The end of a picture before a new stream has not arrived.
            self._is_broken = self._is_broken or packet.is_restart
            yield from self.flush()
        self._ticks = packet.timestamp
        self._is_broken = self._is_broken or packet.lost_count > 0

    def add_nal_unit(self, nal_unit: bytes) -> None:
        """Appends a NAL unit to the picture. Raises StreamRefused above MAX_ACCESS_UNIT_BYTES."""
        self._size_bytes += len(nal_unit) + 4
        if self._size_bytes > MAX_ACCESS_UNIT_BYTES:
            raise StreamRefused
        self._units.append(nal_unit)

    def mark_broken(self) -> None:
        """Records that a part of the picture is missing."""
        self._is_broken = True

    def flush(self) -> Iterator[AccessUnit]:
        """Yields the current picture, if there is one."""
        units, ticks, is_broken = self._units, self._ticks, self._is_broken
        self._units, self._size_bytes, self._ticks, self._is_broken = [], 0, None, False
        if units and ticks is not None:
            yield from self.assemble(ticks, units, is_broken)

    def assemble(self, ticks: int, units: list[bytes], is_broken: bool) -> Iterator[AccessUnit]:
        """Yields the picture that consists of these NAL units."""
        raise NotImplementedError
