"""Which videos can be encoded again, in which time ranges and size."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from shared.recipes.media_info import COUNTED_CONTAINERS, WEBP, MediaInfo

_RATE_RANGE = (Fraction(1), Fraction(240))
"""Frame rates outside this range are clamped."""


@dataclass(frozen=True)
class TimeRange:
    """The range `begin` ≤ time < `end`, in seconds from the first picture; None is unbounded."""

    begin: Fraction | None
    end: Fraction | None


def find_format_obstacle(media_info: MediaInfo) -> str | None:
    """Returns why a video cannot be encoded again, whatever its length; None if it can."""
    if media_info.container.split(",")[0] in COUNTED_CONTAINERS:
        return "this kind of file does not say when pictures appear"
    if media_info.container == WEBP:
        return "it cannot be made from an animated WebP"
    return None


def scaled_size(media_info: MediaInfo, max_long_side_px: int) -> tuple[int, int]:
    """Returns the displayed width and height in px, scaled down to this longer side."""
    width, height = media_info.video.display_size
    scaled_width = max(2, int(width * min(1.0, max_long_side_px / max(width, height))))
    scale = min(Fraction(1), Fraction(scaled_width, width))
    return round(width * scale), max(1, round(height * scale))


def film_size(media_info: MediaInfo, max_long_side_px: int) -> tuple[int, int]:
    """Returns the size of all pieces, from that of the first picture: even, as 4:2:0 needs."""
    width, height = scaled_size(media_info, max_long_side_px)
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def clamped_rate(media_info: MediaInfo) -> Fraction:
    """Returns the frame rate in frames per second, 30 if it is not known."""
    low, high = _RATE_RANGE
    return min(max(media_info.video.avg_rate or Fraction(30), low), high)
