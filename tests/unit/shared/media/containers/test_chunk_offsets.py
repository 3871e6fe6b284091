"""Chunk offsets of an index that is moved before its data."""

from __future__ import annotations

import struct

import pytest

from shared.media.containers.chunk_offsets import ChunkOffsetTooLarge, shift_chunk_offsets


def box(kind: bytes, *payload: bytes) -> bytes:
    data = b"".join(payload)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def offset_box(kind: bytes, *offsets: int) -> bytes:
    form = "Q" if kind == b"co64" else "I"
    return box(kind, bytes(4), struct.pack(f">I{len(offsets)}{form}", len(offsets), *offsets))


def make_moov(*tables: bytes) -> bytes:
    """Returns an index with one track for each table."""
    tracks = [
        box(b"trak", box(b"tkhd", b"x" * 84), box(b"mdia", box(b"minf", box(b"stbl", table))))
        for table in tables
    ]
    # A box of the same kind elsewhere is no chunk offset of a track.
    return box(b"moov", box(b"mvhd", b"y" * 100), *tracks, box(b"udta", offset_box(b"stco", 5)))


def test_offsets_of_all_tracks_are_shifted() -> None:
    moov = make_moov(offset_box(b"stco", 40, 90), offset_box(b"co64", 60, 1 << 40), b"")
    expected = make_moov(
        offset_box(b"stco", 140, 190), offset_box(b"co64", 160, (1 << 40) + 100), b""
    )
    assert shift_chunk_offsets(moov, 100) == expected


def test_largest_32_bit_offset_is_kept_and_a_larger_one_refused() -> None:
    moov = make_moov(offset_box(b"stco", (1 << 32) - 11))
    assert shift_chunk_offsets(moov, 10) == make_moov(offset_box(b"stco", (1 << 32) - 1))
    with pytest.raises(ChunkOffsetTooLarge):
        shift_chunk_offsets(moov, 11)


def test_table_without_offsets_is_unchanged() -> None:
    moov = make_moov(offset_box(b"stco"))
    assert shift_chunk_offsets(moov, 1 << 33) == moov
