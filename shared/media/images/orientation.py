"""Reads the orientation of a frame from its display matrix. Needs no picture library."""

from __future__ import annotations

import struct
from typing import Literal, cast

from av.video.frame import VideoFrame


def read_orientation(frame: VideoFrame) -> tuple[Literal[0, 90, 180, 270], bool]:
    """Returns degrees clockwise, and whether the frame is mirrored left to right before rotation.

    Call it once per file: reading a frame's side data creates a reference cycle, which holds the
    picture in memory until the garbage collector runs (measured: 3 MB per frame at 1080p).
    """
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # The frame has a kind of side data that PyAV does not know (EXIF), and then it reads none.
        return 0, False
    return (0, False) if matrix is None else _read_matrix(bytes(cast(bytes, matrix)))


def _read_matrix(raw: bytes) -> tuple[Literal[0, 90, 180, 270], bool]:
    """Parses ISO/IEC 14496-12 §6.2.2: (x', y') = (a·x + c·y, b·x + d·y), 16.16 fixed point."""
    if len(raw) < 36:
        return 0, False
    a, b, _, c, d = struct.unpack("=5i", raw[:20])
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    if abs(a) >= abs(b):
        return (0 if a >= 0 else 180), mirrored
    return (90 if b > 0 else 270), mirrored
