"""The windows in which captions are drawn: bounded work, all of the video, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from shared.media.reencoding.caption_windows import (
    MAX_WINDOWS,
    CannotBurnCaptions,
    plan_caption_windows,
)
from shared.recipes.media_info import MediaInfo, VideoInfo

HOUR_S = 3600
VIDEO = VideoInfo(
    index=0, codec="h264", width=1920, height=1080, rotation=0, mirrored=False,
    sample_aspect=Fraction(1), pix_fmt="yuv420p", time_base=Fraction(1, 90_000),
    avg_rate=Fraction(30), rate_kind="constant", keyframe_interval_s=Fraction(2), open_gop=False,
    has_b_frames=True, first_pts=0,
)  # fmt: skip


def media_info(duration_s: float | None, *, file: Any = None, **video: Any) -> MediaInfo:
    duration = None if duration_s is None else Fraction(duration_s)
    info = MediaInfo("mov", 10**9, duration, replace(VIDEO, **video), ("aac",), 2, "index", True)
    return replace(info, **(file or {}))


@pytest.mark.parametrize("duration_s", [0.2, 1, 1.5, 59, HOUR_S, 4 * HOUR_S])
def test_windows_cover_the_video(duration_s: float) -> None:
    windows = plan_caption_windows(media_info(duration_s))
    assert 1 <= len(windows) <= MAX_WINDOWS
    assert windows[0].begin_s == 0
    assert windows[-1].end_s is None
    assert [window.end_s for window in windows[:-1]] == [row.begin_s for row in windows[1:]]
    assert all(row.end_s is None or row.begin_s < row.end_s for row in windows)


def test_work_of_a_window_does_not_grow_with_the_video() -> None:
    hour = plan_caption_windows(media_info(HOUR_S))
    two_hours = plan_caption_windows(media_info(2 * HOUR_S, width=960, height=540))
    assert len(hour) == 91
    assert len(two_hours) == 47


def test_file_that_is_read_from_its_beginning_has_one_window() -> None:
    assert len(plan_caption_windows(media_info(100, file={"random_access": "none"}))) == 1


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (media_info(5, file={"container": "avi"}), "does not say when pictures appear"),
        (media_info(5, file={"container": "webp"}), "an animated WebP"),
        (media_info(None), "does not state how long it is"),
        (media_info(5, width=64, height=64), "64×64 pixels, and readable captions need at least"),
        (media_info(5, width=320, height=80), "320×80 pixels"),
        (media_info(HOUR_S, file={"random_access": "none"}), "about 2 minutes can be done"),
        (media_info(5 * HOUR_S, avg_rate=Fraction(60)), "and it has 300"),
    ],
)
def test_video_that_cannot_have_burned_in_captions_is_refused(info: MediaInfo, reason: str) -> None:
    with pytest.raises(CannotBurnCaptions, match=reason):
        plan_caption_windows(info)
