"""Draws captions into the pictures of a window of a video, in a sandbox process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np
from av.video.frame import VideoFrame

from functions.stitching.captions.changes import PROGRESS_STEPS, CaptionTimes
from functions.stitching.film.encoding import planes_to_frame
from functions.stitching.subtitles.overlay import DrawnText
from shared.media.reencoding.caption_windows import MAX_LONG_SIDE_PX
from shared.media.reencoding.extent import TimeRange, film_size
from shared.media.reencoding.piece import encode_piece, read_upright, to_frame
from shared.media.sandbox.child import SandboxIO
from shared.recipes.captions.results import CaptionWindow
from shared.recipes.media_info import MediaInfo
from shared.subtitles.cues import Cue


def burn_in_sandbox(
    sandbox_io: SandboxIO,
    media_info: MediaInfo,
    window: CaptionWindow,
    cues: Sequence[Cue],
    texts: Mapping[tuple[str, ...], DrawnText],
) -> bytes:
    """Writes a window as a piece; returns the number of pictures in decimal digits.

    Args:
        cues: The captions that are shown in the window, or beyond its end.
        texts: The drawn captions, by their lines.

    Raises:
        MoodreelError: Reading the file failed.
    """
    size = film_size(media_info, MAX_LONG_SIDE_PX)
    end = None if window.end_s is None else Fraction(window.end_s)
    # Without an end: the next picture tells how long the last one is shown.
    time_range = TimeRange(Fraction(window.begin_s) if window.begin_s else None, None)
    pictures = read_upright(sandbox_io.file, media_info, time_range, MAX_LONG_SIDE_PX)
    times = CaptionTimes(cues)
    find_overlay = lru_cache(maxsize=2)(lambda lines: texts[lines].to_overlay())
    duration = media_info.duration or Fraction(0)
    length = (duration if end is None else end) - window.begin_s

    def draw() -> Iterator[tuple[Fraction, VideoFrame]]:
        reported = 0
        for time, image in times.repeat_pictures(pictures, end, duration):
            frame, lines = to_frame(image, size), times.lines_at(time)
            if lines:
                planes = np.asarray(frame.to_ndarray(), np.uint8)
                frame = planes_to_frame(find_overlay(lines).apply_to(planes))
            yield time, frame
            done = int((time - window.begin_s) / length * PROGRESS_STEPS) if length > 0 else 0
            if done > reported:
                reported = done
                sandbox_io.report_progress(min(done, PROGRESS_STEPS))

    return str(encode_piece(draw(), media_info, size, sandbox_io)).encode()
