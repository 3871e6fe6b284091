"""Pictures with an ICC profile show the colours that they mean."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from PIL import Image

from shared.media.images.still import read_picture
from shared.media.images.webp import decode_webp_frames
from tests.fixtures.media.icc_profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    RgbSpace,
    make_cmyk_profile,
    make_grey_profile,
)
from tests.fixtures.media.uploads import encode_heic, encode_picture

COLOURS = ((200, 60, 40), (60, 140, 80), (90, 90, 200), (128, 128, 128), (255, 255, 255))
TOLERANCE = 6


def _assert_colour(image: Image.Image, expected: tuple[int, int, int]) -> None:
    assert image.mode == "RGB"
    mean = np.asarray(image, float)[8:-8, 8:-8].mean(axis=(0, 1))
    assert np.abs(mean - expected).max() <= TOLERANCE, mean


def _encode(image: Image.Image, image_format: str, profile: bytes) -> bytes:
    if image_format == "HEIC":
        image.info["icc_profile"] = profile
        return encode_heic(image)
    options = {} if image_format == "PNG" else {"quality": 95}
    return encode_picture(image, image_format, icc_profile=profile, **options)


def test_example_of_display_p3() -> None:
    assert DISPLAY_P3.encode((200, 60, 40)) == (185, 71, 50)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "HEIC"])
@pytest.mark.parametrize("space", [DISPLAY_P3, ADOBE_RGB, PROPHOTO], ids=["P3", "Adobe", "Pro"])
def test_picture_is_converted_to_srgb(image_format: str, space: RgbSpace) -> None:
    for colour in COLOURS:
        image = Image.new("RGB", (64, 64), space.encode(colour))
        _assert_colour(read_picture(_encode(image, image_format, space.profile())), colour)


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_transparency_is_kept_while_colours_are_converted(mode: str) -> None:
    image = Image.new("RGBA", (64, 64), (*DISPLAY_P3.encode((200, 60, 40)), 255))
    image.paste((0, 0, 0, 0), (32, 0, 64, 64))
    image = image.quantize(4) if mode == "P" else image
    picture = read_picture(encode_picture(image, "PNG", icc_profile=DISPLAY_P3.profile()))
    _assert_colour(picture.crop((0, 0, 32, 64)), (200, 60, 40))
    _assert_colour(picture.crop((32, 0, 64, 64)), (255, 255, 255))


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_grey_profile_is_applied(mode: str) -> None:
    """128 of 255 with a linear curve is 188 in sRGB."""
    image = Image.fromarray(np.full((64, 64), 0x8000, np.uint16))
    if mode != "I;16":
        image = Image.new("L", (64, 64), 128).convert(mode)
    picture = read_picture(encode_picture(image, "PNG", icc_profile=make_grey_profile(1.0)))
    _assert_colour(picture, (188, 188, 188))


def test_grey_picture_with_an_rgb_profile() -> None:
    """128 with a gamma of 1.8 is 147 in sRGB: (128 / 255) ** 1.8 = 0.289."""
    image = Image.new("L", (64, 64), 128)
    picture = read_picture(encode_picture(image, "JPEG", icc_profile=PROPHOTO.profile()))
    _assert_colour(picture, (147, 147, 147))


def test_cmyk_is_converted_with_its_profile() -> None:
    """Without a profile, these inks would be (255, 0, 0)."""
    image = Image.new("CMYK", (64, 64), (0, 255, 255, 0))
    profile = make_cmyk_profile((200, 60, 40))
    data = encode_picture(image, "JPEG", icc_profile=profile, quality=95)
    _assert_colour(read_picture(data), (200, 60, 40))


@pytest.mark.parametrize(
    "profile",
    [b"", b"no profile", DISPLAY_P3.profile()[:200], make_grey_profile(1.0),
     DISPLAY_P3.profile()[:128] + bytes(400)],
    ids=["empty", "text", "cut off", "grey", "no tags"],
)  # fmt: skip
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_unusable_profile_is_ignored(profile: bytes, image_format: str) -> None:
    image = Image.new("RGB", (64, 64), (200, 60, 40))
    _assert_colour(read_picture(_encode(image, image_format, profile)), (200, 60, 40))


def test_large_jpeg_is_converted_when_decoded_smaller() -> None:
    image = Image.new("RGB", (1600, 1600), DISPLAY_P3.encode((200, 60, 40)))
    data = _encode(image, "JPEG", DISPLAY_P3.profile())
    picture = read_picture(data, max_side_px=400)
    assert picture.size == (400, 400)
    _assert_colour(picture, (200, 60, 40))


def test_animated_webp_is_converted() -> None:
    frames = [Image.new("RGB", (64, 64), DISPLAY_P3.encode(colour)) for colour in COLOURS[:2]]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], lossless=True,
                   icc_profile=DISPLAY_P3.profile())  # fmt: skip
    decoded: list[av.VideoFrame] = list(decode_webp_frames(io.BytesIO(out.getvalue())))
    for frame, colour in zip(decoded, COLOURS[:2], strict=True):
        _assert_colour(Image.fromarray(frame.to_ndarray(format="rgb24")), colour)
