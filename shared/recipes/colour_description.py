"""What a file says about the colours of its pictures, as code points of ITU-T H.273."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNSPECIFIED = 2
_RESERVED = (0, 3)
BT2020 = 9
"""Primaries, and the matrix with non-constant luminance."""
_BT2020_MATRICES = (BT2020, 10)
_BT2020_TRANSFERS = (14, 15)
PQ, HLG = 16, 18
"""Transfer characteristics of ITU-R BT.2100."""
_SDR_TRANSFERS = (1, 6, 14, 15)


@dataclass(frozen=True)
class ColourDescription:
    """Code points of ITU-T H.273 §8.

    Attributes:
        primaries: Colour primaries, 2 if not stated.
        transfer: Transfer characteristics, 2 if not stated.
        matrix: Matrix coefficients, 2 if not stated.
        range: FFmpeg's number: 0 if not stated, 1 for limited and 2 for full range.
    """

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    range: int = 0

    def or_else(self, other: ColourDescription) -> ColourDescription:
        """Returns this description, with the values of `other` where nothing is stated."""
        return ColourDescription(
            self.primaries if is_stated(self.primaries) else other.primaries,
            self.transfer if is_stated(self.transfer) else other.transfer,
            other.matrix if self.matrix == UNSPECIFIED else self.matrix,
            self.range or other.range,
        )

    def without(self, other: ColourDescription) -> ColourDescription:
        """Returns what this description states and `other` does not, or states differently."""
        return ColourDescription(
            UNSPECIFIED if self.primaries == other.primaries else self.primaries,
            UNSPECIFIED if self.transfer == other.transfer else self.transfer,
            UNSPECIFIED if self.matrix == other.matrix else self.matrix,
            0 if self.range == other.range else self.range,
        )

    def with_inferred(self) -> ColourDescription:
        """Returns the description with the primaries and the matrix that follow from the others.

        The primaries, the matrix and the transfer of BT.2020 belong together (ITU-R BT.2020), and
        PQ and HLG are defined for it (ITU-R BT.2100).
        """
        is_bt2020 = (
            self.transfer in (PQ, HLG, *_BT2020_TRANSFERS) or self.matrix in _BT2020_MATRICES
        )
        primaries = self.primaries
        if not is_stated(primaries) and is_bt2020:
            primaries = BT2020
        matrix = self.matrix
        if matrix == UNSPECIFIED and (primaries == BT2020 or self.transfer in (PQ, HLG)):
            matrix = BT2020
        return ColourDescription(primaries, self.transfer, matrix, self.range)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ColourDescription:
        return cls(**{name: int(data[name]) for name in cls.__dataclass_fields__})


NOTHING_STATED = ColourDescription()


def is_stated(code: int) -> bool:
    """Returns whether primaries or transfer characteristics have a meaning."""
    return code != UNSPECIFIED and code not in _RESERVED


def overrides(stated: ColourDescription, coded: ColourDescription) -> ColourDescription:
    """Returns the values of a container that replace those in the coded pictures.

    ISO/IEC 14496-12 §12.1.5: the container takes precedence. An exception is HLG, if the container
    states a transfer of standard range: a message in the stream then announces HLG to those who
    know it (ITU-T H.265 §E.3, alternative transfer characteristics).
    """
    result = stated.without(coded)
    if coded.transfer == HLG and stated.transfer in _SDR_TRANSFERS:
        return ColourDescription(result.primaries, UNSPECIFIED, result.matrix, result.range)
    return result
