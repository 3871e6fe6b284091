"""RTP (RFC 3550): packets of one track in their order, put together to pictures and sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from functions.recorder.errors import StreamRefused

UNIT_MOST_BYTES = 8 << 20
"""One picture at most."""
_WRAP = 1 << 32


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """`lost` is how many packets before this one never came."""

    timestamp: int
    marker: bool
    lost: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Unit:
    """A picture, or a piece of sound. `ticks` on the track's own clock; a `broken` one misses a
    part of itself."""

    ticks: int
    key: bool
    data: bytes
    broken: bool = False


class Depacketizer(Protocol):
    """Puts one codec's payloads together."""

    def add(self, packet: RtpPacket) -> Iterator[Unit]:
        """The units that are whole now."""
        ...


class Sequence:
    """The order of one track: numbers of 16 bits, and times of 32 bits that begin anew."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._last_ticks: int | None = None

    def read(self, data: bytes) -> RtpPacket | None:
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


class Gathering:
    """What all video depacketizers have in common: a picture is over with its marker, or when the
    next one begins (cameras forget markers)."""

    def __init__(self) -> None:
        self._ticks: int | None = None
        self._units: list[bytes] = []
        self._size = 0
        self._broken = False

    def begin(self, packet: RtpPacket) -> Iterator[Unit]:
        """Hand over the picture before, if this packet begins another one."""
        if self._ticks is not None and packet.timestamp != self._ticks:
            yield from self.end()
        self._ticks = packet.timestamp
        self._broken = self._broken or packet.lost > 0

    def keep(self, unit: bytes) -> None:
        """One more piece of the picture."""
        self._size += len(unit) + 4
        if self._size > UNIT_MOST_BYTES:
            raise StreamRefused
        self._units.append(unit)

    def spoil(self) -> None:
        """A piece of the picture is missing."""
        self._broken = True

    def end(self) -> Iterator[Unit]:
        """Hand over the picture."""
        units, ticks, broken = self._units, self._ticks, self._broken
        self._units, self._size, self._ticks, self._broken = [], 0, None, False
        if units and ticks is not None:
            yield from self.whole(ticks, units, broken)

    def whole(self, ticks: int, units: list[bytes], broken: bool) -> Iterator[Unit]:
        """The picture out of its pieces."""
        raise NotImplementedError
