"""How a coded picture of a video is shown: which part of it, and with which shape of its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple


class Crop(NamedTuple):
    """The rows and columns of a coded picture that are not shown, in pixels."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def apply(self, width: int, height: int) -> tuple[int, int]:
        """Returns the size of the part that is shown: all of a picture that it does not fit."""
        if not self.fits(width, height):
            return width, height
        return width - self.left - self.right, height - self.top - self.bottom

    def fits(self, width: int, height: int) -> bool:
        """Whether a part of a picture of this size remains."""
        return self.left + self.right < width and self.top + self.bottom < height


NO_CROP = Crop()


@dataclass(frozen=True)
class PictureShape:
    """How a coded picture is shown: `crop` comes before `sample_aspect`, and both before the
    rotation."""

    sample_aspect: Fraction
    crop: Crop

    def shown_size(self, width: int, height: int) -> tuple[int, int]:
        """Returns the size with square pixels of a picture of this coded size, not rotated."""
        return to_square_pixels(*self.crop.apply(width, height), self.sample_aspect)


def to_square_pixels(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Returns the size with square pixels: the shorter side is stretched, nothing is cropped."""
    if aspect > 1:
        return max(1, round(width * aspect)), height
    return width, max(1, round(height / aspect))
