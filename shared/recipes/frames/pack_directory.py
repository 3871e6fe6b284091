"""The directory of a pack, stored beside it: pack and directory together are a ZIP.

The join reads the directories, a few bytes per frame, instead of the packs. The format is that of
PKWARE APPNOTE 6.3.10, §4.3, with ZIP64 where offsets or counts need it (§4.3.14).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

from shared.recipes.frames.pack import (
    DOS_DATE,
    NO_FLAGS,
    VERSION_STORED,
    FrameStamp,
    IndexEntry,
    PackDamaged,
    PackIndex,
)

_RECORD = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
_FIELD = struct.Struct("<HH")
_ZIP64_OFFSET = struct.Struct("<HHQ")
_RECORD_SIGNATURE = b"PK\x01\x02"
_END_SIGNATURE = b"PK\x05\x06"
_END64_SIGNATURE = b"PK\x06\x06"
_LOCATOR64_SIGNATURE = b"PK\x06\x07"
_ZIP64_FIELD = 1
_VERSION_ZIP64 = 45
_MADE_BY_UNIX = 3 << 8
_PLAIN_FILE = 0o100644 << 16
_MAX16, _MAX32 = 0xFFFF, 0xFFFFFFFF


def central_directory(parts: Sequence[PackIndex], *, base: int = 0) -> bytes:
    """Returns the central directory of the ZIP that begins with the `parts` in this order.

    `base` is the number of bytes before the first part.
    """
    records = list(_central_records(parts, base))
    directory = b"".join(records)
    start = base + sum(part.size_bytes for part in parts)
    count = len(records)
    end64 = b""
    if count >= _MAX16 or start >= _MAX32 or len(directory) >= _MAX32:
        end64 = _END64.pack(
            _END64_SIGNATURE,
            _END64.size - 12,
            _MADE_BY_UNIX | _VERSION_ZIP64,
            _VERSION_ZIP64,
            0,
            0,
            count,
            count,
            len(directory),
            start,
        ) + _LOCATOR64.pack(_LOCATOR64_SIGNATURE, 0, start + len(directory), 1)
    count16 = min(count, _MAX16)
    end = _END.pack(
        _END_SIGNATURE,
        0,
        0,
        count16,
        count16,
        min(len(directory), _MAX32),
        min(start, _MAX32),
        0,
    )
    return directory + end64 + end


def _central_records(parts: Iterable[PackIndex], base: int) -> Iterator[bytes]:
    for part in parts:
        for entry in part.entries:
            yield _central_record(entry, base + entry.offset)
        base += part.size_bytes


def _central_record(entry: IndexEntry, offset: int) -> bytes:
    is_zip64 = offset >= _MAX32
    # ZIP64 (id 1) holds only the fields that are saturated in the record: here the offset.
    extra = entry.stamp.to_bytes() + (
        _ZIP64_OFFSET.pack(_ZIP64_FIELD, 8, offset) if is_zip64 else b""
    )
    version = _VERSION_ZIP64 if is_zip64 else VERSION_STORED
    return (
        _RECORD.pack(
            _RECORD_SIGNATURE,
            _MADE_BY_UNIX | version,
            version,
            NO_FLAGS,
            0,
            0,
            DOS_DATE,
            entry.crc32,
            entry.size_bytes,
            entry.size_bytes,
            len(entry.name),
            len(extra),
            0,
            0,
            0,
            _PLAIN_FILE,
            min(offset, _MAX32),
        )
        + entry.name.encode("ascii")
        + extra
    )


def dump_directory(index: PackIndex) -> bytes:
    """Returns the directory of one pack."""
    return central_directory([index])


def parse_directory(data: bytes, pack_bytes: int) -> PackIndex:
    """Parses a pack's directory; `pack_bytes` is the pack's size. Raises PackDamaged."""
    entries: list[IndexEntry] = []
    position = 0
    while data[position : position + 4] == _RECORD_SIGNATURE:
        if position + _RECORD.size > len(data):
            break
        fields = _RECORD.unpack_from(data, position)
        checksum, size, name_bytes, extra_bytes = fields[7], fields[9], fields[10], fields[11]
        offset = fields[16]
        name_start = position + _RECORD.size
        extra_start = name_start + name_bytes
        position = extra_start + extra_bytes
        stamp, zip64_offset = _parse_extra(data[extra_start:position])
        name = data[name_start:extra_start].decode("ascii", "replace")
        offset = offset if zip64_offset is None else zip64_offset
        entries.append(IndexEntry(name, stamp, checksum, size, offset))
    if data[position : position + 4] not in (_END_SIGNATURE, _END64_SIGNATURE):
        raise PackDamaged("The pack's directory ends in the middle.")
    if entries and entries[-1].data_offset + entries[-1].size_bytes != pack_bytes:
        raise PackDamaged("The directory is not that of this pack.")
    return PackIndex(tuple(entries), pack_bytes)


def _parse_extra(extra: bytes) -> tuple[FrameStamp, int | None]:
    """Returns the frame's stamp, and its offset if a ZIP64 field holds it."""
    stamp: FrameStamp | None = None
    zip64_offset: int | None = None
    position = 0
    while position + _FIELD.size <= len(extra):
        kind, size = _FIELD.unpack_from(extra, position)
        end = position + _FIELD.size + size
        if kind == _ZIP64_FIELD and size == 8:
            (zip64_offset,) = struct.unpack_from("<Q", extra, position + _FIELD.size)
        else:
            stamp = FrameStamp.from_bytes(extra[position:end])
        position = end
    if stamp is None:
        raise PackDamaged("An entry of the directory has no time stamp.")
    return stamp, zip64_offset
