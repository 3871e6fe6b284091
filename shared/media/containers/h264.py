"""Whether decoding may begin at an H.264 keyframe: containers and parsers promise too much.

A stream with gradual refresh marks pictures as keyframes from which the whole picture is right only
some frames later (recovery point SEI, ITU-T H.264 §D.2.8), and a decoder that starts there may show
what comes before as if it were whole.
"""

from __future__ import annotations

from collections.abc import Iterator

_SLICE, _IDR, _SEI = 1, 5, 6
_RECOVERY_POINT = 6
_INTRA_SLICES = (2, 4)  # I and SI, modulo 5 (table 7-6)
# What is looked at lies at the very beginning of a unit.
_HEAD_BYTES = 64


def nal_length_bytes(extradata: bytes | None) -> int | None:
    """The size of the length before each unit (avcC), or None for start codes (Annex B)."""
    if extradata is None or len(extradata) < 7 or extradata[0] != 1:
        return None
    return (extradata[4] & 3) + 1


def is_clean_start(packet: bytes, length_bytes: int | None) -> bool:
    """Whether every picture shown from this keyframe's on is right when decoding begins here."""
    intra = False
    for unit in _units(packet, length_bytes):
        kind = unit[0] & 31
        if kind == _IDR:
            return True
        if kind == _SEI:
            recovery = _recovery_frames(unit)
            if recovery is not None:
                return recovery == 0
        elif kind == _SLICE:
            bits = _Bits(unit[1:])
            bits.exp_golomb()  # first_mb_in_slice
            if bits.exp_golomb() % 5 not in _INTRA_SLICES:
                return False
            intra = True
    return intra


def _units(packet: bytes, length_bytes: int | None) -> Iterator[bytes]:
    """The first bytes of each unit."""
    at = 0
    if length_bytes is not None:
        while at + length_bytes < len(packet):
            size = int.from_bytes(packet[at : at + length_bytes], "big")
            at += length_bytes
            if size > 0:
                yield packet[at : at + min(size, _HEAD_BYTES)]
            at += size
        return
    while (at := packet.find(b"\0\0\1", at)) >= 0:
        at += 3
        if at < len(packet):
            yield packet[at : at + _HEAD_BYTES]


def _recovery_frames(unit: bytes) -> int | None:
    """recovery_frame_cnt, if one of the unit's messages says so."""
    data = unit[1:].replace(b"\0\0\3", b"\0\0")
    at = 0
    while at + 2 < len(data):
        kind, at = _sei_number(data, at)
        size, at = _sei_number(data, at)
        if kind == _RECOVERY_POINT and at < len(data):
            return _Bits(data[at : at + max(size, 1)]).exp_golomb()
        at += size
    return None


def _sei_number(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    while at < len(data) and data[at] == 255:
        number += 255
        at += 1
    return number + (data[at] if at < len(data) else 0), at + 1


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def exp_golomb(self) -> int:
        """ue(v), ITU-T H.264 §9.1; 0 where the bits run out."""
        zeros = 0
        while self._left > 0 and not self._take(1):
            zeros += 1
        return (1 << zeros) - 1 + self._take(min(zeros, self._left))

    def _take(self, count: int) -> int:
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)
