"""Reads the additions of the tracks of a Matroska file (RFC 8794, RFC 9559)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO

from shared.media.containers.ebml import (
    CLUSTER,
    MAX_ELEMENTS,
    SEGMENT,
    TRACKS,
    iterate_elements,
)
from shared.media.containers.range_file import RangeFile

File = BinaryIO | RangeFile
_TRACK, _MAPPING, _KIND, _DATA = 0xAE, 0x41E4, 0x41E7, 0x41ED
_MAX_TRACKS_BYTES = 4 << 20


def read_block_additions(file: File, size_bytes: int, kinds: Sequence[bytes]) -> dict[int, bytes]:
    """Returns the configuration of the first BlockAdditionMapping of one of `kinds`, by the number
    of the track in the file, from 0. Tracks behind the first cluster are not read."""
    tracks = _read_tracks(file, size_bytes)
    result: dict[int, bytes] = {}
    budget = [MAX_ELEMENTS]
    number = 0
    for element, begin, end in iterate_elements(tracks, 0, len(tracks.getbuffer()), budget):
        if element != _TRACK:
            continue
        for child, child_begin, child_end in iterate_elements(tracks, begin, end, budget):
            if child == _MAPPING and number not in result:
                fields = _fields(tracks, child_begin, child_end, budget)
                if fields.get(_KIND, b"")[-4:] in kinds:
                    result[number] = fields.get(_DATA, b"")
        number += 1
    return result


def _read_tracks(file: File, size_bytes: int) -> io.BytesIO:
    budget = [MAX_ELEMENTS]
    elements = iterate_elements(file, 0, size_bytes, budget)
    segment = next((item for item in elements if item[0] == SEGMENT), None)
    if segment is None:
        return io.BytesIO()
    for element, begin, end in iterate_elements(file, *segment[1:], budget):
        if element == TRACKS:
            file.seek(begin)
            return io.BytesIO(file.read(min(end - begin, _MAX_TRACKS_BYTES)))
        if element == CLUSTER:
            break
    return io.BytesIO()


def _fields(data: io.BytesIO, begin: int, end: int, budget: list[int]) -> dict[int, bytes]:
    result = {}
    for element, start, stop in iterate_elements(data, begin, end, budget):
        data.seek(start)
        result[element] = data.read(stop - start)
    return result
