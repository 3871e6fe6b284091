"""Still pictures of high dynamic range and of wide colours by code points, in sRGB."""

from __future__ import annotations

import io
import struct
import zlib

import av
import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image

from shared.media.images.still import read_picture
from shared.media.images.webp import decode_webp_frames
from tests.fixtures.media.colours import COLOURS, HLG, PQ, SRGB, Rgb, encode_rgb
from tests.fixtures.media.icc_profiles import DISPLAY_P3, make_high_range_profile
from tests.fixtures.media.uploads import encode_picture

TOLERANCE = 6
SPACES = pytest.mark.parametrize(
    ("primaries", "transfer"), [(9, PQ), (9, HLG), (12, PQ), (9, SRGB), (12, SRGB), (1, SRGB)]
)


def _assert_colour(image: Image.Image, expected: Rgb, tolerance: float = TOLERANCE) -> None:
    assert image.mode == "RGB"
    mean = np.asarray(image, float)[8:-8, 8:-8].mean(axis=(0, 1))
    assert np.abs(mean - expected).max() <= tolerance, mean


def _codes(colour: Rgb, primaries: int, transfer: int, bits: int = 8) -> NDArray[np.uint16]:
    """64×64 pixels of the colour in codes of this depth."""
    code = np.round(encode_rgb(colour, primaries, transfer) * ((1 << bits) - 1))
    return np.tile(code.astype(np.uint16), (64, 64, 1))


def _heic(codes: NDArray[np.uint16], bits: int, primaries: int, transfer: int) -> bytes:
    out = io.BytesIO()
    if bits == 8:
        file = pillow_heif.from_bytes("RGB", (64, 64), codes.astype(np.uint8).tobytes())
    else:
        file = pillow_heif.from_bytes("RGB;16", (64, 64), (codes << (16 - bits)).tobytes())
    file.save(
        out, quality=-1, color_primaries=primaries, transfer_characteristics=transfer,
        matrix_coefficients=9 if primaries == 9 else 1, full_range_flag=1,
    )  # fmt: skip
    return out.getvalue()


def _png(
    image: Image.Image | NDArray[np.uint16], cicp: tuple[int, int, int, int], **options: object
) -> bytes:
    """A PNG with a chunk cICP; an array becomes a PNG of 16 bits."""
    if isinstance(image, Image.Image):
        data = encode_picture(image, "PNG", **options)
    else:
        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in image)
        head = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 16, 2, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head)
        data += _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return data[:33] + _chunk(b"cICP", bytes(cicp)) + data[33:]


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@SPACES
def test_heic_with_nclx(primaries: int, transfer: int) -> None:
    for colour in COLOURS:
        codes = _codes(colour, primaries, transfer, 10)
        _assert_colour(read_picture(_heic(codes, 10, primaries, transfer)), colour)


def test_heic_of_eight_bits_with_nclx_of_hdr10() -> None:
    """A step of eight bits is about 3 of 255 here."""
    codes = _codes((200, 60, 40), 9, PQ)
    _assert_colour(read_picture(_heic(codes, 8, 9, PQ)), (200, 60, 40), 9)


@SPACES
def test_png_with_cicp(primaries: int, transfer: int) -> None:
    for colour in COLOURS:
        codes = _codes(colour, primaries, transfer, 16)
        _assert_colour(read_picture(_png(codes, (primaries, transfer, 0, 1))), colour)
        image = Image.fromarray(_codes(colour, primaries, transfer).astype(np.uint8))
        _assert_colour(read_picture(_png(image, (primaries, transfer, 0, 1))), colour)


def test_png_with_cicp_of_limited_range() -> None:
    codes = encode_rgb((200, 60, 40), 9, PQ) * 219 + 16
    image = Image.new("RGB", (64, 64), tuple(round(code) for code in codes))
    _assert_colour(read_picture(_png(image, (9, PQ, 0, 0))), (200, 60, 40))


def test_cicp_of_a_png_takes_precedence_over_its_profile() -> None:
    image = Image.fromarray(_codes((60, 140, 80), 9, PQ).astype(np.uint8))
    data = _png(image, (9, PQ, 0, 1), icc_profile=DISPLAY_P3.profile())
    _assert_colour(read_picture(data), (60, 140, 80))


@pytest.mark.parametrize("mode", ["RGBA", "P", "L"])
def test_png_with_cicp_in_every_mode(mode: str) -> None:
    grey = encode_rgb((128, 128, 128), 9, PQ)
    image = Image.new("RGB", (64, 64), tuple(round(255 * code) for code in grey))
    image = image.convert(mode)
    if mode == "RGBA":
        image.putalpha(0)
    expected = (255, 255, 255) if mode == "RGBA" else (128, 128, 128)
    _assert_colour(read_picture(_png(image, (9, PQ, 0, 1))), expected)


@pytest.mark.parametrize("has_cicp", [False, True])
@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_profile_of_high_range(image_format: str, transfer: int, has_cicp: bool) -> None:
    profile = make_high_range_profile(transfer, has_cicp=has_cicp)
    for colour in COLOURS:
        image = Image.fromarray(_codes(colour, 9, transfer).astype(np.uint8))
        options = {"quality": 100, "subsampling": 0} if image_format == "JPEG" else {}
        if image_format == "WEBP":
            options["lossless"] = 1
        data = encode_picture(image, image_format, icc_profile=profile, **options)
        _assert_colour(read_picture(data), colour)


def test_animated_webp_of_high_range() -> None:
    frames = [Image.fromarray(_codes(colour, 9, PQ).astype(np.uint8)) for colour in COLOURS[:2]]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True,
                   icc_profile=make_high_range_profile(PQ, has_cicp=False))  # fmt: skip
    decoded: list[av.VideoFrame] = list(decode_webp_frames(io.BytesIO(out.getvalue())))
    for frame, colour in zip(decoded, COLOURS[:2], strict=True):
        _assert_colour(Image.fromarray(frame.to_ndarray(format="rgb24")), colour)


def test_large_picture_is_converted_in_every_strip() -> None:
    code = tuple(round(255 * value) for value in encode_rgb((60, 140, 80), 12))
    image = Image.new("RGB", (300, 1200), code)
    _assert_colour(read_picture(_png(image, (12, SRGB, 0, 1))), (60, 140, 80))


@pytest.mark.parametrize("cicp", [(0, 0, 0, 1), (2, 2, 0, 1), (250, 250, 250, 250), (1, 13, 0, 1)])
def test_unknown_code_points_are_ignored(cicp: tuple[int, int, int, int]) -> None:
    image = Image.new("RGB", (64, 64), (200, 60, 40))
    _assert_colour(read_picture(_png(image, cicp)), (200, 60, 40))
