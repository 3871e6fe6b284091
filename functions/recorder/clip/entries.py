"""The packets of connections and of a clip as rows of arrays: in this form they are planned."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray

from functions.recorder.packets import Track

Rows = NDArray[np.void]
"""Rows of a structured type."""
Integers = NDArray[np.int64]
ENTRY = struct.Struct(">BBqqIQI")
"""Track, keyframe, pts, dts, duration (all in ticks of the track), offset in the source, bytes."""
ENTRY_DTYPE = np.dtype(
    [
        ("track", "u1"), ("is_keyframe", "u1"), ("pts", ">i8"), ("dts", ">i8"),
        ("duration", ">u4"), ("offset", ">u8"), ("size_bytes", ">u4"),
    ]
)  # fmt: skip
"""ENTRY for arrays."""
SILENCE = (1 << 64) - 1
"""The offset of sound that is not in the source."""
MAX_PROBE_BYTES = 1 << 20
"""How much of a track is read to find its decoder parameters, and the packet that exceeds it."""
_OFFSET_UNITS = 1024
"""Precision of a slice's offset: parts of a tick."""


@dataclass(frozen=True, slots=True, eq=False)
class PacketTable:
    """Packets of one track in order: rows of INDEX_DTYPE, and where the data of each starts.
    Splicing does not use the offsets."""

    rows: np.ndarray = field(repr=False)
    offsets: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class PacketRun:
    """The packets of one connection. `epoch` is that of its worker."""

    tracks: tuple[Track, ...]
    pictures: PacketTable
    sounds: PacketTable
    epoch: int = 0


def scale_times(pts: Integers, time_base: Fraction, offset: Fraction, rate: int) -> Integers:
    """Returns `pts · time_base + offset` seconds in ticks of `rate`, rounded.

    The offset is rounded to a thousandth of a tick, so that 64 bits are enough for the product.
    """
    if not len(pts):
        return pts.astype(np.int64)
    first = int(pts[0])
    scale = time_base * rate
    shift = (first * time_base + offset) * rate
    shift = Fraction(round(shift * _OFFSET_UNITS), _OFFSET_UNITS)
    denominator = lcm(scale.denominator, shift.denominator)
    numerator = scale.numerator * (denominator // scale.denominator)
    whole, rest = divmod(int(shift * denominator) + denominator // 2, denominator)
    return ((pts.astype(np.int64) - first) * numerator + rest) // denominator + whole


def concatenate(parts: Iterable[Rows]) -> Rows:
    """Returns rows of ENTRY_DTYPE, one after the other. NumPy would change their byte order."""
    return np.concatenate([np.empty(0, ENTRY_DTYPE), *parts], dtype=ENTRY_DTYPE)
