"""High dynamic range: what BT.2408 calls mid-grey and white, and what is brighter."""

from __future__ import annotations

import numpy as np
import pytest

from shared.media.colour.tone_mapping import HLG, PQ, to_standard_range


def _shown(code: float, transfer: int) -> int:
    flat = np.full((3, 5, 3), round(code * 65535), np.uint16)
    shown = to_standard_range(flat, transfer)
    assert shown.shape == flat.shape
    assert np.ptp(shown) <= 1, "grey has no colour"
    return int(shown[0, 0, 0])


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
def test_grey_and_white_keep_their_places(code: float, transfer: int, low: int, high: int) -> None:
    assert low <= _shown(code, transfer) <= high


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_what_is_brighter_is_never_shown_darker(transfer: int) -> None:
    shown = [_shown(code / 200, transfer) for code in range(201)]
    assert shown == sorted(shown)


def test_colours_keep_their_hue_and_a_large_picture_is_taken_in_stripes() -> None:
    wide = np.zeros((700, 300, 3), np.uint16)
    wide[..., 0] = 30_000
    shown = to_standard_range(wide, PQ)
    assert (shown[..., 2] > 100).all()
    assert (shown[..., :2] == 0).all()
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 1
