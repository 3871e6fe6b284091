"""Which characters a font has: its `cmap` table, read without any library.

The format is OpenType's: https://learn.microsoft.com/typography/opentype/spec/cmap. Of its
subtables, 4 (16-bit) and 12 (32-bit) are those that fonts of today have.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path

_UNICODE = {(0, 3), (0, 4), (0, 6), (3, 1), (3, 10)}


class Coverage:
    """A set of code points, kept as ranges."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        ranges.sort()
        self._starts = [start for start, _ in ranges]
        self._ends = [end for _, end in ranges]

    def __contains__(self, character: str) -> bool:
        code = ord(character)
        at = bisect_right(self._starts, code) - 1
        return at >= 0 and code <= self._ends[at]


@lru_cache(maxsize=64)
def read_coverage(path: Path) -> Coverage:
    """What the font at `path` can show. Raises ValueError when it is no font of this kind."""
    data = _table(path, b"cmap")
    ranges: list[tuple[int, int]] = []
    (count,) = struct.unpack_from(">H", data, 2)
    offsets = set()
    for row in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", data, 4 + 8 * row)
        if (platform, encoding) in _UNICODE:
            offsets.add(offset)
    for offset in offsets:
        (form,) = struct.unpack_from(">H", data, offset)
        if form == 4:
            ranges += _form_4(data, offset)
        elif form == 12:
            ranges += _form_12(data, offset)
    if not ranges:
        raise ValueError(f"{path.name} has no characters that can be read")
    return Coverage(ranges)


def _table(path: Path, wanted: bytes) -> bytes:
    with path.open("rb") as file:
        head = file.read(12)
        (count,) = struct.unpack_from(">H", head, 4)
        directory = file.read(16 * count)
        for row in range(count):
            tag, _, offset, length = struct.unpack_from(">4sIII", directory, 16 * row)
            if tag == wanted:
                file.seek(offset)
                return file.read(length)
    raise ValueError(f"{path.name} has no table {wanted.decode()}")


def _form_4(data: bytes, at: int) -> list[tuple[int, int]]:
    (doubled,) = struct.unpack_from(">H", data, at + 6)
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + doubled)
    # The last segment is 0xFFFF alone and maps to nothing.
    return [(s, e) for s, e in zip(starts, ends, strict=True) if s != 0xFFFF]


def _form_12(data: bytes, at: int) -> list[tuple[int, int]]:
    (count,) = struct.unpack_from(">I", data, at + 12)
    rows = (struct.unpack_from(">III", data, at + 16 + 12 * n) for n in range(count))
    return [(start, end) for start, end, _ in rows]
