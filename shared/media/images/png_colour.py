"""Reads the colour description of a PNG, which Pillow ignores."""

from __future__ import annotations

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK_BYTES = 12
_MAX_CHUNKS = 1000
_DEPTH_AT = 24


def read_cicp(data: bytes) -> tuple[int, int, bool, int] | None:
    """Returns primaries, transfer, whether the range is full, and bits of a channel.

    None if the PNG has no chunk `cICP` before its pixels (PNG, third edition, §11.3.2.6).
    """
    if not data.startswith(_SIGNATURE):
        return None
    at = len(_SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"cICP" and length == 4 and len(data) >= at + _CHUNK_BYTES:
            primaries, transfer, _matrix, full = data[at + 8 : at + 12]
            return primaries, transfer, bool(full), data[_DEPTH_AT]
        if kind in (b"IDAT", b"IEND", b""):
            return None
        at += _CHUNK_BYTES + length
    return None
