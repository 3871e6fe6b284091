"""The frames of a segment that begins with clips of a video."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from functions.stitching.film.encoding import Planes
from functions.stitching.film.segments import (
    FADE_FRAMES,
    FADE_SAMPLES,
    LAST_FRAME_SAMPLES,
    REPEAT_SAMPLES,
    Segment,
)
from functions.stitching.film.timeline import FRAME_SAMPLES
from functions.stitching.footage.clips import Clips

TimedPictures = Iterator[tuple[int, Planes]]
"""Pictures with the sample of their segment from which each is shown."""


def read_clip_pictures(
    clips: Clips,
    segment: Segment,
    load_slide: Callable[[], Planes],
    blend: Callable[[Planes, Planes, float], Planes],
) -> TimedPictures:
    """Yields the pictures of the segment at the times of the video: the clips, and then the slide
    if the segment is longer. Where something else changes the last picture is repeated."""
    end = segment.length - (LAST_FRAME_SAMPLES if segment.is_last else 0)
    changes = sorted(
        {time for burned in segment.burned_lines for time in (burned.start, burned.end)}
    )
    last: tuple[int, Planes] | None = None
    for at, picture in _read_all(clips, segment, load_slide, blend):
        # A picture that is shown for a moment only is left out.
        if at > end - FRAME_SAMPLES // 4:
            break
        if last is not None:
            yield from _repeat(*last, changes, at)
        yield at, picture
        last = at, picture
    if last is None:
        last = 0, load_slide()
        yield last
    yield from _repeat(*last, changes, end)
    if segment.is_last:
        yield end, last[1]


def _read_all(
    clips: Clips,
    segment: Segment,
    load_slide: Callable[[], Planes],
    blend: Callable[[Planes, Planes, float], Planes],
) -> TimedPictures:
    last: Planes | None = None
    for at, picture in clips.read(segment.scene):
        last = picture
        yield at, picture
    begin = clips.length(segment.scene)
    if begin >= segment.length:
        return
    slide = load_slide()
    if last is not None:
        for n in range(FADE_FRAMES):
            yield begin + n * FRAME_SAMPLES, blend(last, slide, (n + 1) / (FADE_FRAMES + 1))
    yield begin + FADE_SAMPLES, slide


def _repeat(shown_at: int, picture: Planes, changes: list[int], until: int) -> TimedPictures:
    """Yields the picture again at the changes before `until`, and at intervals in between."""
    stops = [at for at in changes if shown_at < at < until]
    for stop in (*stops, until):
        for at in range(shown_at + REPEAT_SAMPLES, stop, REPEAT_SAMPLES):
            yield at, picture
        if stop < until:
            yield stop, picture
            shown_at = stop
