"""Reads the additions of the tracks of a Matroska file (RFC 8794, RFC 9559)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from shared.media.containers.range_file import RangeFile

File = BinaryIO | RangeFile
_EBML, _SEGMENT, _TRACKS, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1654AE6B, 0x1F43B675
_TRACK, _MAPPING, _KIND, _DATA = 0xAE, 0x41E4, 0x41E7, 0x41ED
_MAX_TRACKS_BYTES = 4 << 20
_MAX_ELEMENTS = 1000


def read_block_additions(file: File, size_bytes: int, kinds: Sequence[bytes]) -> dict[int, bytes]:
    """Returns the configuration of the first BlockAdditionMapping of one of `kinds`, by the number
    of the track in the file, from 0. Tracks behind the first cluster are not read."""
    tracks = _read_tracks(file, size_bytes)
    result: dict[int, bytes] = {}
    number = 0
    for element, begin, end in _elements(tracks, 0, len(tracks.getbuffer())):
        if element != _TRACK:
            continue
        for child, child_begin, child_end in _elements(tracks, begin, end):
            if child == _MAPPING and number not in result:
                fields = _fields(tracks, child_begin, child_end)
                if fields.get(_KIND, b"")[-4:] in kinds:
                    result[number] = fields.get(_DATA, b"")
        number += 1
    return result


def _read_tracks(file: File, size_bytes: int) -> io.BytesIO:
    segment = next((item for item in _elements(file, 0, size_bytes) if item[0] == _SEGMENT), None)
    if segment is None:
        return io.BytesIO()
    for element, begin, end in _elements(file, segment[1], min(segment[2], size_bytes)):
        if element == _TRACKS:
            file.seek(begin)
            return io.BytesIO(file.read(min(end - begin, _MAX_TRACKS_BYTES)))
        if element == _CLUSTER:
            break
    return io.BytesIO()


def _fields(data: io.BytesIO, begin: int, end: int) -> dict[int, bytes]:
    result = {}
    for element, start, stop in _elements(data, begin, end):
        data.seek(start)
        result[element] = data.read(stop - start)
    return result


def _elements(file: File | io.BytesIO, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yields the id, the start and the end of the payload of each element between two positions."""
    at = begin
    for _ in range(_MAX_ELEMENTS):
        if at + 2 > end:
            return
        file.seek(at)
        head = file.read(12)
        id_bytes = _vint_bytes(head, 0)
        size_at = at + id_bytes
        length_bytes = _vint_bytes(head, id_bytes)
        if not id_bytes or not length_bytes or id_bytes + length_bytes > len(head):
            return
        marker = 1 << 7 * length_bytes
        size = int.from_bytes(head[id_bytes : id_bytes + length_bytes], "big") & (marker - 1)
        start = size_at + length_bytes
        # A size of ones is unknown: the element extends to the end of its parent.
        stop = end if size == marker - 1 else min(end, start + size)
        yield int.from_bytes(head[:id_bytes], "big"), start, stop
        at = stop


def _vint_bytes(head: bytes, at: int) -> int:
    """Returns the length of a number of variable size by its first byte; 0 if it is none."""
    return 9 - head[at].bit_length() if at < len(head) and head[at] else 0
