"""Random mutations of a valid file: bits, numbers, cuts, and parts of other files."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from tests.corpus.encoding import make_animated_webp
from tests.fixtures.media.clip_specs import CLIP_SPECS, RARE_CLIP_SPECS
from tests.fixtures.media.clips import ClipSpec

_BASES = (
    "cfr30", "fragmented", "vfr", "later", "rotated-90", "matroska", "webm", "mpegts",
    "mpegts-wrap",
    "hevc", "hevc-mkv", "av1", "vp8-alternate-references", "avi-h264", "avi-mpeg4", "avi-mjpeg",
    "flv", "mpeg-ps", "mpegts-mpeg2", "gif", "mov-mpeg4", "ten-bits-444", "open-gop",
)  # fmt: skip
_HEADER_BYTES = 2048
_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def seed_files() -> dict[str, bytes]:
    """Short clips of every supported container and codec."""
    specs: dict[str, ClipSpec] = {**CLIP_SPECS, **RARE_CLIP_SPECS}
    files = {
        name: replace(specs[name], frame_count=25).encode().path.read_bytes() for name in _BASES
    }
    extra_specs = {
        "prores": ClipSpec(suffix="mov", codec="prores_ks", pix_fmt="yuv422p10le", frame_count=8),
        "ffv1": ClipSpec(suffix="mkv", codec="ffv1", frame_count=8),
    }
    files |= {name: spec.encode().path.read_bytes() for name, spec in extra_specs.items()}
    return files | {"webp": make_animated_webp((100, 200, 300))}


def mutate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Applies one to four mutations, often in the headers."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(_MUTATIONS)(data, other, rng)
    return data


def _random_offset(data: bytes, rng: random.Random) -> int:
    """A random offset, every second time near the start or the end of the file."""
    if len(data) < 2:
        return 0
    margin = min(len(data), _HEADER_BYTES)
    region = rng.randrange(4)
    if region == 0:
        return rng.randrange(margin)
    return len(data) - 1 - rng.randrange(margin) if region == 1 else rng.randrange(len(data))


def _flip_bits(data: bytes, _other: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 3, 20, 300)) if out else 0):
        out[_random_offset(data, rng)] ^= 1 << rng.randrange(8)
    return bytes(out)


def _write_number(data: bytes, _other: bytes, rng: random.Random) -> bytes:
    at, size = _random_offset(data, rng), rng.choice((1, 2, 4, 8))
    order = rng.choice(("big", "little"))
    value = rng.choice(_EDGES) & ((1 << 8 * size) - 1)
    return (
        data[:at] + value.to_bytes(size, "big" if order == "big" else "little") + data[at + size :]
    )


def _truncate(data: bytes, _other: bytes, rng: random.Random) -> bytes:
    return data[: _random_offset(data, rng)]


def _remove_range(data: bytes, _other: bytes, rng: random.Random) -> bytes:
    at = _random_offset(data, rng)
    return data[:at] + data[at + rng.choice((1, 4, 100, 4000)) :]


def _repeat_range(data: bytes, _other: bytes, rng: random.Random) -> bytes:
    at, size = _random_offset(data, rng), rng.choice((4, 64, 1000))
    return data[: at + size] + data[at : at + size] * rng.choice((1, 5)) + data[at + size :]


def _zero_range(data: bytes, _other: bytes, rng: random.Random) -> bytes:
    at, size = _random_offset(data, rng), rng.choice((4, 64, 1000))
    return data[:at] + bytes(size) + data[at + size :]


def _splice(data: bytes, other: bytes, rng: random.Random) -> bytes:
    return data[: _random_offset(data, rng)] + other[_random_offset(other, rng) :]


_MUTATIONS: tuple[Callable[[bytes, bytes, random.Random], bytes], ...] = (
    _flip_bits, _flip_bits, _flip_bits, _write_number, _write_number, _truncate, _remove_range,
    _repeat_range, _zero_range, _splice,
)  # fmt: skip
