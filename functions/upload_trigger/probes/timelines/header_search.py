"""Finds the files that were written behind the first one by their headers, while FFmpeg reads."""

from __future__ import annotations

import re
from typing import BinaryIO

from shared.media.containers.file_head import HEAD_BYTES
from shared.media.containers.joined_files import MAX_FILES
from shared.media.containers.range_file import RangeFile

_BLOCK_BYTES = 64 << 10
_OVERLAP_BYTES = 256
"""More than the length of a header."""
_HEADERS = (
    # The signature, the flags, the header's length, and the first PreviousTagSize (FLV 10.1,
    # annex E.2 and E.3).
    (b"FLV", re.compile(rb"FLV\x01[\x00-\x07]\x00\x00\x00\x09\x00\x00\x00\x00")),
    # The EBML header with its DocType, and the ID of Segment (RFC 8794 §11.2, RFC 9559 §5.1).
    (
        b"\x1a\x45\xdf\xa3",
        re.compile(
            rb"\x1a\x45\xdf\xa3.{1,80}?(?:matroska|webm).{0,40}?\x18\x53\x80\x67", re.DOTALL
        ),
    ),
)
"""The headers by the bytes with which they begin."""


class HeaderSearch:
    """A search for the headers of joined FLV or Matroska files in a file that is read once.

    Attributes:
        file: The file; what is read from it is searched.
    """

    def __init__(
        self, file: BinaryIO | RangeFile, size_bytes: int, header: re.Pattern[bytes]
    ) -> None:
        # The blocks of the original are cached already.
        self.file = RangeFile(
            self._read_at, size_bytes, block_bytes=_BLOCK_BYTES, max_cached_blocks=2, read_ahead=1
        )
        self._original = file
        self._size_bytes = size_bytes
        self._header = header
        self._searched: set[int] = set()
        self._positions: set[int] = set()

    @classmethod
    def of(cls, file: BinaryIO | RangeFile, size_bytes: int) -> HeaderSearch | None:
        """Returns the search in a file; None if its container needs none."""
        file.seek(0)
        head = file.read(HEAD_BYTES)
        headers = (header for signature, header in _HEADERS if head.startswith(signature))
        header = next(headers, None)
        return None if header is None else cls(file, size_bytes, header)

    def finish(self) -> tuple[int, ...]:
        """Reads what was not read. Returns the positions of the files behind the first one."""
        for offset in range(0, self._size_bytes, _BLOCK_BYTES):
            if offset not in self._searched:
                self._read_at(offset, min(_BLOCK_BYTES, self._size_bytes - offset))
        return tuple(sorted(self._positions - {0})[: MAX_FILES - 1])

    def _read_at(self, offset: int, length: int) -> bytes:
        self._original.seek(offset)
        data = self._original.read(length + _OVERLAP_BYTES)
        if offset not in self._searched:
            self._searched.add(offset)
            found = self._header.finditer(data)
            self._positions.update(offset + match.start() for match in found)
        return data[:length]
