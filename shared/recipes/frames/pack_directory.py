"""The directory of a pack, stored beside it: pack and directory together are a ZIP.

The join reads the directories, a few bytes per frame, instead of the packs.
"""

from __future__ import annotations

import struct

from shared.recipes.frames.pack import (
    FrameStamp,
    IndexEntry,
    PackDamaged,
    PackIndex,
    central_directory,
)

_CENTRAL = struct.Struct("<4s6H3I5H2I")
_FIELD = struct.Struct("<HH")
_RECORD_SIGNATURE = b"PK\x01\x02"
_END_SIGNATURES = (b"PK\x05\x06", b"PK\x06\x06")
_ZIP64_FIELD = 1


def dump_directory(index: PackIndex) -> bytes:
    """Returns the directory of one pack."""
    return central_directory([index])


def parse_directory(data: bytes, pack_bytes: int) -> PackIndex:
    """Parses a pack's directory; `pack_bytes` is the pack's size. Raises PackDamaged."""
    entries: list[IndexEntry] = []
    position = 0
    while data[position : position + 4] == _RECORD_SIGNATURE:
        if position + _CENTRAL.size > len(data):
            break
        fields = _CENTRAL.unpack_from(data, position)
        checksum, size, name_bytes, extra_bytes = fields[7], fields[9], fields[10], fields[11]
        offset = fields[16]
        name_start = position + _CENTRAL.size
        extra_start = name_start + name_bytes
        position = extra_start + extra_bytes
        stamp, zip64_offset = _parse_extra(data[extra_start:position])
        name = data[name_start:extra_start].decode("ascii", "replace")
        offset = offset if zip64_offset is None else zip64_offset
        entries.append(IndexEntry(name, stamp, checksum, size, offset))
    if data[position : position + 4] not in _END_SIGNATURES:
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
