"""A face in a picture: where it is, how good it can be seen, and what it expresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Quality = Literal["ok", "too_small", "cut_off", "blurred"]

MIN_SCORED_PX = 20.0
"""Below this size of a face's longer side its expression is not scored at all ..."""
TOO_SMALL_PX = 32.0
"""... and below this one it is, but flagged: unreliable."""
CUT_OFF_MARGIN = 0.005
"""A box that comes nearer to the picture's edge than this share of its longer side shows a face
that is cut off: detectors end their boxes there, whatever part of the face lies beyond."""
MIN_SHARPNESS = 60.0
"""Variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) of the grey face at 64×64 pixels, a
fixed size that makes faces comparable. It measured 109 to 1700 in a group photograph of 1927, a
portrait and a video, and below 40 in the same faces blurred with σ = 2 of the 64 pixels."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the picture; it may reach over the picture's edge."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def longer_side(self) -> float:
        return max(self.width, self.height)

    def scale(self, factor: float) -> Box:
        """In the pixels of a picture that is larger by this factor."""
        return Box(*(one * factor for one in (self.x, self.y, self.width, self.height)))

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        if width <= 0:
            return 0.0
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        common = width * max(0.0, height)
        union = self.area + other.area - common
        return common / union if union > 0 else 0.0

    def margin(self, width: int, height: int) -> float:
        """How far it stays from the edges of a picture of width × height, negative beyond them."""
        right, below = width - self.x - self.width, height - self.y - self.height
        return min(self.x, self.y, right, below)


@dataclass(frozen=True, slots=True)
class Face:
    """One face in one frame. `score`: the detector's, 0 to 1.
    `probabilities`: in the classes' order, None when the face was too small to be scored."""

    box: Box
    score: float
    sharpness: float
    quality: Quality
    probabilities: tuple[float, ...] | None


def assess_quality(box: Box, width: int, height: int, sharpness: float) -> Quality:
    """The first thing that makes a face in a picture of width × height pixels unreliable."""
    if box.longer_side < TOO_SMALL_PX:
        return "too_small"
    if box.margin(width, height) < CUT_OFF_MARGIN * box.longer_side:
        return "cut_off"
    return "blurred" if sharpness < MIN_SHARPNESS else "ok"
