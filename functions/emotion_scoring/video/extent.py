"""Which videos can be annotated, and in which size."""

from __future__ import annotations

from fractions import Fraction

from shared.media.reencoding.extent import clamped_rate, find_format_obstacle
from shared.recipes.media_info import MediaInfo

MAX_LONG_SIDE_PX = 1280
"""Larger videos are downscaled: encoding time grows with the area, and a window has 9 minutes."""
PIXELS_PER_S = 30e6
"""Throughput of decoding, drawing and encoding on one vCPU, measured, with a margin."""
MAX_WORK_S = 400.0
"""Limit of a window's annotation time, so that annotation and scoring fit a timeout of 540 s."""


def find_obstacle(media_info: MediaInfo, max_range_s: Fraction | None) -> str | None:
    """Returns a message that states why a video cannot be annotated, or None if it can.

    Args:
        max_range_s: the video's longest range in seconds; None if its end is not known.
    """
    obstacle = find_format_obstacle(media_info)
    if obstacle is not None:
        return f"There is no annotated video: {obstacle}."
    width, height = media_info.video.display_size
    factor = min(1.0, MAX_LONG_SIDE_PX / max(width, height))
    pixels_per_s = width * height * factor * factor * float(clamped_rate(media_info))
    if max_range_s is None or float(max_range_s) * pixels_per_s / PIXELS_PER_S > MAX_WORK_S:
        return "There is no annotated video: this one is too long for it; choose a shorter one."
    return None


def long_side(media_info: MediaInfo) -> int:
    """Returns the longer side in px of the annotated pictures."""
    return min(MAX_LONG_SIDE_PX, max(media_info.video.display_size))
