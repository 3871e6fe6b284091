"""A JPEG picture's size, read from its header alone (ITU-T T.81 §B.2)."""

from __future__ import annotations

from functions.recorder.errors import StreamRefused
from shared.media.limits import check_size

_START, _END = b"\xff\xd8", b"\xff\xd9"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive: what decoders and players know."""
_HEADER_MOST_BYTES = 128 << 10


def read_jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in px. Raises StreamRefused for what is no JPEG, VideoTooLarge for more
    pixels than we take."""
    if data[:2] != _START:
        raise StreamRefused("A part of the camera's stream is no JPEG picture.")
    at = 2
    while at + 9 <= min(len(data), _HEADER_MOST_BYTES):
        if data[at] != 0xFF:
            break
        kind = data[at + 1]
        if kind == 0xFF:
            at += 1
            continue
        if kind in _FRAMES:
            height, width = (
                int.from_bytes(data[at + 5 : at + 7]),
                int.from_bytes(data[at + 7 : at + 9]),
            )
            if not width or not height:
                break
            check_size(width, height)
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    raise StreamRefused("A part of the camera's stream is no whole JPEG picture.")
