"""Converts still pictures to sRGB by code points of ITU-T H.273.

With Pillow alone, because not every function has NumPy. A table of colours would be simpler, but
interpolation between its points is wrong by up to 20 of 255 in the dark codes of PQ.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias

from PIL import Image, ImageMath

from shared.media.colour.conversion import (
    HLG_GAMMA,
    HLG_LUMA,
    KNEE,
    LIGHT_CURVES,
    PEAK,
    Conversion,
    rolloff_gain,
    srgb_code,
)
from shared.media.colour.primaries import Vector
from shared.recipes.colour_description import HLG

_STEPS = 1 << 16
"""Pillow maps 32-bit numbers to eight bits with a table of this size."""
_STRIP_PIXELS = 1 << 17
_Operand: TypeAlias = Any
"""A channel in an expression of ImageMath."""


@dataclass(frozen=True)
class CodeScale:
    """What the eight bits of a pixel in memory mean.

    Attributes:
        bit_depth: The bits in the file, of which the decoder keeps the first eight.
        is_full_range: Whether 0 and 255 are black and white; otherwise 16 and 235 are.
    """

    bit_depth: int = 8
    is_full_range: bool = True

    def to_code(self, value: int) -> float:
        """Returns the code, 0 to 1, of a value of 0 to 255 in memory.

        It is the middle of the codes that the missing bits allow.
        """
        step = 1 << max(0, self.bit_depth - 8)
        code = (value * step + (step - 1) / 2) / (256 * step - 1)
        if not self.is_full_range:
            code = (code * 255 - 16) / 219
        return min(max(code, 0.0), 1.0)


def apply_conversion(image: Image.Image, conversion: Conversion, scale: CodeScale) -> Image.Image:
    """Returns the picture in sRGB, as RGB or RGBA. RGB and RGBA are converted in place."""
    if image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    width, height = image.size
    # In strips: as floating-point numbers a whole picture would take many times its memory.
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        box = (0, top, width, min(height, top + rows))
        strip = image.crop(box)
        channels = strip.split()
        converted = _convert(channels[:3], conversion, scale)
        image.paste(Image.merge(image.mode, (*converted, *channels[3:])), box)
    return image


def _convert(
    channels: tuple[Image.Image, ...], conversion: Conversion, scale: CodeScale
) -> list[Image.Image]:
    table = _light(conversion.transfer, scale)
    names = ("red", "green", "blue")
    light = {name: channel.point(table, "F") for name, channel in zip(names, channels, strict=True)}
    gain = None
    if conversion.is_high_range:
        gain = ImageMath.lambda_eval(partial(_gain, conversion), **light)
    converted = []
    for row in conversion.matrix:
        steps = ImageMath.lambda_eval(partial(_to_steps, row), **light, gain=gain or 1.0)
        converted.append(steps.point(_srgb_codes(), "L"))
    return converted


def _gain(conversion: Conversion, operands: dict[str, Any]) -> _Operand:
    """Returns the factor of light: the system gamma of HLG, and the roll-off."""
    maximum, minimum = operands["max"], operands["min"]
    factor = 1.0
    if conversion.transfer == HLG:
        factor = PEAK * _dot(HLG_LUMA, operands) ** (HLG_GAMMA - 1)
    if conversion.to_bt2020 is None:
        graded = [operands[name] for name in ("red", "green", "blue")]
    else:
        graded = [_dot(row, operands) for row in conversion.to_bt2020]
    brightest = maximum(maximum(graded[0], graded[1]), graded[2]) * factor
    return rolloff_gain(minimum(maximum(brightest, KNEE), PEAK)) * factor


def _to_steps(row: Vector, operands: dict[str, Any]) -> _Operand:
    """Returns a channel of the result, in steps of light."""
    light = _dot(row, operands) * operands["gain"]
    clipped = operands["min"](operands["max"](light, 0.0), 1.0)
    return operands["int"](clipped * (_STEPS - 1) + 0.5)


def _dot(row: Vector, operands: dict[str, Any]) -> _Operand:
    return operands["red"] * row[0] + operands["green"] * row[1] + operands["blue"] * row[2]


@lru_cache(maxsize=2)
def _light(transfer: int, scale: CodeScale) -> list[float]:
    """Returns light by value in memory."""
    curve = LIGHT_CURVES[transfer]
    return [curve(scale.to_code(value)) for value in range(256)]


@lru_cache(maxsize=1)
def _srgb_codes() -> list[int]:
    """Returns 8-bit codes by step of light."""
    return [round(255 * srgb_code(n / (_STEPS - 1))) for n in range(_STEPS)]
