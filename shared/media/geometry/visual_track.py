"""Reads from an MP4 or MOV which part of its pictures is shown, and the shape of their pixels."""

from __future__ import annotations

import io
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor

from shared.media.containers.boxes import Box, File, iterate_boxes, read_top_boxes
from shared.recipes.picture_shape import NO_CROP, Crop

_ENTRY_FIELDS_BYTES = 78
"""The fields of a VisualSampleEntry before its boxes (ISO/IEC 14496-12 §12.1.3.2)."""
_MAX_ENTRIES = 64
_MAX_CHUNKS = 1 << 17
"""A day has 86,400 chunks of a second."""
_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """A sample description. `kind` is its format, `sample_aspect` that of its `pasp` box, or
    None."""

    kind: bytes
    width: int
    height: int
    sample_aspect: Fraction | None
    crop: Crop


@dataclass(frozen=True, slots=True)
class VisualTrack:
    """A video track.

    Attributes:
        width: Of the presentation, in pixels, before rotation (`tkhd`); 0 when not stated.
        height: Like `width`.
        entries: Its sample descriptions, at least one.
        offsets: Ascending offsets in the file from which samples have another description.
        numbers: The index in `entries` for each of `offsets`.
    """

    width: Fraction
    height: Fraction
    entries: tuple[SampleEntry, ...]
    offsets: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()

    def entry_at(self, offset: int | None, width: int, height: int) -> SampleEntry:
        """Returns the description of the sample at this offset in the file. Where no table has it,
        as in fragments, that of a picture of this size."""
        if offset is None or not self.offsets:
            found = (item for item in self.entries if (item.width, item.height) == (width, height))
            return next(found, self.entries[0])
        return self.entries[self.numbers[max(0, bisect_right(self.offsets, offset) - 1)]]

    @property
    def sample_aspect(self) -> Fraction | None:
        """The pixel shape of the first description; None when the track does not say it.

        Without `pasp` the presentation's size says it. Some muxers state there the size of the
        whole picture, and some that of the part that is shown.
        """
        entry = self.entries[0]
        if entry.sample_aspect is not None or not (self.width and self.height):
            return entry.sample_aspect
        if len(self.entries) > 1 or self.width * entry.height == self.height * entry.width:
            return None
        shown_width, shown_height = entry.crop.apply(entry.width, entry.height)
        aspect = self.width * shown_height / (self.height * shown_width)
        return None if aspect == 1 else aspect


def read_visual_track(file: File, track_id: int) -> VisualTrack | None:
    """Returns the video track with this id; None if there is none that can be read. The position in
    the file does not change, so that FFmpeg can read on."""
    position = file.tell()
    try:
        return _find_track(file, file.seek(0, io.SEEK_END), track_id)
    finally:
        file.seek(position)


def _find_track(file: File, size_bytes: int, track_id: int) -> VisualTrack | None:
    for top in read_top_boxes(file, size_bytes):
        if top.kind == b"moov":
            for box in iterate_boxes(file, top.begin, min(top.end, size_bytes)):
                if box.kind == b"trak" and _read_id(file, box) == track_id:
                    return _read_track(file, box)
    return None


def _read_id(file: File, trak: Box) -> int | None:
    tkhd = _find(file, trak, b"tkhd")
    if tkhd is None:
        return None
    data = _read(file, tkhd)
    # Version 1 has times of 64 bits (ISO/IEC 14496-12 §8.3.2).
    at = 20 if data[:1] == b"\1" else 12
    return int.from_bytes(data[at : at + 4], "big")


def _read_track(file: File, trak: Box) -> VisualTrack | None:
    tkhd, stbl = _find(file, trak, b"tkhd"), _find(file, trak, b"mdia", b"minf", b"stbl")
    stsd = None if stbl is None else _find(file, stbl, b"stsd")
    if tkhd is None or stbl is None or stsd is None:
        return None
    width, height = struct.unpack(">II", _read(file, tkhd)[-8:].rjust(8, b"\0"))
    boxes = iterate_boxes(file, stsd.begin + 8, stsd.end)
    entries = tuple(
        _read_entry(file, box) for box, _ in zip(boxes, range(_MAX_ENTRIES), strict=False)
    )
    if not entries:
        return None
    offsets, numbers = _find_changes(file, stbl, len(entries)) if len(entries) > 1 else ((), ())
    return VisualTrack(
        Fraction(width, 1 << 16), Fraction(height, 1 << 16), entries, offsets, numbers
    )


def _read_entry(file: File, entry: Box) -> SampleEntry:
    width, height = struct.unpack(">HH", _read(file, entry, 28)[24:].ljust(4, b"\0"))
    aspect, crop = None, NO_CROP
    begin = entry.begin + _ENTRY_FIELDS_BYTES + _colour_table_bytes(file, entry)
    for box in iterate_boxes(file, begin, entry.end):
        if box.kind == b"pasp" and box.end - box.begin >= 8:
            horizontal, vertical = struct.unpack(">II", _read(file, box, 8).ljust(8, b"\0"))
            aspect = Fraction(horizontal, vertical) if horizontal and vertical else None
        elif box.kind == b"clap" and box.end - box.begin >= 32:
            crop = clean_aperture(_read(file, box, 32).ljust(32, b"\0"), width, height)
    return SampleEntry(entry.kind, width, height, aspect, crop)


def _colour_table_bytes(file: File, entry: Box) -> int:
    """The size of the palette that a QuickTime description may have before its boxes: with a depth
    of at most 8 bits and the table number 0 (QuickTime File Format, video sample description)."""
    data = _read(file, entry, _ENTRY_FIELDS_BYTES + 8)
    if len(data) < _ENTRY_FIELDS_BYTES + 8:
        return 0
    depth, number = struct.unpack_from(">HH", data, _ENTRY_FIELDS_BYTES - 4)
    if number or depth & 31 not in (1, 2, 4, 8):
        return 0
    (last,) = struct.unpack_from(">H", data, _ENTRY_FIELDS_BYTES + 6)
    return 8 + 8 * (int(last) + 1)


def clean_aperture(data: bytes, width: int, height: int) -> Crop:
    """Returns the crop of a `clap` box, to the nearest pixels; none when it exceeds the picture.

    The offsets are from the centre of the picture to that of the shown part (ISO/IEC 14496-12
    §12.1.4.1).
    """
    numbers = struct.unpack(">IIIIiIiI", data)
    if 0 in numbers[1::2]:
        return NO_CROP
    shown_width, shown_height, across, down = (
        Fraction(value, divisor) for value, divisor in zip(numbers[::2], numbers[1::2], strict=True)
    )
    left = (width - shown_width) / 2 + across
    top = (height - shown_height) / 2 + down
    right, bottom = left + shown_width, top + shown_height
    if left < 0 or top < 0 or right > width or bottom > height:
        return NO_CROP
    crop = Crop(
        floor(left + _HALF),
        floor(top + _HALF),
        width - floor(right + _HALF),
        height - floor(bottom + _HALF),
    )
    return crop if crop.fits(width, height) else NO_CROP


def _find_changes(
    file: File, stbl: Box, entry_count: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The offsets and indices of VisualTrack, from the chunks (ISO/IEC 14496-12 §8.7)."""
    stsc = _find(file, stbl, b"stsc")
    chunks = _find(file, stbl, b"stco") or _find(file, stbl, b"co64")
    if stsc is None or chunks is None:
        return (), ()
    starts = _read_rows(file, chunks, "I" if chunks.kind == b"stco" else "Q")
    # First chunk (from 1), samples per chunk, description (from 1).
    rows = _read_rows(file, stsc, "III")
    if any(later[0] <= earlier[0] for earlier, later in pairwise(rows)):
        return (), ()
    found: list[tuple[int, int]] = []
    for row, (first, _, number) in enumerate(rows):
        last = rows[row + 1][0] - 1 if row + 1 < len(rows) else len(starts)
        for (offset,) in starts[max(0, first - 1) : max(0, last)]:
            found.append((offset, min(max(number, 1), entry_count) - 1))
    found.sort()
    changes = [item for n, item in enumerate(found) if n == 0 or item[1] != found[n - 1][1]]
    return tuple(offset for offset, _ in changes), tuple(number for _, number in changes)


def _read_rows(file: File, box: Box, form: str) -> list[tuple[int, ...]]:
    """The rows of a box with version, flags and a number of rows; fewer when it is cut off."""
    row = struct.Struct(f">{form}")
    file.seek(box.begin)
    head = file.read(8).ljust(8, b"\0")
    count = min(int.from_bytes(head[4:], "big"), (box.end - box.begin - 8) // row.size, _MAX_CHUNKS)
    data = file.read(max(0, count) * row.size)
    return list(row.iter_unpack(data[: len(data) // row.size * row.size]))


def _find(file: File, parent: Box, *path: bytes) -> Box | None:
    """Returns the first box at a path below `parent`."""
    box: Box | None = parent
    for kind in path:
        assert box is not None  # noqa: S101 - for mypy
        children: Iterator[Box] = iterate_boxes(file, box.begin, box.end)
        box = next((child for child in children if child.kind == kind), None)
        if box is None:
            return None
    return box


def _read(file: File, box: Box, length: int | None = None) -> bytes:
    """The payload of a small box, at most `length` bytes of it."""
    size = min(box.end - box.begin, 4096)
    file.seek(box.begin)
    return file.read(size if length is None else min(size, length))
