"""The empty edits of an MP4 (ISO/IEC 14496-12 §8.6.6): parts of a sound that are silent.

FFmpeg applies edit lists, but from the second edit on it plays samples where an empty edit asks for
silence.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import BinaryIO

from shared.media.containers.boxes import Box, iterate_boxes, read_top_boxes
from shared.media.containers.range_file import RangeFile

File = BinaryIO | RangeFile
_EMPTY = -1
_MAX_EDITS = 10_000
"""An editing program writes some hundred."""
_ROW = {0: struct.Struct(">Ii4x"), 1: struct.Struct(">Qq4x")}
"""An edit by the version of the box: its duration, its start in the media, its rate."""


@dataclass(frozen=True, slots=True)
class EmptyEdits:
    """The silent parts of a track, in seconds of its presentation.

    Attributes:
        lead: The duration of the empty edits before the first other edit.
        ranges: Start and end of each later one, in order.
    """

    lead: Fraction = Fraction(0)
    ranges: tuple[tuple[Fraction, Fraction], ...] = ()


def find_empty_edits(file: File, track_id: int) -> EmptyEdits:
    """Returns the empty edits of a track.

    Args:
        file: An MP4 or MOV; its position is kept.
        track_id: The number of the track.
    """
    position = file.tell()
    try:
        size_bytes = file.seek(0, io.SEEK_END)
        moov = next((box for box in read_top_boxes(file, size_bytes) if box.kind == b"moov"), None)
        return EmptyEdits() if moov is None else _empty_edits(file, moov, track_id)
    finally:
        file.seek(position)


def _empty_edits(file: File, moov: Box, track_id: int) -> EmptyEdits:
    movie = _find(file, moov, b"mvhd")
    if movie is None:
        return EmptyEdits()
    # Version and flags, two times of 4 or 8 bytes, the time scale.
    is_long = _read(file, movie.begin, 1) == b"\1"
    scale = int.from_bytes(_read(file, movie.begin + (20 if is_long else 12), 4), "big")
    if not scale:
        return EmptyEdits()
    at, lead = 0, None
    ranges = []
    for duration, start in _read_edits(file, moov, track_id):
        if start != _EMPTY:
            lead = at if lead is None else lead
        elif lead is not None:
            ranges.append((Fraction(at, scale), Fraction(at + duration, scale)))
        at += duration
    return EmptyEdits(Fraction(lead or 0, scale), tuple(ranges))


def _read_edits(file: File, moov: Box, track_id: int) -> Iterator[tuple[int, int]]:
    """Yields duration, in the time scale of the movie, and start of each edit of a track."""
    for track in iterate_boxes(file, moov.begin, moov.end):
        header = _find(file, track, b"tkhd") if track.kind == b"trak" else None
        if header is None:
            continue
        is_long = _read(file, header.begin, 1) == b"\1"
        number = _read(file, header.begin + (20 if is_long else 12), 4)
        edits = _find(file, track, b"edts")
        edit_list = None if edits is None else _find(file, edits, b"elst")
        if int.from_bytes(number, "big") != track_id or edit_list is None:
            continue
        data = _read(file, edit_list.begin, min(edit_list.end - edit_list.begin, 20 * _MAX_EDITS))
        row = _ROW.get(data[0]) if data else None
        if row is None:
            continue
        count = int.from_bytes(data[4:8], "big")
        rows = data[8 : 8 + len(data[8:]) // row.size * row.size]
        yield from islice(row.iter_unpack(rows), count)


def _find(file: File, parent: Box, kind: bytes) -> Box | None:
    children = iterate_boxes(file, parent.begin, parent.end)
    return next((box for box in children if box.kind == kind), None)


def _read(file: File, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)
