"""How one slide gives way to the next: which picture is shown when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from av.video.frame import VideoFrame

from functions.stitching.film import LAST, REPEAT
from functions.stitching.timeline import RATE_HZ, Timeline
from shared.domain.film_options import Transition

FADE_FRAMES = 12
"""At 30 a second: 0.4 s, in which nothing is spoken yet."""
_STEP = RATE_HZ // 30


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture that is shown from sample `at` on. `key`: a seek may land here."""

    at: int
    frame: VideoFrame
    key: bool = False


def shots(
    film: Timeline, frame_of: Callable[[int], VideoFrame], transition: Transition
) -> Iterator[Shot]:
    """All shots in order: each slide's first, its repeats, and one at the very end. `frame_of`
    is asked for each slide once."""
    before: VideoFrame | None = None
    last = film.end - LAST
    for number, scene in enumerate(film.scenes):
        frame = frame_of(number)
        at = scene.start
        if before is not None and transition == "fade":
            for step in range(FADE_FRAMES):
                yield Shot(at, _mixed(before, frame, (step + 1) / (FADE_FRAMES + 1)), step == 0)
                at += _STEP
            yield Shot(at, frame)
        else:
            yield Shot(at, frame, key=True)
        yield from repeats(frame, at + REPEAT, min(scene.end, last))
        before = frame
    if before is not None:
        yield Shot(last, before)


def repeats(frame: VideoFrame, start: int, end: int) -> Iterator[Shot]:
    """The same picture again from `start` on, before `end`."""
    for at in range(start, end, REPEAT):
        yield Shot(at, frame)


def _mixed(before: VideoFrame, after: VideoFrame, share: float) -> VideoFrame:
    """`share` of the second picture over the first, in video values."""
    old = before.to_ndarray().astype(np.int16)
    new = after.to_ndarray()
    weight = round(share * 256)
    mixed = old + ((new.astype(np.int32) - old) * weight >> 8).astype(np.int16)
    return VideoFrame.from_ndarray(mixed.astype(np.uint8), format="yuv420p")
