"""The size and the end of a JPEG picture, found without decoding (ITU-T T.81 §B)."""

from __future__ import annotations

import re

from functions.recorder.errors import StreamRefused
from shared.media.limits import check_size

START_OF_IMAGE, END_OF_IMAGE = b"\xff\xd8", b"\xff\xd9"
_START_OF_FRAME_MARKERS = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive: the forms that decoders and players support."""
_MAX_HEADER_BYTES = 128 << 10
_START_OF_SCAN = 0xDA
_MARKER = rb"\xff[^\x00\xff\xd0-\xd7]"
"""A marker within compressed data: no stuffed byte, fill byte or restart marker."""
_MAX_DELIMITER_BYTES = 256


def read_jpeg_size(data: bytes) -> tuple[int, int]:
    """Returns width and height in px. Raises StreamRefused when the data is no JPEG, VideoTooLarge
    when it has too many pixels."""
    if data[:2] != START_OF_IMAGE:
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


class JpegEndFinder:
    """Finds the end of the JPEG picture at the beginning of data that grows.

    A picture ends behind its end marker. One without end marker ends before `delimiter`, a line of
    its own, or before the next picture. Segments of the header are skipped by their lengths: they
    may contain other pictures, or a delimiter.
    """

    def __init__(self, delimiter: bytes) -> None:
        patterns = [_MARKER]
        if delimiter:
            patterns.append(rb"\r?\n" + re.escape(delimiter) + rb"(?:--)?[ \t]*\r?\n")
        self._end = re.compile(b"|".join(patterns), re.IGNORECASE)
        self._offset = len(START_OF_IMAGE)
        self._is_in_scan = False

    def find(self, data: bytes | bytearray) -> int | None:
        """Returns the end as an offset, None when it has not arrived."""
        while True:
            if self._is_in_scan:
                match = self._end.search(data, self._offset)
                if match is None:
                    # The rest may contain the beginning of a delimiter.
                    self._offset = max(self._offset, len(data) - _MAX_DELIMITER_BYTES)
                    return None
                self._offset = match.start()
            marker = data[self._offset : self._offset + 2]
            if len(marker) < 2:
                return None
            if marker == END_OF_IMAGE:
                return self._offset + 2
            if marker == START_OF_IMAGE or (self._is_in_scan and marker[0] != 0xFF):
                return self._offset
            if not self._skip_segment(data, marker):
                return None

    def _skip_segment(self, data: bytes | bytearray, marker: bytes | bytearray) -> bool:
        """Skips the segment that begins with `marker`. Returns False when its length has not
        arrived."""
        if marker == b"\xff\xff":
            self._offset += 1
            return True
        if len(data) < self._offset + 4:
            return False
        size = int.from_bytes(data[self._offset + 2 : self._offset + 4])
        if marker[0] != 0xFF or size < 2:
            # Damaged: the next marker is searched for.
            self._offset, self._is_in_scan = self._offset + 1, True
            return True
        self._offset += 2 + size
        self._is_in_scan = marker[1] == _START_OF_SCAN
        return True
