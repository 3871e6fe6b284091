"""The size of a JPEG picture, read from its header without decoding (ITU-T T.81 §B.2)."""

from __future__ import annotations

from functions.recorder.errors import StreamRefused
from shared.media.limits import check_size

_START_OF_IMAGE = b"\xff\xd8"
_START_OF_FRAME_MARKERS = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive: the forms that decoders and players support."""
_MAX_HEADER_BYTES = 128 << 10


def read_jpeg_size(data: bytes) -> tuple[int, int]:
    """Returns width and height in px. Raises StreamRefused when the data is no JPEG, VideoTooLarge
    when it has too many pixels."""
    if data[:2] != _START_OF_IMAGE:
        raise StreamRefused("A part of the camera's stream is no JPEG picture.")
    offset = 2
    while offset + 9 <= min(len(data), _MAX_HEADER_BYTES):
        if data[offset] != 0xFF:
            break
        marker = data[offset + 1]
        if marker == 0xFF:
            offset += 1
            continue
        if marker in _START_OF_FRAME_MARKERS:
            height = int.from_bytes(data[offset + 5 : offset + 7])
            width = int.from_bytes(data[offset + 7 : offset + 9])
            if not width or not height:
                break
            check_size(width, height)
            return width, height
        offset += 2 + int.from_bytes(data[offset + 2 : offset + 4])
    raise StreamRefused("A part of the camera's stream is no complete JPEG picture.")
