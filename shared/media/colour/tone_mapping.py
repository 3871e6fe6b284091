"""Converts the pictures of videos with wide colours or high dynamic range to sRGB.

Light above the white of a page is rolled off, and mid-grey is preserved (`conversion.py`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.media.colour.conversion import (
    HLG_GAMMA,
    HLG_LUMA,
    KNEE,
    PEAK,
    Conversion,
    light_table,
    rolloff_gain,
    srgb_code,
)
from shared.recipes.colour_description import HLG

_CODES = 1 << 16
"""The steps of codes and of light. OpenCV has tables of this size from version 5 on."""
_STRIP_PIXELS = 1 << 16

Light = NDArray[np.float32]


def to_srgb_pixels(rgb: NDArray[np.uint16], conversion: Conversion) -> NDArray[np.uint8]:
    """Converts RGB of 16 bits to BGR of 8 bits in sRGB. Arrays have the shape H×W×3."""
    result = np.empty(rgb.shape, np.uint8)
    # In strips: as floating-point numbers a whole picture would take six times its memory.
    rows = max(1, _STRIP_PIXELS // rgb.shape[1])
    for top in range(0, rgb.shape[0], rows):
        result[top : top + rows] = _convert_strip(rgb[top : top + rows], conversion)
    return result


def _convert_strip(rgb: NDArray[np.uint16], conversion: Conversion) -> NDArray[np.uint8]:
    light = cast(Light, cv2.LUT(rgb, _linear_light(conversion.transfer)))
    if conversion.is_high_range:
        light = cast(Light, cv2.multiply(light, cv2.merge([_gain(light, conversion)] * 3)))
    to_steps = np.array(conversion.matrix[::-1], np.float32) * (_CODES - 1)
    steps = np.clip(cv2.transform(light, to_steps), 0, _CODES - 1).astype(np.uint16)
    return cast(NDArray[np.uint8], cv2.LUT(steps, _srgb_codes()))


def _gain(light: Light, conversion: Conversion) -> Light:
    """Returns the factor of light, H×W: the system gamma of HLG, and the roll-off."""
    graded = light
    if conversion.to_bt2020 is not None:
        graded = cast(Light, cv2.transform(light, np.array(conversion.to_bt2020, np.float32)))
    red, green, blue = cv2.split(graded)
    brightest = cast(Any, cv2.max(cv2.max(red, green), blue))
    factor: Any = np.float32(1)
    if conversion.transfer == HLG:
        luminance = cv2.transform(light, np.array([HLG_LUMA], np.float32))
        factor = np.float32(PEAK) * cv2.pow(luminance, HLG_GAMMA - 1)
    return cast(Light, rolloff_gain(np.clip(brightest * factor, KNEE, PEAK)) * factor)


@lru_cache(maxsize=2)
def _linear_light(transfer: int) -> Light:
    """Returns light by 16-bit code."""
    return np.array(light_table(transfer, _CODES), np.float32)


@lru_cache(maxsize=1)
def _srgb_codes() -> NDArray[np.uint8]:
    """Returns 8-bit codes by step of light."""
    return np.array([round(255 * srgb_code(n / (_CODES - 1))) for n in range(_CODES)], np.uint8)
