"""The boxes of MP4 and MOV, as far as they must be known before FFmpeg reads them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from shared.media.containers.range_file import RangeFile
from shared.media.errors import EncryptedVideo, ExternalMedia
from shared.media.limits import check_size, check_streams

File = BinaryIO | RangeFile
FIRST_BOX_KINDS = (
    b"ftyp",
    b"moov",
    b"mdat",
    b"wide",
    b"free",
    b"skip",
    b"styp",
    b"moof",
    b"sidx",
    b"pnot",
)
"""A file whose first box is one of these is an MP4 or MOV."""
_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl")
_REFERENCE_MOVIE = b"rmra"
_MOST_BOXES = 20_000
"""Looked at; a film of sixty-four tracks has some thousand, and what comes later FFmpeg reads
without opening anything."""
_MOST_ENTRIES = 64
_SELF_CONTAINED = 1
_PROTECTED = (b"encv", b"drmi")


@dataclass(frozen=True, slots=True)
class Box:
    """Where a box lies: `begin` of its payload, `end` as it claims, both in bytes."""

    kind: bytes
    begin: int
    end: int


def read_top_boxes(file: File, size_bytes: int) -> Iterator[Box]:
    """The boxes that the file consists of."""
    return _boxes(file, 0, size_bytes, [_MOST_BOXES])


def check_boxes(file: File, size_bytes: int) -> None:
    """Raises ExternalMedia when the pictures lie in another file, EncryptedVideo when they can
    only be seen with a key, VideoTooLarge and TooManyStreams."""
    left = [_MOST_BOXES]
    for one in _boxes(file, 0, size_bytes, left):
        if one.kind == b"moov":
            _check(file, one, size_bytes, left)


def _check(file: File, parent: Box, size_bytes: int, left: list[int]) -> None:
    tracks = 0
    for one in _boxes(file, parent.begin, min(parent.end, size_bytes), left):
        tracks += one.kind == b"trak"
        check_streams(tracks)
        if one.kind == _REFERENCE_MOVIE:
            raise ExternalMedia
        if one.kind == b"tkhd" and one.begin + 8 < one.end <= size_bytes:
            width, height = struct.unpack(">II", _read(file, one.end - 8, 8))
            check_size(width >> 16, height >> 16)
        if one.kind == b"dref":
            _check_references(file, one, size_bytes, left)
        elif one.kind == b"stsd":
            _check_entries(file, one, size_bytes, left)
        elif one.kind in _PARENTS:
            _check(file, one, size_bytes, left)


def _check_references(file: File, box: Box, size_bytes: int, left: list[int]) -> None:
    """ISO/IEC 14496-12 §8.7.2: without the flag the media lies where the entry says."""
    for entry in _entries(file, box, size_bytes, left):
        flags = int.from_bytes(_read(file, entry.begin, 4), "big") & 0xFFFFFF
        if not flags & _SELF_CONTAINED and entry.end > entry.begin + 4:
            raise ExternalMedia


def _check_entries(file: File, box: Box, size_bytes: int, left: list[int]) -> None:
    """ISO/IEC 14496-12 §8.12: a protected picture's entry is called so."""
    if any(one.kind in _PROTECTED for one in _entries(file, box, size_bytes, left)):
        raise EncryptedVideo


def _entries(file: File, box: Box, size_bytes: int, left: list[int]) -> Iterator[Box]:
    """The children of a box that has a version, flags and a count in front of them."""
    found = _boxes(file, box.begin + 8, min(box.end, size_bytes), left)
    for one, _ in zip(found, range(_MOST_ENTRIES), strict=False):
        yield one


def _boxes(file: File, begin: int, end: int, left: list[int]) -> Iterator[Box]:
    """§4.2: size and kind; size 1 is followed by a longer one, size 0 reaches to the end."""
    at = begin
    while at + 8 <= end and left[0] > 0:
        left[0] -= 1
        size, kind = struct.unpack(">I4s", _read(file, at, 8))
        header = 8
        if size == 1 and at + 16 <= end:
            (size,) = struct.unpack(">Q", _read(file, at + 8, 8))
            header = 16
        size = size or end - at
        if size < header:
            return
        yield Box(kind, at + header, at + size)
        at += size


def _read(file: File, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length).ljust(length, b"\0")
