"""Moves the index of an MP4 (`moov`) before its data, so that players start before the download
ends."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from shared.media.containers.boxes import Box, iterate_boxes

_SAMPLE_TABLE_PARENTS = (b"trak", b"mdia", b"minf", b"stbl")
_BOX_HEADER_BYTES = 8


class ChunkOffsetTooLarge(ValueError):
    """A shifted chunk offset does not fit into 32 bits."""


def shift_chunk_offsets(moov: bytes, shift: int) -> bytes:
    """Returns a `moov` box for data that lies `shift` bytes later.

    The chunk offsets of `stco` and `co64` boxes count from the start of the file (ISO/IEC 14496-12
    §8.7.5). Raises ChunkOffsetTooLarge.
    """
    shifted = bytearray(moov)
    for box in _offset_boxes(io.BytesIO(moov), _BOX_HEADER_BYTES, len(moov)):
        # Version and flags, the number of offsets, the offsets.
        (count,) = struct.unpack_from(">I", moov, box.begin + 4)
        row = struct.Struct(f">{count}{'Q' if box.kind == b'co64' else 'I'}")
        offsets = [offset + shift for offset in row.unpack_from(moov, box.begin + 8)]
        if box.kind == b"stco" and offsets and max(offsets) >= 1 << 32:
            raise ChunkOffsetTooLarge
        row.pack_into(shifted, box.begin + 8, *offsets)
    return bytes(shifted)


def _offset_boxes(moov: io.BytesIO, begin: int, end: int) -> Iterator[Box]:
    for box in iterate_boxes(moov, begin, end):
        if box.kind in _SAMPLE_TABLE_PARENTS:
            yield from _offset_boxes(moov, box.begin, min(box.end, end))
        elif box.kind in (b"stco", b"co64"):
            yield box
