"""How a valid file is bent: bits, numbers, ends, and parts of other files."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from tests.corpus.encoding import make_animated_webp
from tests.fixtures.media.clips import CLIP_SPECS, RARE_CLIP_SPECS, ClipSpec

_BASES = (
    "cfr30", "fragmented", "vfr", "later", "rotated-90", "matroska", "webm", "mpegts",
    "mpegts-wrap",
    "hevc", "hevc-mkv", "av1", "vp8-alternate-references", "avi-h264", "avi-mpeg4", "avi-mjpeg",
    "flv", "mpeg-ps", "mpegts-mpeg2", "gif", "mov-mpeg4", "ten-bits-444", "open-gop",
)  # fmt: skip
_HEADER_BYTES = 2048
_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def seed_files() -> dict[str, bytes]:
    """Short clips of every container and codec that is taken."""
    recipes: dict[str, ClipSpec] = {**CLIP_SPECS, **RARE_CLIP_SPECS}
    files = {
        name: replace(recipes[name], frame_count=25).encode().path.read_bytes() for name in _BASES
    }
    more = {
        "prores": ClipSpec(suffix="mov", codec="prores_ks", pix_fmt="yuv422p10le", frame_count=8),
        "ffv1": ClipSpec(suffix="mkv", codec="ffv1", frame_count=8),
    }
    files |= {name: recipe.encode().path.read_bytes() for name, recipe in more.items()}
    return files | {"webp": make_animated_webp((100, 200, 300))}


def mutate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """One to four changes, often where headers stand."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(_WAYS)(data, other, rng)
    return data


def _place(data: bytes, dice: random.Random) -> int:
    """Anywhere, but every second time near the beginning or the end."""
    if len(data) < 2:
        return 0
    near = min(len(data), _HEADER_BYTES)
    where = dice.randrange(4)
    if where == 0:
        return dice.randrange(near)
    return len(data) - 1 - dice.randrange(near) if where == 1 else dice.randrange(len(data))


def _bits(data: bytes, _other: bytes, dice: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(dice.choice((1, 3, 20, 300)) if out else 0):
        out[_place(data, dice)] ^= 1 << dice.randrange(8)
    return bytes(out)


def _number(data: bytes, _other: bytes, dice: random.Random) -> bytes:
    at, size = _place(data, dice), dice.choice((1, 2, 4, 8))
    order = dice.choice(("big", "little"))
    value = dice.choice(_EDGES) & ((1 << 8 * size) - 1)
    return (
        data[:at] + value.to_bytes(size, "big" if order == "big" else "little") + data[at + size :]
    )


def _cut(data: bytes, _other: bytes, dice: random.Random) -> bytes:
    return data[: _place(data, dice)]


def _gap(data: bytes, _other: bytes, dice: random.Random) -> bytes:
    at = _place(data, dice)
    return data[:at] + data[at + dice.choice((1, 4, 100, 4000)) :]


def _again(data: bytes, _other: bytes, dice: random.Random) -> bytes:
    at, size = _place(data, dice), dice.choice((4, 64, 1000))
    return data[: at + size] + data[at : at + size] * dice.choice((1, 5)) + data[at + size :]


def _zeros(data: bytes, _other: bytes, dice: random.Random) -> bytes:
    at, size = _place(data, dice), dice.choice((4, 64, 1000))
    return data[:at] + bytes(size) + data[at + size :]


def _spliced(data: bytes, other: bytes, dice: random.Random) -> bytes:
    return data[: _place(data, dice)] + other[_place(other, dice) :]


_WAYS: tuple[Callable[[bytes, bytes, random.Random], bytes], ...] = (
    _bits, _bits, _bits, _number, _number, _cut, _gap, _again, _zeros, _spliced,
)  # fmt: skip
