"""Converts high dynamic range to standard range and preserves mid-grey.

ITU-R BT.2100: PQ and HLG become linear light, with 1.0 at the white of a printed page (203 cd/m²,
ITU-R BT.2408). Brighter light is rolled off below 1.0. BT.2020's primaries become BT.709's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

PQ, HLG = 16, 18
"""Transfer characteristics of ITU-T H.273, table 3."""
_WHITE_CD_M2 = 203.0
_PEAK_CD_M2 = 1000.0
"""In cd/m²: the level that most films are graded for, and HLG's nominal display."""
_KNEE = 0.3
"""Light up to this level does not change: a mid-grey of 18 % reflectance is 0.18."""
_STEPS = 4096
_STRIP_PIXELS = 1 << 16
_BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    np.float32,
)
"""ITU-R BT.2087, annex 2: its M2, rounded."""
_LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)

Light = NDArray[np.float32]


def to_standard_range(rgb: NDArray[np.uint16], transfer: int) -> NDArray[np.uint8]:
    """Converts RGB of 16 bits in BT.2020, coded with PQ or HLG, to BGR of 8 bits in sRGB.

    Arrays have the shape H×W×3.
    """
    result = np.empty(rgb.shape, np.uint8)
    # In strips: as floating-point numbers a whole picture would take six times its memory.
    rows = max(1, _STRIP_PIXELS // rgb.shape[1])
    for top in range(0, rgb.shape[0], rows):
        result[top : top + rows] = _convert_strip(rgb[top : top + rows], transfer)
    return result


def _convert_strip(rgb: NDArray[np.uint16], transfer: int) -> NDArray[np.uint8]:
    light = _linear_light(transfer)[rgb]
    if transfer == HLG:
        # The system gamma of 1.2 applies to the luminance (BT.2100, table 5).
        light *= cv2.pow(light @ _LUMA, 0.2)[..., None]
    light *= np.float32(_PEAK_CD_M2 / _WHITE_CD_M2 if transfer == HLG else 1 / _WHITE_CD_M2)
    light *= _rolloff_gain(light.max(axis=2))[..., None]
    result = cv2.transform(light, _BT2020_TO_BT709[::-1])
    steps = (np.clip(result, 0, 1) * (_STEPS - 1)).astype(np.uint16)
    return _srgb_codes()[steps]


def _rolloff_gain(brightest: Light) -> Light:
    """Returns the factor of light: 1 below the knee, then a Möbius curve that maps the peak to 1
    and is as steep at the knee as the line before it."""
    j, peak = _KNEE, _PEAK_CD_M2 / _WHITE_CD_M2
    a = -j * j * (peak - 1) / (j * j - 2 * j + peak)
    b = (j * j - 2 * j * peak + peak) / (peak - 1)
    x = np.clip(brightest, j, peak)
    return ((b + j) ** 2 / (b - a) * (x + a) / (x + b) / x).astype(np.float32)


@lru_cache(maxsize=2)
def _linear_light(transfer: int) -> Light:
    """Returns light by 16-bit code: cd/m² for PQ (SMPTE ST 2084), scene light 0 to 1 for HLG."""
    code = np.linspace(0, 1, 1 << 16)
    return (_pq(code) if transfer == PQ else _hlg(code)).astype(np.float32)


def _pq(code: NDArray[Any]) -> NDArray[Any]:
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = code ** (1 / m2)
    return cast("NDArray[Any]", 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1))


def _hlg(code: NDArray[Any]) -> NDArray[Any]:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)


@lru_cache(maxsize=1)
def _srgb_codes() -> NDArray[np.uint8]:
    """Returns 8-bit codes by step of light (IEC 61966-2-1)."""
    light = np.linspace(0, 1, _STEPS)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * code).astype(np.uint8)
