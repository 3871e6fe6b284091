"""The form of a preview's objects: JPEG pictures with their times, one after the other.

Each begins with when it arrived, in milliseconds since 1970, and its length in bytes, both big
endian: 8 and 4 bytes. An object holds those of about one second.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

HEADER = struct.Struct(">QI")
MAX_OBJECT_BYTES = 4 << 20
"""An object at most: five pictures of 800 KB."""
CONTENT_TYPE = "application/x-moodreel-preview"


def pack_frames(frames: Iterable[tuple[int, bytes]]) -> bytes:
    """An object of (milliseconds, JPEG)."""
    return b"".join(HEADER.pack(at_ms, len(jpeg)) + jpeg for at_ms, jpeg in frames)


def unpack_frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Back; → (milliseconds, JPEG) in order. Raises ValueError for what is cut off."""
    at = 0
    while at < len(data):
        if at + HEADER.size > len(data):
            raise ValueError("The preview is cut off.")
        at_ms, size = HEADER.unpack_from(data, at)
        at += HEADER.size
        if at + size > len(data):
            raise ValueError("The preview is cut off.")
        yield at_ms, data[at : at + size]
        at += size
