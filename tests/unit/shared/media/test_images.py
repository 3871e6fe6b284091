"""Uploaded pictures: upright, in every size and mode; other files are refused."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from shared.errors import PermanentError
from shared.media.errors import EmptyFile, NotAPicture, PictureDamaged, PictureTooLarge
from shared.media.images.still import read_picture, read_picture_header
from tests.fixtures.media.uploads import (
    apply_orientation,
    draw_quarters,
    encode_heic,
    encode_picture,
    make_png_header,
    make_rotated_jpeg,
    resize_heic_header,
)
from tests.unit.shared.media.upright import assert_upright


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_orientation_is_applied(orientation: int) -> None:
    data = make_rotated_jpeg(orientation)
    header = read_picture_header(data)
    assert (header.width, header.height) == (240, 160)
    image = read_picture(data)
    assert image.size == (240, 160)
    assert_upright(image)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_orientation_is_applied(orientation: int) -> None:
    data = encode_heic(apply_orientation(draw_quarters(240, 160), orientation), orientation)
    header = read_picture_header(data)
    assert (header.format, header.width, header.height) == ("HEIF", 240, 160)
    assert_upright(read_picture(data))


def test_damaged_exif_is_ignored() -> None:
    data = make_rotated_jpeg(1).replace(b"MM\0*", b"XX\0*").replace(b"II*\0", b"XX*\0")
    assert read_picture_header(data).width == 240
    assert_upright(read_picture(data))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_heic_modes_are_converted(mode: str) -> None:
    image = read_picture(encode_heic(draw_quarters(91, 61, mode)))
    assert image.size == (91, 61)
    if mode == "L":
        assert image.getpixel((9, 9)) == pytest.approx((87, 87, 87), abs=4)
    else:
        assert_upright(image, tolerance=25)


@pytest.mark.parametrize(
    ("size", "error"),
    [((20_000, 20_000), PictureTooLarge), ((60_000, 10), PictureTooLarge),
     ((8000, 8000), PictureDamaged), ((100, 100), PictureDamaged)],
)  # fmt: skip
def test_heic_with_a_false_size_is_refused(
    size: tuple[int, int], error: type[PermanentError]
) -> None:
    with pytest.raises(error):
        read_picture(resize_heic_header(encode_heic(draw_quarters(240, 160)), *size))


@pytest.mark.parametrize(
    ("image_format", "mode"),
    [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "P"), ("PNG", "RGBA"),
     ("WEBP", "RGB"), ("WEBP", "RGBA")],
)  # fmt: skip
def test_every_format_and_mode_is_converted(image_format: str, mode: str) -> None:
    options = {"quality": 95} if image_format != "PNG" else {}
    data = encode_picture(draw_quarters(90, 60, mode), image_format, **options)
    assert read_picture_header(data).format == image_format
    assert_upright(read_picture(data), tolerance=25)


def test_16_bit_grey_is_scaled() -> None:
    values = np.full((10, 10), 0x8000, np.uint16)
    image = read_picture(encode_picture(Image.fromarray(values), "PNG"))
    assert image.getpixel((5, 5)) == (128, 128, 128)


def test_transparency_becomes_white() -> None:
    image = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    image.paste((0, 0, 255, 128), (0, 0, 4, 8))
    flattened = read_picture(encode_picture(image, "PNG"))
    assert flattened.getpixel((6, 4)) == (255, 255, 255)
    assert flattened.getpixel((1, 4)) == (127, 127, 255)


def test_animation_gives_its_first_picture() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert read_picture(buffer.getvalue()).getpixel((9, 9)) == (255, 0, 0)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html><script>alert(1)</script></html>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"GIF89a" + bytes(40),
        b"BM" + bytes(60),
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"\0\0\0\x1cftypavif\0\0\0\0mif1avif",
        b"\0\0\0\x1cftypisom\0\0\2\0isomiso2",
        bytes(64),
    ],
)
def test_other_formats_are_refused(data: bytes) -> None:
    with pytest.raises(NotAPicture):
        read_picture(data)


def test_empty_file_is_refused() -> None:
    with pytest.raises(EmptyFile):
        read_picture_header(b"")


@pytest.mark.parametrize("size", [(20_000, 20_000), (60_000, 1), (8001, 8001), (2**31 - 1, 3)])
def test_too_large_picture_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(PictureTooLarge):
        read_picture_header(make_png_header(*size))


def test_empty_picture_of_64_megapixels_is_refused() -> None:
    """A few bytes that declare 64 megapixels and contain none."""
    with pytest.raises(PictureDamaged):
        read_picture(make_png_header(8000, 8000))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "HEIF"])
@pytest.mark.parametrize("fraction", [0.5, 0.95])
def test_truncated_picture_is_refused(image_format: str, fraction: float) -> None:
    random = np.random.default_rng(1)
    noise = Image.fromarray(random.integers(0, 255, (200, 300, 3), np.uint8))
    data = encode_heic(noise) if image_format == "HEIF" else encode_picture(noise, image_format)
    with pytest.raises(PictureDamaged):
        read_picture(data[: round(len(data) * fraction)])


def test_compressed_text_in_a_png_is_not_expanded() -> None:
    """A compressed comment of 200 MB beside one pixel."""
    import struct

    body = b"comment\0\0" + zlib.compress(bytes(200_000_000), 9)
    data = encode_picture(Image.new("RGB", (1, 1)), "PNG")
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + body))
    with pytest.raises((PictureDamaged, NotAPicture)):
        read_picture(data[:33] + chunk + data[33:])
