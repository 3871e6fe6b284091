"""The elements of Matroska and WebM (RFC 8794 §4 to §6)."""

from __future__ import annotations

import io
from collections.abc import Iterator

from shared.media.containers.boxes import File

EBML, SEGMENT, TRACKS, CLUSTER = 0x1A45DFA3, 0x18538067, 0x1654AE6B, 0x1F43B675
MAX_ELEMENTS = 4096
_MAX_HEAD_BYTES = 12


def iterate_elements(
    file: File | io.BytesIO, begin: int, end: int, budget: list[int]
) -> Iterator[tuple[int, int, int]]:
    """Yields the id, the begin and the end of the payload of each element between two positions.

    An element of unknown size extends to `end`. `budget` has one element, the number of elements
    that may still be read; it is reduced.
    """
    position = begin
    while position + 2 <= end and budget[0] > 0:
        budget[0] -= 1
        element = read_element(file, position)
        if element is None:
            return
        kind, payload, size = element
        stop = end if size is None else min(end, payload + size)
        yield kind, payload, stop
        position = stop


def read_element(file: File | io.BytesIO, position: int) -> tuple[int, int, int | None] | None:
    """Returns the id, the begin of the payload and the size that the element at a position states,
    which is None when it is unknown; None if there is no element."""
    file.seek(position)
    head = file.read(_MAX_HEAD_BYTES)
    id_bytes = _number_bytes(head, 0)
    size_bytes = _number_bytes(head, id_bytes)
    if not (1 <= id_bytes <= 4 and 1 <= size_bytes <= 8):
        return None
    unknown = (1 << 7 * size_bytes) - 1
    size = int.from_bytes(head[id_bytes : id_bytes + size_bytes], "big") & unknown
    payload = position + id_bytes + size_bytes
    return int.from_bytes(head[:id_bytes], "big"), payload, None if size == unknown else size


def _number_bytes(head: bytes, at: int) -> int:
    """Returns the length of a number of variable size by its first byte; 0 if it is none."""
    return 9 - head[at].bit_length() if at < len(head) and head[at] else 0
