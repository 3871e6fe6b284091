"""What is seen in a passage, picture by picture: slides, how they move and give way, and what is
written on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from functions.stitching.film.encoding import Planes, TimedFrames, planes_to_frame
from functions.stitching.film.motion import CYCLE_SAMPLES, PanZoom, choose_focus
from functions.stitching.film.segments import FADE_FRAMES, FADE_SAMPLES, Segment
from functions.stitching.film.timeline import FRAME_SAMPLES, Timeline
from functions.stitching.subtitles.burn import SubtitleBurner

LoadPicture = Callable[[int], Planes]
"""A slide's picture by its number, in the film's size."""


class FrameRenderer:
    """The pictures of one film. `names` are the slides' own: two slides of one name look alike."""

    def __init__(
        self,
        timeline: Timeline,
        slide_names: Sequence[str],
        load_picture: LoadPicture,
        size: tuple[int, int],
        language: str,
    ) -> None:
        self._film = timeline
        self._names = slide_names
        self._size = size
        self._language = language
        self._burner = SubtitleBurner(size, language)
        # A fade shows two at once.
        self._picture_of = lru_cache(maxsize=2)(load_picture)
        self._move_of = lru_cache(maxsize=2)(self._moved)

    def content(self, segment: Segment) -> list[Any]:
        """All that the passage looks like, JSON-able: equal for what looks alike."""
        return [
            self._names[segment.scene],
            segment.length,
            segment.offset % CYCLE_SAMPLES if segment.has_motion else None,
            self._before(segment) if segment.has_fade else None,
            segment.is_last,
            [[one.start, one.end, *one.lines] for one in segment.burned_lines],
            self._language if segment.burned_lines else None,
        ]

    def render(self, segment: Segment) -> TimedFrames:
        """Its pictures in order. A picture that stays is the same object."""
        before: tuple[Any, ...] = ()
        frame = None
        for at in segment.frame_times:
            fading = segment.has_fade and at < FADE_SAMPLES
            state = (at if segment.has_motion or fading else None, segment.lines_at(at))
            if frame is None or state != before:
                frame, before = planes_to_frame(self._seen(segment, at)), state
            yield at, frame

    def _seen(self, passage: Segment, at: int) -> Planes:
        picture = self._slide(passage.scene, passage.offset + at, passage.has_motion)
        if passage.has_fade and at < FADE_SAMPLES:
            number = passage.scene - 1
            gone = self._slide(number, self._length(number) + at, passage.has_motion)
            picture = _mixed(gone, picture, (at // FRAME_SAMPLES + 1) / (FADE_FRAMES + 1))
        lines = passage.lines_at(at)
        return self._burner.overlay(lines).apply_to(picture) if lines else picture

    def _slide(self, number: int, at: int, moves: bool) -> Planes:
        return self._move_of(number).render_at(at) if moves else self._picture_of(number)

    def _moved(self, number: int) -> PanZoom:
        return PanZoom(self._picture_of(number), self._size, choose_focus(self._names[number]))

    def _before(self, passage: Segment) -> list[Any]:
        number = passage.scene - 1
        gone = self._length(number) % CYCLE_SAMPLES if passage.has_motion else None
        return [self._names[number], gone]

    def _length(self, number: int) -> int:
        scene = self._film.scenes[number]
        return scene.end - scene.start


def _mixed(before: Planes, after: Planes, share: float) -> Planes:
    """`share` of the second picture over the first, in video values."""
    weight = round(share * 256)
    mixed = before + ((after.astype(np.int32) - before) * weight >> 8)
    return mixed.astype(np.uint8)
