"""The boxes of MP4 and MOV, and the checks of a file before FFmpeg reads it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from weakref import WeakKeyDictionary

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
_MAX_BOXES = 20_000
"""The number of boxes that are checked. A film of 64 tracks has some thousand; FFmpeg reads later
boxes without opening another file."""
_MAX_ENTRIES = 64
_SELF_CONTAINED = 1
_PROTECTED_FORMATS = (b"encv", b"drmi")


@dataclass(frozen=True, slots=True)
class Box:
    """The location of a box in bytes: its `start`, `begin` of its payload, and the `end` that it
    declares."""

    kind: bytes
    start: int
    begin: int
    end: int


_top_boxes: WeakKeyDictionary[RangeFile, tuple[int, list[Box]]] = WeakKeyDictionary()
"""What was read of each open file: a long recording in fragments has thousands of boxes, each of
which costs a request."""


def read_top_boxes(file: File, size_bytes: int) -> list[Box]:
    """Returns the top-level boxes of the file. Those of a RangeFile, whose bytes do not change, are
    read once."""
    known = _top_boxes.get(file) if isinstance(file, RangeFile) else None
    if known is not None and known[0] == size_bytes:
        return known[1]
    boxes = list(iterate_boxes(file, 0, size_bytes))
    if isinstance(file, RangeFile):
        _top_boxes[file] = size_bytes, boxes
    return boxes


def check_boxes(file: File, size_bytes: int) -> None:
    """Checks the boxes of an MP4 or MOV.

    Raises:
        ExternalMedia: When the pictures are in another file.
        EncryptedVideo: When the pictures are encrypted.
        VideoTooLarge: When a track declares too many pixels.
        TooManyStreams: When there are too many tracks.
    """
    boxes = read_top_boxes(file, size_bytes)
    budget = [_MAX_BOXES]
    for box in boxes:
        if box.kind == b"moov":
            _check_children(file, box, size_bytes, budget)


def _check_children(file: File, parent: Box, size_bytes: int, budget: list[int]) -> None:
    tracks = 0
    for box in iterate_boxes(file, parent.begin, min(parent.end, size_bytes), budget):
        tracks += box.kind == b"trak"
        check_streams(tracks)
        if box.kind == _REFERENCE_MOVIE:
            raise ExternalMedia
        if box.kind == b"tkhd" and box.begin + 8 < box.end <= size_bytes:
            width, height = struct.unpack(">II", _read(file, box.end - 8, 8))
            check_size(width >> 16, height >> 16)
        if box.kind == b"dref":
            _check_references(file, box, size_bytes, budget)
        elif box.kind == b"stsd":
            _check_entries(file, box, size_bytes, budget)
        elif box.kind in _PARENTS:
            _check_children(file, box, size_bytes, budget)


def _check_references(file: File, box: Box, size_bytes: int, budget: list[int]) -> None:
    """ISO/IEC 14496-12 §8.7.2: without the flag the media is at the location in the entry."""
    for entry in _iterate_entries(file, box, size_bytes, budget):
        flags = int.from_bytes(_read(file, entry.begin, 4), "big") & 0xFFFFFF
        if not flags & _SELF_CONTAINED and entry.end > entry.begin + 4:
            raise ExternalMedia


def _check_entries(file: File, box: Box, size_bytes: int, budget: list[int]) -> None:
    """ISO/IEC 14496-12 §8.12: the format of an entry marks protected pictures."""
    entries = _iterate_entries(file, box, size_bytes, budget)
    if any(entry.kind in _PROTECTED_FORMATS for entry in entries):
        raise EncryptedVideo


def _iterate_entries(file: File, box: Box, size_bytes: int, budget: list[int]) -> Iterator[Box]:
    """Yields the children of a box that begins with a version, flags and a count."""
    entries = iterate_boxes(file, box.begin + 8, min(box.end, size_bytes), budget)
    for entry, _ in zip(entries, range(_MAX_ENTRIES), strict=False):
        yield entry


def iterate_boxes(
    file: File, begin: int, end: int, budget: list[int] | None = None
) -> Iterator[Box]:
    """Yields the boxes between two positions, not those within them (ISO/IEC 14496-12 §4.2).

    Size 1 announces a 64-bit size; size 0 extends to the end. `budget` has one element, the number
    of boxes that may still be read; it is reduced.
    """
    position = begin
    budget = [_MAX_BOXES] if budget is None else budget
    while position + 8 <= end and budget[0] > 0:
        budget[0] -= 1
        size, kind = struct.unpack(">I4s", _read(file, position, 8))
        header = 8
        if size == 1 and position + 16 <= end:
            (size,) = struct.unpack(">Q", _read(file, position + 8, 8))
            header = 16
        size = size or end - position
        if size < header:
            return
        yield Box(kind, position, position + header, position + size)
        position += size


def _read(file: File, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length).ljust(length, b"\0")
