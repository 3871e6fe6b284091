"""Encodes sRGB pictures under a colour description: primaries, transfer and matrix of H.273."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Stored = Literal["stream", "container", "both", "nowhere"]

UNSPECIFIED = 2
BT709, BT470M, BT470BG, SMPTE170M, SMPTE240M, BT2020, DISPLAY_P3 = 1, 4, 5, 6, 7, 9, 12
BT2020_TRANSFER, PQ, HLG = 14, 16, 18
FCC, YCGCO = 4, 8
_WHITE = (0.3127, 0.3290)
_CHROMATICITIES = {
    BT709: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    BT470BG: ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
    SMPTE170M: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    DISPLAY_P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
"""ITU-T H.273, table 2."""
_KR_KB = {
    BT709: (0.2126, 0.0722),
    FCC: (0.30, 0.11),
    BT470BG: (0.299, 0.114),
    SMPTE170M: (0.299, 0.114),
    SMPTE240M: (0.212, 0.087),
    BT2020: (0.2627, 0.0593),
}
"""ITU-T H.273, table 4."""
_WHITE_CD_M2 = 203.0


@dataclass(frozen=True)
class Colour:
    """A colour description. Numbers are those of H.273; `stored` says where it is written. Without
    a description a picture below 720 lines is BT.601 in limited range."""

    matrix: int = UNSPECIFIED
    is_full: bool | None = None
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    stored: Stored = "nowhere"

    @property
    def is_hdr(self) -> bool:
        return self.transfer in (PQ, HLG)

    @property
    def light_primaries(self) -> int:
        """The primaries of the pictures. Those of BT.2020 belong with its matrix and transfers."""
        is_bt2020 = self.matrix == BT2020 or self.transfer in (BT2020_TRANSFER, PQ, HLG)
        if self.primaries == UNSPECIFIED:
            return BT2020 if is_bt2020 else BT709
        return self.primaries

    def __str__(self) -> str:
        if self == Colour():
            return "no description"
        full = {True: "full", False: "limited", None: "unspecified"}[self.is_full]
        return (
            f"matrix {self.matrix}, {full} range, primaries {self.primaries}, "
            f"transfer {self.transfer}, in {self.stored}"
        )

    def tags(self) -> dict[str, int]:
        """The attributes of a PyAV codec context and frame."""
        tags = {
            "colorspace": self.matrix,
            "color_primaries": self.primaries,
            "color_trc": self.transfer,
        }
        if self.is_full is not None:
            tags["color_range"] = 2 if self.is_full else 1
        return {
            name: value for name, value in tags.items() if value != UNSPECIFIED or "ran" in name
        }


def to_code_values(srgb: NDArray[np.uint8], colour: Colour) -> Floats:
    """R'G'B' from 0 to 1 in the primaries and with the transfer of `colour`, from sRGB."""
    codes = srgb.astype(np.float64) / 255
    if not colour.is_hdr and colour.light_primaries == BT709:
        # Players show the transfer characteristics of standard range as that of sRGB.
        return codes
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    light = np.clip(light @ _to_primaries(colour.light_primaries).T, 0, 1)
    if colour.transfer == PQ:
        return _pq(light * _WHITE_CD_M2)
    if colour.transfer == HLG:
        return _hlg(light * _WHITE_CD_M2 / 1000)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def to_ycbcr(rgb: Floats, matrix: int) -> tuple[Floats, Floats, Floats]:
    """Y from 0 to 1, Cb and Cr from -0.5 to 0.5. An unspecified matrix is that of BT.601."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    if matrix == YCGCO:
        return (red + 2 * green + blue) / 4, (2 * green - red - blue) / 4, (red - blue) / 2
    kr, kb = _KR_KB.get(matrix, _KR_KB[SMPTE170M])
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    return luma, (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)


def _to_primaries(primaries: int) -> Floats:
    """The matrix from linear BT.709 to linear light of other primaries."""
    matrix: Floats = np.linalg.inv(_to_xyz(primaries)) @ _to_xyz(BT709)
    return matrix


def _to_xyz(primaries: int) -> Floats:
    def xyz(x: float, y: float) -> list[float]:
        return [x / y, 1, (1 - x - y) / y]

    columns = np.array([xyz(*xy) for xy in _CHROMATICITIES[primaries]]).T
    return columns * np.linalg.solve(columns, np.array(xyz(*_WHITE)))


def _pq(light_cd_m2: Floats) -> Floats:
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = (light_cd_m2 / 10_000) ** m1
    coded: Floats = ((c1 + c2 * power) / (1 + c3 * power)) ** m2
    return coded


def _hlg(display: Floats) -> Floats:
    """HLG codes for display light, 1 at 1000 cd/m²: undoes the system gamma of 1.2 (BT.2100)."""
    luminance = display @ np.array([0.2627, 0.6780, 0.0593])
    scene = display * np.maximum(luminance, 1e-9)[..., None] ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    coded: Any = np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    )
    return np.asarray(coded, np.float64)
