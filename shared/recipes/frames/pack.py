"""Packs: frames as ZIP entries that can be joined into one ZIP without moving their bytes.

A pack consists of ZIP local entries, stored, and nothing else. An extra field of each entry
describes its frame, so a pack is complete by itself and no separate list can disagree with it.
Concatenated packs with a central directory after them are a ZIP file: see `pack_directory`.
"""

from __future__ import annotations

import struct
from binascii import crc32
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from shared.recipes.pts import Pts

LOCAL_SIGNATURE = b"PK\x03\x04"
# Limits for the reader, so that a damaged header cannot request all memory.
MAX_NAME_BYTES = 255
MAX_DATA_BYTES = 256 << 20

_LOCAL = struct.Struct("<4s5H3I2H")
# The extra field: id "MF", payload size, version, pts ticks, time base, target k, target time in
# seconds, width and height in pixels.
_EXTRA = struct.Struct("<HHBqIIIqIII")
_EXTRA_ID = 0x464D
_EXTRA_VERSION = 1
# Fixed, so that equal frames give equal bytes: 1980-01-01 00:00, the earliest date of a ZIP.
DOS_DATE = 0x21
VERSION_STORED = 20
NO_FLAGS = 0


class PackDamaged(ValueError):
    """The bytes are not a pack, or they were changed."""


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


class Source(Protocol):
    def read(self, size: int, /) -> bytes: ...


class SeekableSource(Source, Protocol):
    def seek(self, offset: int, whence: int = 0, /) -> int: ...


@dataclass(frozen=True)
class FrameStamp:
    """The content of an entry's extra field.

    Attributes:
        k: The number of the target.
        target: The time of the target, in seconds from the first picture.
        pts: The presentation time of the frame.
        width: In pixels.
        height: In pixels.
    """

    k: int
    target: Fraction
    pts: Pts
    width: int
    height: int

    def to_bytes(self) -> bytes:
        base = self.pts.time_base
        return _EXTRA.pack(
            _EXTRA_ID,
            _EXTRA.size - 4,
            _EXTRA_VERSION,
            self.pts.ticks,
            base.numerator,
            base.denominator,
            self.k,
            self.target.numerator,
            self.target.denominator,
            self.width,
            self.height,
        )

    @classmethod
    def from_bytes(cls, extra: bytes) -> FrameStamp:
        """Parses exactly one such field. Raises PackDamaged."""
        if len(extra) != _EXTRA.size:
            raise PackDamaged("An entry has no time stamp.")
        field_id, size, version, ticks, num, den, k, t_num, t_den, width, height = _EXTRA.unpack(
            extra
        )
        known = (field_id, size, version) == (_EXTRA_ID, _EXTRA.size - 4, _EXTRA_VERSION)
        if not known or den == 0 or num == 0 or t_den == 0:
            raise PackDamaged("An entry's time stamp cannot be read.")
        return cls(k, Fraction(t_num, t_den), Pts(ticks, Fraction(num, den)), width, height)


@dataclass(frozen=True)
class IndexEntry:
    """One frame of a pack without its bytes. `offset` is that of its header in the pack."""

    name: str
    stamp: FrameStamp
    crc32: int
    size_bytes: int
    offset: int

    @property
    def header_bytes(self) -> int:
        return _LOCAL.size + len(self.name) + _EXTRA.size

    @property
    def data_offset(self) -> int:
        return self.offset + self.header_bytes


@dataclass(frozen=True)
class PackIndex:
    """The frames of one pack, in order. `size_bytes` is the size of the pack."""

    entries: tuple[IndexEntry, ...]
    size_bytes: int


@dataclass(frozen=True)
class PackEntry:
    """One frame with its bytes."""

    name: str
    stamp: FrameStamp
    data: bytes


class PackWriter:
    """Writes a pack to a sink; holds only the index in memory."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._entries: list[IndexEntry] = []
        self._offset = 0

    def add(self, name: str, data: bytes, stamp: FrameStamp) -> None:
        """Appends one frame. `name` is its ASCII name in the joined ZIP."""
        if not name.isascii() or not 0 < len(name) <= MAX_NAME_BYTES or "/" in name:
            raise ValueError(f"{name!r} is no name for a frame.")
        checksum = crc32(data)
        entry = IndexEntry(name, stamp, checksum, len(data), self._offset)
        header = _LOCAL.pack(
            LOCAL_SIGNATURE,
            VERSION_STORED,
            NO_FLAGS,
            0,
            0,
            DOS_DATE,
            checksum,
            len(data),
            len(data),
            len(name),
            _EXTRA.size,
        )
        self._sink.write(header + name.encode("ascii") + stamp.to_bytes())
        self._sink.write(data)
        self._offset += entry.header_bytes + len(data)
        self._entries.append(entry)

    def close(self) -> PackIndex:
        """Returns the index of the pack; the sink stays open."""
        return PackIndex(tuple(self._entries), self._offset)


def read_pack(stream: Source) -> Iterator[PackEntry]:
    """Yields the frames of a pack in order, one in memory at a time. Raises PackDamaged."""
    for entry in _read_headers(stream):
        data = _read_exactly(stream, entry.size_bytes)
        if crc32(data) != entry.crc32:
            raise PackDamaged(f"The bytes of {entry.name} are not those that were written.")
        yield PackEntry(entry.name, entry.stamp, data)


def scan_pack(stream: SeekableSource) -> PackIndex:
    """Returns the index of a pack from its headers, without reading data. Raises PackDamaged."""
    entries: list[IndexEntry] = []
    size = 0
    stream.seek(0)
    for entry in _read_headers(stream):
        size = entry.data_offset + entry.size_bytes
        stream.seek(size)
        entries.append(entry)
    if stream.seek(0, 2) != size:
        raise PackDamaged("The pack ends within a frame.")
    return PackIndex(tuple(entries), size)


def _read_headers(stream: Source) -> Iterator[IndexEntry]:
    """Yields the headers in order. The caller moves `stream` to the end of the data in between."""
    offset = 0
    while first := stream.read(1):
        raw = first + _read_exactly(stream, _LOCAL.size - 1)
        signature, _, flags, method, _, _, checksum, packed, size, name_len, extra_len = (
            _LOCAL.unpack(raw)
        )
        is_valid = (
            signature == LOCAL_SIGNATURE and flags == NO_FLAGS and method == 0 and packed == size
        )
        if not is_valid or not 0 < name_len <= MAX_NAME_BYTES or extra_len != _EXTRA.size:
            raise PackDamaged(f"There is no frame at offset {offset}.")
        if size > MAX_DATA_BYTES:
            raise PackDamaged(f"The frame at offset {offset} claims {size} bytes.")
        rest = _read_exactly(stream, name_len + extra_len)
        if not rest[:name_len].isascii():
            raise PackDamaged(f"The frame at offset {offset} has no readable name.")
        stamp = FrameStamp.from_bytes(rest[name_len:])
        entry = IndexEntry(rest[:name_len].decode("ascii"), stamp, checksum, size, offset)
        yield entry
        offset = entry.data_offset + size


def _read_exactly(stream: Source, size: int) -> bytes:
    parts: list[bytes] = []
    remaining = size
    while remaining > 0:
        part = stream.read(remaining)
        if not part:
            raise PackDamaged("The pack ends within a frame.")
        parts.append(part)
        remaining -= len(part)
    return b"".join(parts)
