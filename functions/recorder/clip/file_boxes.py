"""Writes boxes of an MP4 or MOV (ISO/IEC 14496-12 §4.2)."""

from __future__ import annotations

import struct
from typing import Any

from numpy.typing import NDArray

_MAX_U32 = (1 << 32) - 1


def box(kind: bytes, *payload: bytes) -> bytes:
    """Returns a box."""
    return b"".join((struct.pack(">I4s", 8 + sum(map(len, payload)), kind), *payload))


def full_box(kind: bytes, rows: NDArray[Any], *, version: int = 0, fields: bytes = b"") -> bytes:
    """Returns a box with version, flags, `fields`, the number of rows, and the rows."""
    head = struct.pack(">I", version << 24) + fields + struct.pack(">I", len(rows))
    return box(kind, head, rows.tobytes())


def with_duration(header: bytes, duration: int, between: int = 4) -> bytes:
    """Returns the payload of `mvhd`, `mdhd` or `tkhd`, of version 0, with this duration.

    `between` are the bytes between the time of modification and the duration. A duration of more
    than 32 bits makes it version 1, whose times have 64 bits.

    Raises:
        ValueError: When the header has another version.
    """
    if header[0]:
        raise ValueError("The header of a part is not of version 0.")
    flags, created, modified = header[1:4], header[4:8], header[8:12]
    middle, rest = header[12 : 12 + between], header[16 + between :]
    if duration <= _MAX_U32:
        times = created + modified + middle + struct.pack(">I", duration)
        return b"\0" + flags + times + rest
    wide = bytes(4)
    times = wide + created + wide + modified + middle + struct.pack(">Q", duration)
    return b"\1" + flags + times + rest
