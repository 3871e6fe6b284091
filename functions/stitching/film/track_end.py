"""Extends the last sample of a track of an MP4."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from shared.media.containers.boxes import Box, iterate_boxes

_TRACK_PATH = (b"moov", b"trak")


def extend_last_sample(path: Path, handler: bytes, end: Fraction) -> None:
    """Lets the last sample of the tracks with this handler end at `end`, in seconds.

    The boxes must have 32-bit times (version 0), as FFmpeg writes them when they suffice.
    """
    with path.open("r+b") as file:
        for track in _find(file, Box(b"", 0, 0, path.stat().st_size), _TRACK_PATH):
            header = next(_find(file, track, (b"mdia", b"mdhd")))
            kind = next(_find(file, track, (b"mdia", b"hdlr")))
            if _read(file, kind.begin + 8, 4) == handler:
                _extend(file, track, header, end)


def _extend(file: BinaryIO, track: Box, header: Box, end: Fraction) -> None:
    timescale, duration = _read_numbers(file, header.begin + 12, 2)
    missing = round(end * timescale) - duration
    if missing <= 0:
        return
    times = next(_find(file, track, (b"mdia", b"minf", b"stbl", b"stts")))
    (entries,) = _read_numbers(file, times.begin + 4, 1)
    position = times.begin + 8 * entries
    _, delta = _read_numbers(file, position, 2)
    # FFmpeg's own last sample has no duration, so it has an entry of its own.
    if delta == 0:
        _write_number(file, header.begin + 16, duration + missing)
        _write_number(file, position + 4, missing)


def _find(file: BinaryIO, parent: Box, path: tuple[bytes, ...]) -> Iterator[Box]:
    """Yields the boxes at a path of kinds below a box."""
    for box in iterate_boxes(file, parent.begin, parent.end):
        if box.kind == path[0]:
            if len(path) == 1:
                yield box
            else:
                yield from _find(file, box, path[1:])


def _read_numbers(file: BinaryIO, position: int, count: int) -> tuple[int, ...]:
    return struct.unpack(f">{count}I", _read(file, position, 4 * count))


def _read(file: BinaryIO, position: int, size: int) -> bytes:
    file.seek(position)
    return file.read(size)


def _write_number(file: BinaryIO, position: int, value: int) -> None:
    file.seek(position)
    file.write(struct.pack(">I", value))
