"""Checks whether decoding can begin at an H.264 keyframe; containers and parsers mark too many.

A stream with gradual refresh marks pictures as keyframes although the picture is complete only some
frames later (recovery point SEI, ITU-T H.264 §D.2.8). A decoder that starts there may output
incomplete pictures as if they were complete.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.media.containers.bits import BitReader, InvalidBitstream

_SLICE, _IDR, _SEI = 1, 5, 6
_RECOVERY_POINT = 6
_INTRA_SLICES = (2, 4)  # I and SI, modulo 5 (table 7-6)
# The fields that are read are at the start of a unit.
_HEAD_BYTES = 64


def nal_length_bytes(extradata: bytes | None) -> int | None:
    """Returns the size of the length before each unit (avcC), or None for start codes (Annex B)."""
    if extradata is None or len(extradata) < 7 or extradata[0] != 1:
        return None
    return (extradata[4] & 3) + 1


def is_clean_start(packet: bytes, length_bytes: int | None) -> bool:
    """Returns whether all pictures from this keyframe are correct when decoding begins here."""
    try:
        return _is_clean_start(packet, length_bytes)
    except InvalidBitstream:
        return False


def _is_clean_start(packet: bytes, length_bytes: int | None) -> bool:
    intra = False
    for unit in iterate_units(packet, length_bytes):
        unit_type = unit[0] & 31
        if unit_type == _IDR:
            return True
        if unit_type == _SEI:
            recovery = _recovery_frames(unit)
            if recovery is not None:
                return recovery == 0
        elif unit_type == _SLICE:
            bits = BitReader(unit[1:])
            bits.read_golomb()  # first_mb_in_slice
            if bits.read_golomb() % 5 not in _INTRA_SLICES:
                return False
            intra = True
    return intra


def iterate_units(packet: bytes, length_bytes: int | None) -> Iterator[bytes]:
    """Yields the first bytes of each unit."""
    position = 0
    if length_bytes is not None:
        while position + length_bytes < len(packet):
            size = int.from_bytes(packet[position : position + length_bytes], "big")
            position += length_bytes
            if size > 0:
                yield packet[position : position + min(size, _HEAD_BYTES)]
            position += size
        return
    while (position := packet.find(b"\0\0\1", position)) >= 0:
        position += 3
        if position < len(packet):
            yield packet[position : position + _HEAD_BYTES]


def _recovery_frames(unit: bytes) -> int | None:
    """Returns recovery_frame_cnt if one of the unit's messages contains it."""
    data = unit[1:].replace(b"\0\0\3", b"\0\0")
    position = 0
    while position + 2 < len(data):
        message_type, position = _read_sei_number(data, position)
        size, position = _read_sei_number(data, position)
        if message_type == _RECOVERY_POINT and position < len(data):
            return BitReader(data[position : position + max(size, 1)]).read_golomb()
        position += size
    return None


def _read_sei_number(data: bytes, position: int) -> tuple[int, int]:
    number = 0
    while position < len(data) and data[position] == 255:
        number += 255
        position += 1
    return number + (data[position] if position < len(data) else 0), position + 1
