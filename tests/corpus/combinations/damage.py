"""Damages files: ends and heads cut, bytes flipped, indexes and sizes lost."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from tests.corpus.byte_edits import boxes
from tests.corpus.combinations.case import Damage


def damage_file(data: bytes, damage: Damage) -> bytes:
    """The damaged file; the same for the same damage."""
    return _KINDS[damage.kind](data, damage.amount, random.Random(damage.seed))


def _truncate(data: bytes, amount: float, _rng: random.Random) -> bytes:
    return data[: int(len(data) * amount) | 1]


def _cut_head(data: bytes, amount: float, _rng: random.Random) -> bytes:
    return data[int(len(data) * (1 - amount)) | 1 :]


def _flip_bytes(data: bytes, _amount: float, rng: random.Random) -> bytes:
    """Changes bytes after the first tenth, where headers are rare."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 2, 8, 30))):
        out[rng.randrange(len(out) // 10, len(out))] ^= rng.randrange(1, 256)
    return bytes(out)


def _remove_index(data: bytes, _amount: float, _rng: random.Random) -> bytes:
    if data[:4] == b"\x1a\x45\xdf\xa3":
        # Cues at the end become an element that no reader knows.
        at = data.rfind(b"\x1c\x53\xbb\x6b")
        return data if at < 0 else data[:at] + b"\x1c\x53\xbb\x60" + data[at + 4 :]
    if data[:4] == b"RIFF":
        at = data.rfind(b"idx1")
        return data if at < 0 else data[:at] + b"JUNK" + data[at + 4 :]
    return b"".join(data[begin:end] for kind, begin, end in boxes(data) if kind != b"moov")


def _write_wrong_size(data: bytes, _amount: float, rng: random.Random) -> bytes:
    """Another size in the outermost structure of the container."""
    if data[:4] == b"RIFF":
        return data[:4] + struct.pack("<I", rng.choice((0, 100, 0x7FFFFFFF))) + data[8:]
    if data[:4] == b"\x1a\x45\xdf\xa3":
        at = data.index(b"\x18\x53\x80\x67") + 4
        size = rng.choice((b"\x01" + b"\xff" * 7, b"\x01" + (1 << 40).to_bytes(7, "big")))
        return data[:at] + size + data[at + 8 :] if data[at] == 1 else data
    if data[4:8] == b"ftyp":
        at = data.find(b"mdat") - 4
        # In a fragmented file that hides the other fragments, as it may.
        if rng.random() < 0.5 and data.find(b"moov") < at and b"moof" not in data:
            return data[:at] + struct.pack(">I", 0) + data[at + 4 :]
        return data[:at] + struct.pack(">I", rng.choice((8, 0x7FFFFFFF))) + data[at + 4 :]
    return data


_KINDS: dict[str, Callable[[bytes, float, random.Random], bytes]] = {
    "none": lambda data, _amount, _rng: data,
    "truncated": _truncate,
    "cut head": _cut_head,
    "flipped bytes": _flip_bytes,
    "missing index": _remove_index,
    "wrong size": _write_wrong_size,
}
