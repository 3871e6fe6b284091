"""A face in a picture: its box, its quality flag and its emotion probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Quality = Literal["ok", "too_small", "turned", "cut_off", "blurred"]

MIN_SCORED_PX = 20.0
"""A face whose longer side is below this size is not scored."""
TOO_SMALL_PX = 32.0
"""A face whose longer side is below this size is scored, but flagged as unreliable."""
CUT_OFF_MARGIN = 0.005
"""A face counts as cut off if its box is nearer to the picture's edge than this share of its longer
side. Detectors end their boxes at the edge, even if a part of the face lies beyond it."""
MIN_SHARPNESS = 60.0
"""Minimum variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) of the grey face at 64×64
pixels; the fixed size makes faces comparable. Measured values are 109 to 1700 in a group photograph
of 1927, a portrait and a video, and below 40 in the same faces blurred with σ = 2 pixels of the
64."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the picture. It may extend beyond the picture's edge."""

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
        """Returns the box in the pixels of a picture that is larger by this factor."""
        return Box(*(value * factor for value in (self.x, self.y, self.width, self.height)))

    def iou(self, other: Box) -> float:
        """Returns the intersection over union with another box, 0 to 1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        if width <= 0:
            return 0.0
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        common = width * max(0.0, height)
        union = self.area + other.area - common
        return common / union if union > 0 else 0.0

    def margin(self, width: int, height: int) -> float:
        """Returns the distance to the nearest edge of a picture; negative beyond the edge."""
        right, below = width - self.x - self.width, height - self.y - self.height
        return min(self.x, self.y, right, below)


@dataclass(frozen=True, slots=True)
class Face:
    """One face in one frame.

    Attributes:
        score: The detector's score, 0 to 1.
        probabilities: In the order of the classes; None if the face is too small to be scored, or
            its roll is not known.
        roll: The angle by which the face is turned clockwise in the picture, in degrees from -179
            to 180. 0 within 30° of upright; None if it cannot be determined.
    """

    box: Box
    score: float
    sharpness: float
    quality: Quality
    probabilities: tuple[float, ...] | None
    roll: int | None = 0


def assess_quality(
    box: Box, width: int, height: int, sharpness: float, roll: int | None = 0
) -> Quality:
    """Returns the first flag that applies to a face in a picture of width × height pixels."""
    if box.longer_side < TOO_SMALL_PX:
        return "too_small"
    if roll is None:
        return "turned"
    if box.margin(width, height) < CUT_OFF_MARGIN * box.longer_side:
        return "cut_off"
    return "blurred" if sharpness < MIN_SHARPNESS else "ok"
