"""RTP (RFC 3550): packets of one track in their order, put together to pictures and sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from functions.recorder.errors import StreamRefused

MAX_ACCESS_UNIT_BYTES = 8 << 20
"""One picture at most."""
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """`lost` is how many packets before this one never came."""

    timestamp: int
    marker: bool
    lost_count: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """A picture, or a piece of sound. `ticks` on the track's own clock; a `broken` one misses a
    part of itself."""

    ticks: int
    is_keyframe: bool
    data: bytes
    is_broken: bool = False


class Depacketizer(Protocol):
    """Puts one codec's payloads together."""

    def add(self, packet: RtpPacket) -> Iterator[AccessUnit]:
        """The units that are whole now."""
        ...


class RtpReceiver:
    """The order of one track: numbers of 16 bits, and times of 32 bits that begin anew."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._last_ticks: int | None = None

    def parse(self, data: bytes) -> RtpPacket | None:
        """Parse one packet; None for what is none of this version, or comes a second time."""
        if len(data) < 12 or data[0] >> 6 != 2:
            return None
        at = 12 + 4 * (data[0] & 15)
        if data[0] & 0x10:
            if len(data) < at + 4:
                return None
            at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4])
        end = len(data) - (data[-1] if data[0] & 0x20 else 0)
        if at > end:
            return None
        number = int.from_bytes(data[2:4])
        lost = 0 if self._next is None else (number - self._next) & 0xFFFF
        if lost >= 0x8000:
            return None
        self._next = (number + 1) & 0xFFFF
        ticks = self._unwrapped(int.from_bytes(data[4:8]))
        return RtpPacket(ticks, bool(data[1] & 0x80), lost, data[at:end])

    def _unwrapped(self, stamp: int) -> int:
        if self._last_ticks is None:
            self._last_ticks = stamp
        else:
            step = (stamp - self._last_ticks) % _WRAP
            self._last_ticks += step - _WRAP if step >= _WRAP // 2 else step
        return self._last_ticks


class AccessUnitAssembler:
    """What all video depacketizers have in common: a picture is over with its marker, or when the
    next one begins (cameras forget markers)."""

    def __init__(self) -> None:
        self._ticks: int | None = None
        self._units: list[bytes] = []
        self._size = 0
        self._broken = False

    def begin_packet(self, packet: RtpPacket) -> Iterator[AccessUnit]:
        """Hand over the picture before, if this packet begins another one."""
        if self._ticks is not None and packet.timestamp != self._ticks:
            yield from self.flush()
        self._ticks = packet.timestamp
        self._broken = self._broken or packet.lost_count > 0

    def add_nal_unit(self, nal_unit: bytes) -> None:
        """One more piece of the picture."""
        self._size += len(nal_unit) + 4
        if self._size > MAX_ACCESS_UNIT_BYTES:
            raise StreamRefused
        self._units.append(nal_unit)

    def mark_broken(self) -> None:
        """A piece of the picture is missing."""
        self._broken = True

    def flush(self) -> Iterator[AccessUnit]:
        """Hand over the picture."""
        units, ticks, broken = self._units, self._ticks, self._broken
        self._units, self._size, self._ticks, self._broken = [], 0, None, False
        if units and ticks is not None:
            yield from self.assemble(ticks, units, broken)

    def assemble(self, ticks: int, units: list[bytes], is_broken: bool) -> Iterator[AccessUnit]:
        """The picture out of its pieces."""
        raise NotImplementedError
