"""The windows of a video in whose pictures captions are drawn, and which videos are refused."""

from __future__ import annotations

from math import ceil

from shared.media.reencoding.extent import clamped_rate, film_size, find_format_obstacle
from shared.recipes.captions.results import CaptionWindow
from shared.recipes.media_info import MediaInfo

MAX_LONG_SIDE_PX = 1920
"""Larger pictures are scaled down."""
MIN_SIZE_PX = (160, 90)
"""In smaller pictures the captions cannot be read, or are larger than the picture."""
MAX_WINDOWS = 120
_DECODED_PIXELS_PER_S = 150e6
_DRAWN_PIXELS_PER_S = 30e6
"""Throughput of decoding, and of converting, drawing and encoding on one vCPU, with a margin."""
_PICTURE_S = 0.001
"""The work of a picture of any size."""
_WINDOW_WORK_S = 100.0
"""The work of a window, in seconds of one vCPU; large enough that its start costs little ..."""
_MAX_WINDOW_WORK_S = 330.0
"""... and the most that a window may plan, so that it fits a timeout of 540 s with a margin."""


class CannotBurnCaptions(ValueError):
    """The captions cannot be drawn into the pictures of a video."""


def plan_caption_windows(media_info: MediaInfo) -> tuple[CaptionWindow, ...]:
    """Returns the windows, which together cover the video, each of about the same work.

    A file without random access gets one window, because every window would have to read it from
    the beginning.

    Raises:
        CannotBurnCaptions: With the reason.
    """
    obstacle = find_format_obstacle(media_info) or _find_size_obstacle(media_info)
    if obstacle is not None:
        raise CannotBurnCaptions(obstacle)
    if media_info.duration is None:
        raise CannotBurnCaptions("the file does not state how long it is")
    duration_s = float(media_info.duration)
    work_s = duration_s * _work_per_second(media_info)
    # At least a second each.
    most = max(1, min(MAX_WINDOWS, int(duration_s)))
    count = 1 if media_info.random_access == "none" else min(most, ceil(work_s / _WINDOW_WORK_S))
    if work_s / count > _MAX_WINDOW_WORK_S:
        minutes = duration_s * count * _MAX_WINDOW_WORK_S / work_s / 60
        raise CannotBurnCaptions(
            f"at its picture size and rate about {minutes:.0f} minutes can be done in one job, and "
            f"it has {duration_s / 60:.0f}"
        )
    borders = [round(duration_s * number / count) for number in range(count)]
    return tuple(
        CaptionWindow(begin_s, borders[number + 1] if number + 1 < count else None)
        for number, begin_s in enumerate(borders)
    )


def _find_size_obstacle(media_info: MediaInfo) -> str | None:
    width, height = film_size(media_info, MAX_LONG_SIDE_PX)
    least_width, least_height = MIN_SIZE_PX
    if width >= least_width and height >= least_height:
        return None
    return (
        f"its pictures are {width}×{height} pixels, and readable captions need at least "
        f"{least_width}×{least_height}"
    )


def _work_per_second(media_info: MediaInfo) -> float:
    """Returns the seconds of one vCPU for a second of the video."""
    width, height = film_size(media_info, MAX_LONG_SIDE_PX)
    decoded = media_info.video.width * media_info.video.height / _DECODED_PIXELS_PER_S
    picture_s = decoded + width * height / _DRAWN_PIXELS_PER_S + _PICTURE_S
    return float(clamped_rate(media_info)) * picture_s
