"""JPEG files whose last bytes are missing."""

from __future__ import annotations

import io
import re
from contextlib import suppress

from PIL import Image, ImageChops

END_WARNING = "The picture is cut off: the last bytes of the file are missing."
_END = b"\xff\xd9"
_START_OF_SCAN = 0xDA
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)
"""A marker that ends coded data: no stuffed byte and no restart marker."""
_PROGRESSIVE = 0xC2
_LAST_COEFFICIENT = 63
_MAX_MISSING_ROWS = 2
"""Rows at an eighth of the size: 16 px, the height of the largest block of samples."""


def lacks_end(data: bytes) -> bool:
    """Returns whether a JPEG has no end marker (EOI, ITU-T T.81 §B.1.1.3)."""
    scans, _ = _read_scans(data)
    # In coded data, 0xFF is followed by 0: the first end marker behind the first scan is the end.
    return bool(scans) and data.find(_END, scans[0][0]) < 0


def append_end(data: bytes) -> bytes | None:
    """Returns the file with an end marker, or None if more than the last rows are missing."""
    complete = data + _END
    scans, is_progressive = _read_scans(data)
    if is_progressive:
        return complete if _covers_all(scans) else None
    return complete if _count_missing_rows(data, complete) <= _MAX_MISSING_ROWS else None


def _count_missing_rows(data: bytes, complete: bytes) -> int:
    """Returns the rows, at an eighth of the size, that the decoder has to invent.

    Without an end marker it stops at the last row of blocks that it can read, and the rest is
    black; with an end marker, it repeats the last colour.
    """
    decoded, filled = _decode_small(data), _decode_small(complete)
    box = ImageChops.difference(decoded, filled).getbbox()
    return filled.height - box[1] if box else 0


def _decode_small(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        image.draft("RGB", (1, 1))
        with suppress(OSError):
            image.load()
        image.tile = []  # what has been decoded so far is the picture
        return image.convert("RGB")


def _covers_all(scans: list[tuple[int, bytes]]) -> bool:
    """Returns whether the last refinement of every coefficient has begun (T.81 §G.1.1.1)."""
    components, exact = set[int](), dict[int, set[int]]()
    for _, header in scans:
        count = header[0]
        first, last, approximation = header[1 + 2 * count : 4 + 2 * count]
        for component in header[1 : 1 + 2 * count : 2]:
            components.add(component)
            if not approximation & 15:
                exact.setdefault(component, set()).update(range(first, last + 1))
    return all(len(exact.get(each, ())) == _LAST_COEFFICIENT + 1 for each in components)


def _read_scans(data: bytes) -> tuple[list[tuple[int, bytes]], bool]:
    """Returns (offset behind the header, header) of every scan, and whether it is progressive."""
    scans, is_progressive, at = list[tuple[int, bytes]](), False, 2
    while 0 <= at < len(data) - 4:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if data[at] != 0xFF or marker in (0, _END[1]):
            break
        if marker == 0xFF:
            at += 1
            continue
        is_progressive |= marker == _PROGRESSIVE
        header, at = data[at + 4 : at + 2 + length], at + 2 + length
        if marker == _START_OF_SCAN:
            if len(header) < 6 or len(header) < 4 + 2 * header[0]:
                break
            scans.append((at, header))
            marker_behind = _MARKER.search(data, at)
            at = marker_behind.start() if marker_behind else -1
    return scans, is_progressive
