"""Tells by the list of keyframes of a Matroska (Cues, RFC 9559 §5.1.5) that its times do not jump,
so that its packets need not be read.

A writer makes the list when a recording ends, and then states the length of the segment too. A
clock that is set shows in the times of the keyframes, unless it is set back between two of them,
and the later one is not earlier than the first. FFmpeg's and Google's writers refuse such times,
and those of MKVToolNix correct them.
"""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from itertools import pairwise

from shared.media.containers.boxes import File
from shared.media.containers.ebml import (
    CLUSTER,
    EBML,
    MAX_ELEMENTS,
    SEGMENT,
    TRACKS,
    iterate_elements,
    read_element,
)

MAX_STEP_S = 20
"""The longest time between two keyframes. Encoders write one at least every ten seconds."""
_SEEK_HEAD, _INFO, _CUES = 0x114D9B74, 0x1549A966, 0x1C53BB6B
_SEEK, _SEEK_ID, _SEEK_POSITION = 0x4DBB, 0x53AB, 0x53AC
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_TRACK, _TRACK_NUMBER, _CODEC = 0xAE, 0xD7, 0x86
_POINT, _TIME, _TRACK_POSITIONS, _CUE_TRACK, _CUE_CLUSTER = 0xBB, 0xB3, 0xB7, 0xF7, 0xF1
_DEFAULT_SCALE_NS = 1_000_000
_MAX_BYTES = 4 << 20
"""Of an element that is read as a whole."""
_MAX_CUE_ELEMENTS, _MAX_TICKS = 200_000, 1 << 53
_WITHOUT_TIMES = b"V_MS/"
"""Codecs whose blocks have decoding times only."""


def find_steady_start(file: File, size_bytes: int, track: int) -> Fraction | None:
    """Returns the time of the first keyframe of a video track in seconds, if it is certain that its
    times do not jump and that no other file follows. The position in the file does not change, so
    that FFmpeg can read on.

    Args:
        file: A Matroska or WebM.
        size_bytes: Its size.
        track: The number of the track in the file, from 0.
    """
    position = file.tell()
    try:
        return _find_steady_start(file, size_bytes, track)
    finally:
        file.seek(position)


def _find_steady_start(file: File, size_bytes: int, track: int) -> Fraction | None:
    head = _read_head(file, size_bytes)
    if not head.keys() >= {_INFO, TRACKS, _CUES}:
        return None
    info = _values(head[_INFO], 0)
    number = _find_number(head[TRACKS], track)
    raw_duration = info.get(_DURATION, b"")
    if number is None or len(raw_duration) not in (4, 8):
        return None
    (duration,) = struct.unpack(">f" if len(raw_duration) == 4 else ">d", raw_duration)
    cues = _read_cues(head[_CUES], number)
    if not 0 < duration < _MAX_TICKS or not cues:
        return None
    tick_s = Fraction(_number(info.get(_SCALE, b"")) or _DEFAULT_SCALE_NS, 1_000_000_000)
    times_s = [*(time * tick_s for time, _ in cues), Fraction(duration) * tick_s]
    is_steady = all(0 <= later - earlier <= MAX_STEP_S for earlier, later in pairwise(times_s))
    # In the order of the file.
    is_steady = is_steady and all(earlier[1] <= later[1] for earlier, later in pairwise(cues))
    return times_s[0] if is_steady else None


def _read_head(file: File, size_bytes: int) -> dict[int, io.BytesIO]:
    """Returns elements of the segment by their ids: those before the first cluster, and the Cues.
    Empty if the file is not exactly one segment of known size."""
    first = read_element(file, 0)
    if first is None or first[0] != EBML or first[2] is None:
        return {}
    segment = read_element(file, first[1] + first[2])
    if segment is None or segment[0] != SEGMENT or segment[2] is None:
        return {}
    begin, size = segment[1], segment[2]
    if begin + size != size_bytes:
        return {}
    elements: dict[int, io.BytesIO] = {}
    for kind, start, stop in iterate_elements(file, begin, size_bytes, [MAX_ELEMENTS]):
        if kind == CLUSTER:
            break
        if kind in (_SEEK_HEAD, _INFO, TRACKS, _CUES) and stop - start <= _MAX_BYTES:
            elements[kind] = _read(file, start, stop)
    if _CUES not in elements and _SEEK_HEAD in elements:
        at = _find_position(elements[_SEEK_HEAD], _CUES)
        found = None if at is None else read_element(file, begin + at)
        if found is not None and found[0] == _CUES and found[2] is not None:
            start, stop = found[1], found[1] + found[2]
            if stop <= size_bytes and found[2] <= _MAX_BYTES:
                elements[_CUES] = _read(file, start, stop)
    return elements


def _find_position(seek_head: io.BytesIO, kind: int) -> int | None:
    """Returns the position in the segment of the element with an id."""
    for element, begin, end in _children(seek_head):
        if element == _SEEK:
            values = _values(seek_head, begin, end)
            if _number(values.get(_SEEK_ID, b"")) == kind and _SEEK_POSITION in values:
                return _number(values[_SEEK_POSITION])
    return None


def _find_number(tracks: io.BytesIO, index: int) -> int | None:
    """Returns the number by which blocks name the track with this index; None for codecs whose
    pictures have no presentation times."""
    entries = [item for item in _children(tracks) if item[0] == _TRACK]
    if index >= len(entries):
        return None
    values = _values(tracks, *entries[index][1:])
    is_timed = not values.get(_CODEC, _WITHOUT_TIMES).startswith(_WITHOUT_TIMES)
    return _number(values.get(_TRACK_NUMBER, b"")) if is_timed else None


def _read_cues(cues: io.BytesIO, number: int) -> list[tuple[int, int]]:
    """Returns the time of each keyframe of a track, in ticks, and the position of its cluster;
    nothing if there are too many."""
    budget = [_MAX_CUE_ELEMENTS]
    found = []
    for kind, begin, end in iterate_elements(cues, 0, len(cues.getbuffer()), budget):
        if kind != _POINT:
            continue
        time = None
        for child, start, stop in iterate_elements(cues, begin, end, budget):
            if child == _TIME:
                time = _number(_read(cues, start, stop).getvalue())
            elif child == _TRACK_POSITIONS and time is not None:
                values = _values(cues, start, stop, budget)
                if _number(values.get(_CUE_TRACK, b"")) == number and _CUE_CLUSTER in values:
                    found.append((time, _number(values[_CUE_CLUSTER])))
    return found if budget[0] > 0 else []


def _children(data: io.BytesIO) -> list[tuple[int, int, int]]:
    return list(iterate_elements(data, 0, len(data.getbuffer()), [MAX_ELEMENTS]))


def _values(
    data: io.BytesIO, begin: int, end: int | None = None, budget: list[int] | None = None
) -> dict[int, bytes]:
    """Returns the payloads of the elements between two positions by their ids."""
    end = len(data.getbuffer()) if end is None else end
    elements = iterate_elements(data, begin, end, [MAX_ELEMENTS] if budget is None else budget)
    # A list: reading moves the position.
    return {kind: _read(data, start, stop).getvalue() for kind, start, stop in list(elements)}


def _read(file: File | io.BytesIO, begin: int, end: int) -> io.BytesIO:
    file.seek(begin)
    return io.BytesIO(file.read(max(0, end - begin)))


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
