"""The characters of a font, from its `cmap` table, read without a library.

The format is OpenType's: https://learn.microsoft.com/typography/opentype/spec/cmap. Current fonts
use its subtable formats 4 (16-bit) and 12 (32-bit).
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from pathlib import Path

_UNICODE_ENCODINGS = {(0, 3), (0, 4), (0, 6), (3, 1), (3, 10)}


class Coverage:
    """A set of code points, stored as ranges."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        ranges.sort()
        self._starts = [start for start, _ in ranges]
        self._ends = [end for _, end in ranges]

    def __contains__(self, character: str) -> bool:
        code = ord(character)
        index = bisect_right(self._starts, code) - 1
        return index >= 0 and code <= self._ends[index]


def read_coverage(path: Path) -> Coverage:
    """Returns the characters of the font at `path`. Raises ValueError for an unsupported file."""
    data = _read_table(path, b"cmap")
    ranges: list[tuple[int, int]] = []
    (count,) = struct.unpack_from(">H", data, 2)
    offsets = set()
    for row in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", data, 4 + 8 * row)
        if (platform, encoding) in _UNICODE_ENCODINGS:
            offsets.add(offset)
    for offset in offsets:
        (table_format,) = struct.unpack_from(">H", data, offset)
        if table_format == 4:
            ranges += _parse_format_4(data, offset)
        elif table_format == 12:
            ranges += _parse_format_12(data, offset)
    if not ranges:
        raise ValueError(f"{path.name} has no readable character map")
    return Coverage(ranges)


def _read_table(path: Path, tag_name: bytes) -> bytes:
    with path.open("rb") as file:
        head = file.read(12)
        (count,) = struct.unpack_from(">H", head, 4)
        directory = file.read(16 * count)
        for row in range(count):
            tag, _, offset, length = struct.unpack_from(">4sIII", directory, 16 * row)
            if tag == tag_name:
                file.seek(offset)
                return file.read(length)
    raise ValueError(f"{path.name} has no table {tag_name.decode()}")


def _parse_format_4(data: bytes, offset: int) -> list[tuple[int, int]]:
    (doubled,) = struct.unpack_from(">H", data, offset + 6)
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", data, offset + 14)
    starts = struct.unpack_from(f">{count}H", data, offset + 16 + doubled)
    # The last segment is 0xFFFF alone and maps to nothing.
    return [(s, e) for s, e in zip(starts, ends, strict=True) if s != 0xFFFF]


def _parse_format_12(data: bytes, offset: int) -> list[tuple[int, int]]:
    (count,) = struct.unpack_from(">I", data, offset + 12)
    rows = (struct.unpack_from(">III", data, offset + 16 + 12 * n) for n in range(count))
    return [(start, end) for start, end, _ in rows]
