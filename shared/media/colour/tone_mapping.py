"""High dynamic range to standard range, so that a mid-grey stays a mid-grey.

ITU-R BT.2100: PQ and HLG are made linear, with 1.0 at the white of a printed page (203 cd/m²,
ITU-R BT.2408); what is brighter is rolled off below 1.0; BT.2020's primaries become BT.709's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

PQ, HLG = 16, 18
"""Transfer characteristics of ITU-T H.273, table 3."""
_WHITE = 203.0
_PEAK = 1000.0
"""cd/m²: what most films are graded for, and HLG's nominal display."""
_KNEE = 0.3
"""Up to here light stays as it is: a mid-grey of 18 % reflectance is 0.18."""
_STEPS = 4096
_STRIPE_PIXELS = 1 << 16
_TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    np.float32,
)
"""ITU-R BT.2087, annex 2: its M2, rounded."""
_LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)

Light = NDArray[np.float32]


def to_standard_range(rgb: NDArray[np.uint16], transfer: int) -> NDArray[np.uint8]:
    """RGB of 16 bits in BT.2020, coded with PQ or HLG → BGR of 8 bits, sRGB. H×W×3."""
    shown = np.empty(rgb.shape, np.uint8)
    # Rows by rows: as floating point numbers a whole picture would take six times its memory.
    rows = max(1, _STRIPE_PIXELS // rgb.shape[1])
    for top in range(0, rgb.shape[0], rows):
        shown[top : top + rows] = _stripe(rgb[top : top + rows], transfer)
    return shown


def _stripe(rgb: NDArray[np.uint16], transfer: int) -> NDArray[np.uint8]:
    light = _linear(transfer)[rgb]
    if transfer == HLG:
        # The system's gamma of 1.2 acts on brightness (BT.2100, table 5).
        light *= cv2.pow(light @ _LUMA, 0.2)[..., None]
    light *= np.float32(_PEAK / _WHITE if transfer == HLG else 1 / _WHITE)
    light *= _gain(light.max(axis=2))[..., None]
    shown = cv2.transform(light, _TO_709[::-1])
    steps = (np.clip(shown, 0, 1) * (_STEPS - 1)).astype(np.uint16)
    return _srgb()[steps]


def _gain(brightest: Light) -> Light:
    """By what light is multiplied: 1 below the knee, then a Möbius curve that takes the peak to 1
    and leaves the knee as steep as it came."""
    j, peak = _KNEE, _PEAK / _WHITE
    a = -j * j * (peak - 1) / (j * j - 2 * j + peak)
    b = (j * j - 2 * j * peak + peak) / (peak - 1)
    x = np.clip(brightest, j, peak)
    return ((b + j) ** 2 / (b - a) * (x + a) / (x + b) / x).astype(np.float32)


@lru_cache(maxsize=2)
def _linear(transfer: int) -> Light:
    """Of every 16-bit code: cd/m² for PQ (SMPTE ST 2084), scene light 0 to 1 for HLG."""
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
def _srgb() -> NDArray[np.uint8]:
    """Of every step of light its 8-bit code (IEC 61966-2-1)."""
    light = np.linspace(0, 1, _STEPS)
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * code).astype(np.uint8)
