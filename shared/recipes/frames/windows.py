"""Times in a video: targets, windows and names of frames.

t = 0 is the presentation time of the first picture. The frame of target t is the one shown at t:
it has the largest presentation time ≤ t. Targets run while t is before the end of the last frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from shared.recipes.frames.options import FrameOptions
from shared.recipes.media_info import ESTIMATED_CONTAINERS, MediaInfo, VideoInfo
from shared.recipes.pts import format_time

# GCS compose joins 32 components: 31 packs and one directory.
MAX_WINDOWS = 31
# One vCPU of 2.5 GHz, measured on 1080p H.264: decoding, and encoding a picture as JPEG.
DECODE_PIXELS_PER_S = 150e6
ENCODE_PIXELS_PER_S = 150e6
# The work of a window; large enough that the start of an instance (1–2 s) costs little ...
WINDOW_WORK_S = 40.0
# ... and the most that a window may plan, so that it fits a 540 s function with a margin.
MAX_WINDOW_WORK_S = 330.0
_HOUR = Fraction(3600)


@dataclass(frozen=True)
class Window:
    """Targets k in [k_start, k_end). `k_end` None is the end of the stream: the last window.

    An open-ended window fails at `k_limit`, so that a file with a false duration cannot run
    indefinitely.
    """

    index: int
    k_start: int
    k_end: int | None
    k_limit: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "k_start": self.k_start,
            "k_end": self.k_end,
            "k_limit": self.k_limit,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Window:
        return cls(data["index"], data["k_start"], data["k_end"], data["k_limit"])


@dataclass(frozen=True)
class FrameNaming:
    """Names of one job's frames: the number sorts them, the time describes them.

    All names of a job have the same width.
    """

    extension: str
    with_hours: bool

    @classmethod
    def for_job(cls, media_info: MediaInfo, options: FrameOptions) -> FrameNaming:
        """Names include hours when the video is known to be an hour or longer."""
        long = media_info.duration is not None and media_info.duration >= _HOUR
        return cls("png" if options.format == "png" else "jpg", long)

    def name(self, k: int, target: Fraction) -> str:
        """Returns `frame_000012_00m11.000s.jpg` for k = 11: numbers count from 1."""
        return (
            f"frame_{k + 1:06d}_{format_time(target, with_hours=self.with_hours)}.{self.extension}"
        )


def plan_windows(
    media_info: MediaInfo,
    options: FrameOptions,
    *,
    max_windows: int = MAX_WINDOWS,
    max_frames: int = 20_000,
    window_work_s: float = WINDOW_WORK_S,
) -> list[Window]:
    """Divides the targets into 1 to `max_windows` windows of about equal work, the last one open.

    A file without random access gets one window, because every window would have to read it from
    the beginning.

    Args:
        media_info: The file.
        options: The requested frames.
        max_windows: At most this many windows.
        max_frames: At most this many frames.
        window_work_s: The work of a window, in seconds of one vCPU.

    Raises:
        ValueError: With a message, when there are more than `max_frames` frames, when `start` is
            after the end, or when the video is more work than the windows can hold.
    """
    span = _target_span(media_info, options)
    if span is None:
        end_k = (
            None if options.end is None else _count_targets(options.end - options.start, options)
        )
        _check_count(end_k or 0, max_frames, options)
        return [Window(0, 0, end_k, max_frames)]
    if span <= 0:
        raise ValueError(
            f"start is {options.start} s, but the video ends after "
            f"{float(media_info.duration or 0):.3f} s."
        )
    count = _count_targets(span, options)
    _check_count(count, max_frames, options)
    work_s = _work_s(media_info.video, options, span, count)
    windows = min(max_windows, count, max(1, ceil(work_s / window_work_s)))
    if media_info.random_access == "none":
        windows = 1
    if work_s / windows > MAX_WINDOW_WORK_S:
        hours = float(span) * windows * MAX_WINDOW_WORK_S / work_s / 3600
        raise ValueError(
            f"At this picture size and interval about {hours:.1f} hours can be done in one job; "
            "choose a part with start and end, or a longer interval."
        )
    starts = [count * n // windows for n in range(windows)]
    last = None if options.end is None else _count_targets(options.end - options.start, options)
    return [
        Window(n, start, starts[n + 1] if n + 1 < windows else last, max_frames)
        for n, start in enumerate(starts)
    ]


def _target_span(media_info: MediaInfo, options: FrameOptions) -> Fraction | None:
    """Returns the seconds that contain targets, or None when they are not known."""
    if media_info.duration is None:
        return None
    end = media_info.duration if options.end is None else min(options.end, media_info.duration)
    if end <= options.start and media_info.container in ESTIMATED_CONTAINERS:
        return None
    return end - options.start


def _count_targets(span: Fraction, options: FrameOptions) -> int:
    return ceil(span / options.every)


def _check_count(count: int, max_frames: int, options: FrameOptions) -> None:
    if count <= max_frames:
        return
    interval_s = ceil(options.every * count / max_frames * 100) / 100
    raise ValueError(
        f"That would be {count} frames; the limit is {max_frames}. "
        f"Every {interval_s:g} s would fit, or a part of the video with start and end."
    )


def _work_s(video: VideoInfo, options: FrameOptions, span: Fraction, count: int) -> float:
    """Returns an estimate in seconds of one vCPU; an error costs balance, never a frame."""
    pixels = video.width * video.height
    rate = float(min(max(video.avg_rate or Fraction(30), Fraction(1)), Fraction(240)))
    gop_s = float(video.keyframe_interval_s or 10)
    # Up to one GOP is decoded for a target; with shorter intervals GOPs are shared.
    decoded_s = min(float(span), count * min(gop_s, float(options.every) + gop_s))
    return pixels * (decoded_s * rate / DECODE_PIXELS_PER_S + count / ENCODE_PIXELS_PER_S)
