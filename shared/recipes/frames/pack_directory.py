"""A pack's directory, kept beside it: the pack followed by its directory is itself a ZIP.

The join reads these few bytes a frame instead of the packs.
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
_RECORD = b"PK\x01\x02"
_ENDS = (b"PK\x05\x06", b"PK\x06\x06")
_ZIP64_FIELD = 1


def dump_directory(index: PackIndex) -> bytes:
    """The directory of one pack."""
    return central_directory([index])


def parse_directory(data: bytes, pack_bytes: int) -> PackIndex:
    """The index out of a pack's directory; `pack_bytes` is the pack's size. Raises PackDamaged."""
    entries: list[IndexEntry] = []
    at = 0
    while data[at : at + 4] == _RECORD:
        if at + _CENTRAL.size > len(data):
            break
        fields = _CENTRAL.unpack_from(data, at)
        checksum, size, name_bytes, extra_bytes = fields[7], fields[9], fields[10], fields[11]
        offset = fields[16]
        name_at = at + _CENTRAL.size
        extra_at = name_at + name_bytes
        at = extra_at + extra_bytes
        stamp, far = _extras(data[extra_at:at])
        name = data[name_at:extra_at].decode("ascii", "replace")
        entries.append(IndexEntry(name, stamp, checksum, size, offset if far is None else far))
    if data[at : at + 4] not in _ENDS:
        raise PackDamaged("The pack's directory ends in the middle.")
    if entries and entries[-1].data_offset + entries[-1].size_bytes != pack_bytes:
        raise PackDamaged("The directory is not that of this pack.")
    return PackIndex(tuple(entries), pack_bytes)


def _extras(extra: bytes) -> tuple[FrameStamp, int | None]:
    """The frame's stamp, and its offset where ZIP64 had to say it."""
    stamp: FrameStamp | None = None
    far: int | None = None
    at = 0
    while at + _FIELD.size <= len(extra):
        kind, size = _FIELD.unpack_from(extra, at)
        end = at + _FIELD.size + size
        if kind == _ZIP64_FIELD and size == 8:
            (far,) = struct.unpack_from("<Q", extra, at + _FIELD.size)
        else:
            stamp = FrameStamp.from_bytes(extra[at:end])
        at = end
    if stamp is None:
        raise PackDamaged("An entry of the directory has no time stamp.")
    return stamp, far
