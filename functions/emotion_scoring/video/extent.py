"""Which videos can be annotated, in which time ranges and size."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from shared.recipes.media_info import COUNTED_CONTAINERS, WEBP, MediaInfo

MAX_LONG_SIDE_PX = 1280
"""Larger videos are downscaled: encoding time grows with the area, and a window has 9 minutes."""
PIXELS_PER_S = 30e6
"""Throughput of decoding, drawing and encoding on one vCPU, measured, with a margin."""
MAX_WORK_S = 400.0
"""Limit of a window's annotation time, so that annotation and scoring fit a timeout of 540 s."""
_RATE_RANGE = (Fraction(1), Fraction(240))
"""Frame rates outside this range are clamped."""


@dataclass(frozen=True)
class TimeRange:
    """The range `begin` ≤ time < `end`, in seconds from the first picture; None is unbounded."""

    begin: Fraction | None
    end: Fraction | None


def find_obstacle(media_info: MediaInfo, max_range_s: Fraction | None) -> str | None:
    """Returns a message that states why a video cannot be annotated, or None if it can.

    Args:
        max_range_s: the video's longest range in seconds; None if its end is not known.
    """
    if media_info.container.split(",")[0] in COUNTED_CONTAINERS:
        return "There is no annotated video: this kind of file does not say when pictures appear."
    if media_info.container == WEBP:
        return "There is no annotated video: it cannot be made from an animated WebP."
    width, height = media_info.video.display_size
    factor = min(1.0, MAX_LONG_SIDE_PX / max(width, height))
    pixels_per_s = width * height * factor * factor * float(clamped_rate(media_info))
    if max_range_s is None or float(max_range_s) * pixels_per_s / PIXELS_PER_S > MAX_WORK_S:
        return "There is no annotated video: this one is too long for it; choose a shorter one."
    return None


def long_side(media_info: MediaInfo) -> int:
    """Returns the longer side in px of the annotated pictures."""
    return min(MAX_LONG_SIDE_PX, max(media_info.video.display_size))


def clamped_rate(media_info: MediaInfo) -> Fraction:
    """Returns the frame rate in frames per second, 30 if it is not known."""
    low, high = _RATE_RANGE
    return min(max(media_info.video.avg_rate or Fraction(30), low), high)
