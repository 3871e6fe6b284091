"""Finds WAV files whose declared size is smaller than what they contain, or larger.

A recorder that is switched off does not update the header, which may state the size of some
seconds. Sizes that are 0 or too large are handled by FFmpeg: it reads to the end of the file.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from shared.media.containers.range_file import RangeFile

_HEADER = struct.Struct("<4sI")
_MAX_CHUNKS = 100
_UNKNOWN_BYTES = 0x7FFF_0000
"""A recorder that does not know the size of its samples states about 2³¹ or 2³² bytes."""
_MAX_REST_BYTES = 4096
"""Bytes behind the samples that are padding and no sound."""


def is_wav_size_wrong(file: BinaryIO | RangeFile, size_bytes: int) -> bool:
    """Returns whether there is more sound behind the end that the `data` chunk declares.

    True only if no chunk follows there (RIFF: four printable characters and a size that fits).
    """
    found = _find_samples(file)
    if found is None:
        return False
    start, length = found
    at = start + length + length % 2
    return length > 0 and at + _MAX_REST_BYTES < size_bytes and not _is_chunk(file, at, size_bytes)


def count_missing_bytes(file: BinaryIO | RangeFile, size_bytes: int) -> int:
    """Returns how many bytes of samples a WAV states and lacks; 0 if the stated size is one of a
    recorder that did not know it."""
    found = _find_samples(file)
    if found is None or found[1] >= _UNKNOWN_BYTES:
        return 0
    return max(0, sum(found) - size_bytes)


def has_joined_file(file: BinaryIO | RangeFile, size_bytes: int) -> bool:
    """Returns whether another WAV follows the samples of a WAV."""
    found = _find_samples(file)
    if found is None or sum(found) >= size_bytes:
        return False
    file.seek(sum(found) + found[1] % 2)
    head = file.read(12)
    return head[:4] == b"RIFF" and head[8:] == b"WAVE"


def _find_samples(file: BinaryIO | RangeFile) -> tuple[int, int] | None:
    """Returns the position and the stated length of the samples of a WAV; None of another file."""
    file.seek(0)
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    at = 12
    for _ in range(_MAX_CHUNKS):
        chunk = _read_chunk(file, at)
        if chunk is None:
            return None
        kind, length = chunk
        at += _HEADER.size
        if kind == b"data":
            return at, length
        at += length + length % 2
    return None


def _read_chunk(file: BinaryIO | RangeFile, at: int) -> tuple[bytes, int] | None:
    file.seek(at)
    header = file.read(_HEADER.size)
    return _HEADER.unpack(header) if len(header) == _HEADER.size else None


def _is_chunk(file: BinaryIO | RangeFile, at: int, size_bytes: int) -> bool:
    # A chunk of odd length is padded; some writers forget it.
    for start in (at, at - 1):
        chunk = _read_chunk(file, start)
        if chunk is None:
            continue
        kind, length = chunk
        if all(32 <= character < 127 for character in kind) and start + length <= size_bytes:
            return True
    return False
