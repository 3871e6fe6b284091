"""Reads the orientation of a JPEG picture from its EXIF data (CIPA DC-008 §4.6.4, tag 0x0112).

PyAV reads no side data of a picture with EXIF, and FFmpeg's angle does not tell mirrored pictures.
"""

from __future__ import annotations

import struct

_TURNS = {1: (0, False), 2: (0, True), 3: (180, False), 4: (180, True),
          5: (270, True), 6: (90, False), 7: (90, True), 8: (270, False)}  # fmt: skip
_TAG = 0x0112
_MAX_SEGMENTS = 32


def read_jpeg_orientation(data: bytes) -> tuple[int, bool]:
    """Returns degrees clockwise, and whether the picture is mirrored left to right before it is
    rotated. (0, False) for a picture that states nothing, or something invalid."""
    position = 2
    for _ in range(_MAX_SEGMENTS):
        head = data[position : position + 10]
        if len(head) < 10 or head[0] != 0xFF or head[1] in (0xD9, 0xDA):
            break
        length = int.from_bytes(head[2:4])
        if head[1] == 0xE1 and head[4:] == b"Exif\0\0":
            return _read_tiff(data[position + 10 : position + 2 + length])
        position += 2 + length
    return 0, False


def _read_tiff(tiff: bytes) -> tuple[int, bool]:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return 0, False
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    if start + 2 > len(tiff):
        return 0, False
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    for number in range(count):
        at = start + 2 + 12 * number
        if at + 12 > len(tiff):
            break
        tag, _kind, _count, value = struct.unpack_from(f"{order}HHIH", tiff, at)
        if tag == _TAG:
            return _TURNS.get(value, (0, False))
    return 0, False
