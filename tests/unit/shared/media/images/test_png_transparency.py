"""The transparent colour of a PNG (tRNS) in every depth."""

from __future__ import annotations

import struct
import zlib

import pytest

from shared.media.images.still import read_picture

WHITE = (255, 255, 255)


def _make_png(depth: int, colour_type: int, rows: bytes, transparent: tuple[int, ...]) -> bytes:
    """A PNG of 2×1 pixels with a tRNS chunk."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", 2, 1, depth, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent))
        + chunk(b"IDAT", zlib.compress(b"\0" + rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("depth", "rows", "transparent", "opaque"),
    [
        (1, bytes([0b10000000]), 1, 0),
        (1, bytes([0b01000000]), 0, 255),
        (2, bytes([0b01100000]), 1, 170),
        (4, bytes([0x5A]), 5, 170),
        (8, bytes([90, 91]), 90, 91),
        (16, struct.pack(">HH", 0x1234, 0x8000), 0x1234, 128),
        (16, struct.pack(">HH", 0x1234, 0x1235), 0x1234, 18),
        (16, struct.pack(">HH", 0, 0x4000), 0, 64),
        (16, struct.pack(">HH", 0xFFFF, 0x4000), 0xFFFF, 64),
    ],
)
def test_transparent_grey(depth: int, rows: bytes, transparent: int, opaque: int) -> None:
    picture = read_picture(_make_png(depth, 0, rows, (transparent,)))
    assert picture.getpixel((0, 0)) == WHITE
    assert picture.getpixel((1, 0)) == (opaque, opaque, opaque)


def test_transparent_colour_in_16_bits() -> None:
    rows = struct.pack(">6H", 0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000)
    picture = read_picture(_make_png(16, 2, rows, (0x1000, 0x2000, 0x3000)))
    assert picture.getpixel((0, 0)) == WHITE
    assert picture.getpixel((1, 0)) == (64, 80, 96)


def test_16_bit_grey_without_its_transparent_colour_is_opaque() -> None:
    picture = read_picture(_make_png(16, 0, struct.pack(">HH", 0x2000, 0x4000), (0x1234,)))
    assert [picture.getpixel((x, 0)) for x in (0, 1)] == [(32, 32, 32), (64, 64, 64)]
