"""The conversion of colours: matrices of primaries, the same result in every implementation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from shared.media.colour.conversion import Conversion, find_conversion
from shared.media.colour.primaries import matrix_to_bt709
from shared.media.colour.tone_mapping import to_srgb_pixels
from shared.media.images.colour_codes import CodeScale, apply_conversion
from tests.fixtures.media.colours import HLG, PQ, SRGB, Rgb, encode_rgb

SPACES = [(9, PQ), (9, HLG), (12, PQ), (9, 14), (12, SRGB), (6, 6), (5, 1), (9, 8)]


def _conversion(primaries: int, transfer: int) -> Conversion:
    conversion = find_conversion(primaries, transfer)
    assert conversion is not None
    return conversion


def _random_codes(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (1, 200, 3), np.uint8)


@pytest.mark.parametrize(("primaries", "transfer"), SPACES)
def test_arrays_and_pictures_are_converted_like_single_colours(
    primaries: int, transfer: int
) -> None:
    conversion = _conversion(primaries, transfer)
    codes = _random_codes(primaries)
    expected = [
        [255 * value for value in conversion.convert((r / 255, g / 255, b / 255))]
        for r, g, b in codes[0].tolist()
    ]
    wide = codes.astype(np.uint16) * 257
    array = to_srgb_pixels(wide, conversion)[0, :, ::-1]
    picture = apply_conversion(Image.fromarray(codes), conversion, CodeScale())
    assert np.abs(array - np.array(expected)).max() <= 0.6
    assert np.abs(np.asarray(picture)[0] - np.array(expected)).max() <= 0.6


@pytest.mark.parametrize(("primaries", "transfer"), [(1, 1), (2, 2), (1, 13), (0, 0), (99, 6)])
def test_plain_colours_are_not_converted(primaries: int, transfer: int) -> None:
    assert find_conversion(primaries, transfer) is None


def test_matrix_of_bt2020_is_that_of_the_standard() -> None:
    """ITU-R BT.2087, annex 2: M2."""
    expected = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    assert np.abs(np.array(matrix_to_bt709(9)) - expected).max() < 1e-4


@pytest.mark.parametrize("primaries", [4, 5, 6, 7, 8, 9, 11, 12, 22])
def test_white_stays_white(primaries: int) -> None:
    assert np.allclose(np.array(matrix_to_bt709(primaries)).sum(axis=1), 1, atol=1e-3)
    assert _conversion(primaries, 1).convert((0.5, 0.5, 0.5)) == pytest.approx((0.5,) * 3, abs=2e-3)


@pytest.mark.parametrize("colour", [(200, 60, 40), (60, 140, 80), (90, 90, 170)])
@pytest.mark.parametrize(("primaries", "transfer"), [(9, PQ), (9, HLG), (12, PQ), (5, 1), (6, 6)])
def test_colour_is_right_by_value(colour: Rgb, primaries: int, transfer: int) -> None:
    curve = transfer if transfer in (PQ, HLG) else SRGB
    red, green, blue = encode_rgb(colour, primaries, curve).tolist()
    shown = _conversion(primaries, transfer).convert((red, green, blue))
    assert np.abs(255 * np.array(shown) - colour).max() < 3


@pytest.mark.parametrize(
    ("scale", "value", "code"),
    [(CodeScale(), 128, 128 / 255), (CodeScale(10), 128, 513.5 / 1023),
     (CodeScale(8, is_full_range=False), 16, 0), (CodeScale(8, is_full_range=False), 240, 1)],
)  # fmt: skip
def test_scale_of_codes(scale: CodeScale, value: int, code: float) -> None:
    assert scale.to_code(value) == pytest.approx(code)
