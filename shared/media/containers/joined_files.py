"""Files that were written one behind the other, and that FFmpeg does not read as one.

FFmpeg stops at the header of a second FLV, ignores the table of contents of a second MP4, and reads
a second Matroska with the codec settings of the first one. Each is opened as a file of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any, BinaryIO

from shared.media.containers.boxes import FIRST_BOX_KINDS, read_top_boxes
from shared.media.containers.ebml import EBML, MAX_ELEMENTS, iterate_elements
from shared.media.containers.file_head import HEAD_BYTES
from shared.media.containers.range_file import RangeFile

MAX_FILES = 32
_TS_SYNC, _TS_PACKET_BYTES = 0x47, 188
_TS_BLOCK_BYTES = _TS_PACKET_BYTES * 5_000


def find_listed_files(file: BinaryIO | RangeFile, size_bytes: int) -> tuple[int, ...]:
    """Returns the positions of the files behind the first MP4, MOV or Matroska, by the sizes that
    the boxes or elements state."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head[4:8] in FIRST_BOX_KINDS:
        return _find_joined_movies(file, size_bytes)
    if head.startswith(EBML.to_bytes(4, "big")):
        return _find_joined_segments(file, size_bytes)
    return ()


def _find_joined_movies(file: BinaryIO | RangeFile, size_bytes: int) -> tuple[int, ...]:
    """Returns the positions of file type boxes, each with a movie box behind it."""
    positions: list[int] = []
    begin, has_movie = 0, False
    for box in read_top_boxes(file, size_bytes):
        if box.kind == b"moov" and not has_movie:
            has_movie = True
            positions.append(begin)
        elif box.kind == b"ftyp" and has_movie:
            begin, has_movie = box.start, False
    return tuple(positions[1:MAX_FILES])


def _find_joined_segments(file: BinaryIO | RangeFile, size_bytes: int) -> tuple[int, ...]:
    """Returns the positions of the EBML headers behind the first one."""
    positions, start = [], 0
    for kind, _, end in iterate_elements(file, 0, size_bytes, [MAX_ELEMENTS]):
        if kind == EBML:
            positions.append(start)
        start = end
    return tuple(positions[1:MAX_FILES])


def find_next_program(
    file: BinaryIO | RangeFile, size_bytes: int, position: int, pid: int
) -> int | None:
    """Returns where an MPEG-TS may go on with another recording: the first program association
    table behind the last packet of the stream `pid`. FFmpeg shows streams only that are there when
    a file is opened.

    Args:
        file: The MPEG-TS.
        size_bytes: Its size.
        position: The last PES packet of the stream.
        pid: The packet ID of the stream (ISO/IEC 13818-1 §2.4.3.2).
    """
    table: int | None = None
    for offset in range(position, size_bytes, _TS_BLOCK_BYTES):
        file.seek(offset)
        block = file.read(_TS_BLOCK_BYTES)
        for start in range(0, len(block) - _TS_PACKET_BYTES + 1, _TS_PACKET_BYTES):
            if block[start] != _TS_SYNC:
                return None
            found = (block[start + 1] & 0x1F) << 8 | block[start + 2]
            if found == pid:
                table = None
            elif found == 0 and table is None:
                table = offset + start
    return table


def find_program_before(file: BinaryIO | RangeFile, position: int) -> int | None:
    """Returns the last program association table of an MPEG-TS before a packet; None when there is
    none close to it."""
    begin = max(position % _TS_PACKET_BYTES, position - _TS_PACKET_BYTES * 200)
    file.seek(begin)
    block = file.read(position - begin)
    for start in range(len(block) - _TS_PACKET_BYTES, -1, -_TS_PACKET_BYTES):
        if block[start] == _TS_SYNC and block[start + 1] & 0x1F == block[start + 2] == 0:
            return begin + start
    return None


def open_joined_files(
    file: BinaryIO | RangeFile, joined_at: Sequence[int]
) -> Iterator[tuple[int, BinaryIO | RangeFile]]:
    """Yields each of the files and its position in `file`."""
    if not joined_at:
        yield 0, file
        return
    size_bytes = file.seek(0, 2)
    for begin, end in pairwise((0, *joined_at, size_bytes)):
        yield begin, RangeFile(partial(_read_at, file, begin), end - begin)


def rescale_packet(packet: Any, time_base: Fraction) -> None:
    """Converts the time stamps of a packet to another time base, to the nearest tick."""
    own = packet.time_base
    if not own or own == time_base:
        return
    factor = Fraction(own.numerator, own.denominator) / time_base
    for name in ("pts", "dts", "duration"):
        value = getattr(packet, name)
        if value is not None:
            setattr(packet, name, round(value * factor))


def _read_at(file: BinaryIO | RangeFile, begin: int, offset: int, length: int) -> bytes:
    file.seek(begin + offset)
    return file.read(length)
