"""The conversion of a colour to sRGB: transfer characteristics, tone mapping, primaries.

Without NumPy, which not every function has. Light is 1.0 at the white of a printed page, in high
dynamic range 203 cd/m² (ITU-R BT.2408).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from shared.media.colour.primaries import (
    BT709,
    Matrix,
    Vector,
    apply,
    invert,
    is_known,
    matrix_to_bt709,
    multiply,
)
from shared.recipes.colour_description import BT2020, HLG, PQ

LINEAR, SRGB = 8, 13
"""Transfer characteristics of ITU-T H.273, table 3."""
WHITE_CD_M2 = 203.0
PEAK_CD_M2 = 1000.0
"""In cd/m²: the level that most films are graded for, and HLG's nominal display."""
PEAK = PEAK_CD_M2 / WHITE_CD_M2
KNEE = 0.3
"""Light up to this level does not change: a mid-grey of 18 % reflectance is 0.18."""
HLG_LUMA: Vector = (0.2627, 0.6780, 0.0593)
HLG_GAMMA = 1.2
"""HLG's system gamma applies to the luminance (BT.2100, table 5)."""


@dataclass(frozen=True)
class Conversion:
    """A conversion to sRGB.

    Attributes:
        transfer: PQ, HLG, LINEAR, or SRGB for all transfer characteristics of standard range: their
            pictures are shown with one curve, and grey does not change.
        matrix: From the primaries to those of BT.709, in linear light.
        to_bt2020: From the primaries to those of BT.2020, if they are others: a light of high range
            is rolled off by its brightest component in BT.2020, in which films are graded.
    """

    transfer: int
    matrix: Matrix
    to_bt2020: Matrix | None = None

    @classmethod
    def from_matrix(cls, transfer: int, matrix: Matrix) -> Conversion:
        """Returns the conversion for a matrix to BT.709."""
        return cls(transfer, matrix, multiply(invert(matrix_to_bt709(BT2020)), matrix))

    @property
    def is_high_range(self) -> bool:
        """Whether light above the white of a page is rolled off."""
        return self.transfer in (PQ, HLG)

    def convert(self, code: Vector) -> Vector:
        """Returns a colour as sRGB codes. Codes are 0 to 1."""
        curve = LIGHT_CURVES[self.transfer]
        red, green, blue = (curve(value) for value in code)
        factor = 1.0
        if self.transfer == HLG:
            luminance = sum(w * v for w, v in zip(HLG_LUMA, (red, green, blue), strict=True))
            factor = PEAK * luminance ** (HLG_GAMMA - 1)
        if self.is_high_range:
            rgb = (red, green, blue)
            brightest = factor * max(rgb if self.to_bt2020 is None else apply(self.to_bt2020, rgb))
            factor *= rolloff_gain(min(max(brightest, KNEE), PEAK))
        light = apply(self.matrix, (factor * red, factor * green, factor * blue))
        red, green, blue = (srgb_code(min(max(value, 0.0), 1.0)) for value in light)
        return red, green, blue


def find_conversion(primaries: int, transfer: int) -> Conversion | None:
    """Returns the conversion for code points of H.273; None if the codes are shown as they are."""
    if transfer not in (PQ, HLG, LINEAR):
        transfer = SRGB
    if not is_known(primaries):
        primaries = BT2020 if transfer in (PQ, HLG) else BT709
    if primaries == BT709 and transfer == SRGB:
        return None
    matrix = matrix_to_bt709(primaries)
    if primaries == BT2020:
        return Conversion(transfer, matrix)
    return Conversion.from_matrix(transfer, matrix)


def rolloff_gain(light: float) -> float:
    """Returns the factor of light from KNEE to PEAK: a Möbius curve that maps PEAK to 1, and is as
    steep at KNEE as the line before it. Also takes an array."""
    a = -KNEE * KNEE * (PEAK - 1) / (KNEE * KNEE - 2 * KNEE + PEAK)
    b = (KNEE * KNEE - 2 * KNEE * PEAK + PEAK) / (PEAK - 1)
    return (b + KNEE) ** 2 / (b - a) * (light + a) / (light + b) / light


@lru_cache(maxsize=4)
def light_table(transfer: int, steps: int) -> tuple[float, ...]:
    """Returns the light of `steps` codes from 0 to 1; for HLG it is scene light from 0 to 1."""
    curve = LIGHT_CURVES[transfer]
    return tuple(curve(n / (steps - 1)) for n in range(steps))


def srgb_code(light: float) -> float:
    """Returns the code of light from 0 to 1 (IEC 61966-2-1)."""
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def _srgb(code: float) -> float:
    return code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4


def pq_light(code: float) -> float:
    """Returns light, 1.0 at white (SMPTE ST 2084)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = code ** (1 / m2)
    return float(10_000 / WHITE_CD_M2 * (max(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1))


def hlg_light(code: float) -> float:
    """Returns scene light from 0 to 1 (ITU-R BT.2100, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return code * code / 3 if code <= 0.5 else (math.exp((code - c) / a) + b) / 12


LIGHT_CURVES: dict[int, Callable[[float], float]] = {
    PQ: pq_light, HLG: hlg_light, LINEAR: lambda code: code, SRGB: _srgb,
}  # fmt: skip
PEAK_LIGHT = {PQ: 10_000 / WHITE_CD_M2, HLG: 1.0}
"""The light of the largest code."""
