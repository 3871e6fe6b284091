"""Tone mapping: mid-grey and white of BT.2408, and brighter light."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.media.colour.conversion import find_conversion
from shared.media.colour.tone_mapping import to_srgb_pixels
from shared.recipes.colour_description import BT2020, HLG, PQ


def _to_srgb(rgb: NDArray[np.uint16], transfer: int) -> NDArray[np.uint8]:
    conversion = find_conversion(BT2020, transfer)
    assert conversion is not None
    return to_srgb_pixels(rgb, conversion)


def _convert(code: float, transfer: int) -> int:
    flat = np.full((3, 5, 3), round(code * 65535), np.uint16)
    result = _to_srgb(flat, transfer)
    assert result.shape == flat.shape
    assert np.ptp(result) <= 1, "grey has no colour"
    return int(result[0, 0, 0])


@pytest.mark.parametrize(
    ("code", "transfer", "low", "high"),
    [
        (0, PQ, 0, 0),
        (0.38, PQ, 90, 125),  # 18 % grey: 26 cd/m²; 117 in sRGB is 18 %
        (0.4260, PQ, 122, 132),  # 43 cd/m², half of an SDR signal
        (0.5807, PQ, 205, 225),  # 203 cd/m², paper white
        (0.7518, PQ, 253, 255),  # 1000 cd/m²
        (1, PQ, 255, 255),
        (0, HLG, 0, 0),
        (0.38, HLG, 90, 125),  # 18 % grey
        (0.75, HLG, 205, 225),  # paper white
        (1, HLG, 253, 255),
    ],
)
def test_grey_and_white_keep_their_levels(code: float, transfer: int, low: int, high: int) -> None:
    assert low <= _convert(code, transfer) <= high


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_brightness_is_monotonic(transfer: int) -> None:
    result = [_convert(code / 200, transfer) for code in range(201)]
    assert result == sorted(result)


def test_large_picture_keeps_its_hue_across_strips() -> None:
    wide = np.zeros((700, 300, 3), np.uint16)
    wide[..., 0] = 30_000
    result = _to_srgb(wide, PQ)
    assert (result[..., 2] > 100).all()
    assert (result[..., :2] == 0).all()
    assert len(np.unique(result.reshape(-1, 3), axis=0)) == 1
