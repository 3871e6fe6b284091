"""The format of a preview's objects: JPEG pictures with their arrival times.

Each picture follows a header of two big-endian integers: its arrival time in milliseconds since
1970 (8 bytes) and its length in bytes (4 bytes). An object holds the pictures of about one second.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

HEADER = struct.Struct(">QI")
MAX_OBJECT_BYTES = 4 << 20
"""The limit of an object: five pictures of 800 kB."""
CONTENT_TYPE = "application/x-moodreel-preview"


def pack_frames(frames: Iterable[tuple[int, bytes]]) -> bytes:
    """Returns an object with (milliseconds, JPEG) pairs."""
    return b"".join(HEADER.pack(at_ms, len(jpeg)) + jpeg for at_ms, jpeg in frames)


def unpack_frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields (milliseconds, JPEG) in order. Raises ValueError when the data is cut off."""
    position = 0
    while position < len(data):
        if position + HEADER.size > len(data):
            raise ValueError("The preview is cut off.")
        at_ms, size = HEADER.unpack_from(data, position)
        position += HEADER.size
        if position + size > len(data):
            raise ValueError("The preview is cut off.")
        yield at_ms, data[position : position + size]
        position += size
