"""The frames of a segment: slides with moving pictures, clips, fades and burned-in subtitles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from functions.stitching.film.encoding import Planes, TimedFrames, planes_to_frame
from functions.stitching.film.motion import CYCLE_SAMPLES, Box, MovingBox, choose_focus
from functions.stitching.film.segments import FADE_FRAMES, FADE_SAMPLES, Segment
from functions.stitching.film.timeline import FRAME_SAMPLES, Timeline
from functions.stitching.footage.clips import Clips
from functions.stitching.footage.frames import read_clip_pictures
from functions.stitching.subtitles.burn import SubtitleBurner

LoadPicture = Callable[[int], Planes]
"""Returns the picture of a slide by its number, in the size of the film."""


class FrameRenderer:
    """Renders the frames of one film. Slides with the same name in `slide_names` look the same.
    `boxes` are the boxes of their moving pictures, by the number of the slide."""

    def __init__(
        self,
        timeline: Timeline,
        slide_names: Sequence[str],
        load_picture: LoadPicture,
        size: tuple[int, int],
        language: str,
        boxes: Mapping[int, Box] = MappingProxyType({}),
        clips: Clips | None = None,
    ) -> None:
        self._timeline = timeline
        self._clips = clips
        self._names = slide_names
        self._boxes = boxes
        self._language = language
        self._burner = SubtitleBurner(size, language)
        # A fade shows two slides at a time.
        self._load_picture = lru_cache(maxsize=2)(load_picture)
        self._get_motion = lru_cache(maxsize=2)(self._create_motion)

    def content(self, segment: Segment) -> list[Any]:
        """Returns the visible content of a segment as JSON values; equal content looks the same."""
        return [
            self._picture(segment.scene, segment.offset),
            segment.length,
            self._fade_source(segment) if segment.has_fade else None,
            segment.is_last,
            [[burned.start, burned.end, *burned.lines] for burned in segment.burned_lines],
            self._language if segment.burned_lines else None,
            *self._clip_content(segment),
        ]

    def render(self, segment: Segment) -> TimedFrames:
        """Yields the frames of a segment in order. An unchanged picture is the same object."""
        if self._clips is not None and segment.scene in self._clips and not segment.offset:
            yield from self._render_clips(self._clips, segment)
            return
        previous: tuple[Any, ...] = ()
        frame = None
        for at in segment.frame_times:
            fading = segment.has_fade and at < FADE_SAMPLES
            state = (at if segment.has_motion or fading else None, segment.lines_at(at))
            if frame is None or state != previous:
                frame, previous = planes_to_frame(self._render_at(segment, at)), state
            yield at, frame

    def _render_clips(self, clips: Clips, segment: Segment) -> TimedFrames:
        pictures = read_clip_pictures(
            clips, segment, lambda: self._load_picture(segment.scene), _blend
        )
        for at, picture in pictures:
            yield at, planes_to_frame(self._finish(segment, at, picture))

    def _render_at(self, segment: Segment, at: int) -> Planes:
        picture = self._render_slide(segment.scene, segment.offset + at)
        return self._finish(segment, at, picture)

    def _finish(self, segment: Segment, at: int, picture: Planes) -> Planes:
        """Returns the picture with the fade and the subtitles of this time."""
        if segment.has_fade and at < FADE_SAMPLES:
            source = self._render_end(segment.scene - 1, at)
            picture = _blend(source, picture, (at // FRAME_SAMPLES + 1) / (FADE_FRAMES + 1))
        lines = segment.lines_at(at)
        return self._burner.overlay(lines).apply_to(picture) if lines else picture

    def _render_end(self, number: int, at: int) -> Planes:
        """Returns the picture of a scene at a sample after its end."""
        if self._clips is not None and self._ends_with_clip(number):
            picture = self._clips.read_last(number)
            if picture is not None:
                return picture
        return self._render_slide(number, self._length(number) + at)

    def _ends_with_clip(self, number: int) -> bool:
        clips = self._clips
        return (
            clips is not None and number in clips and clips.length(number) >= self._length(number)
        )

    def _clip_content(self, segment: Segment) -> list[Any]:
        """Returns the clips that a segment shows or fades from."""
        if self._clips is None:
            return []
        scenes = [segment.scene] if not segment.offset else []
        scenes += [segment.scene - 1] if segment.has_fade else []
        return [self._clips.content(scene) for scene in scenes if scene in self._clips]

    def _render_slide(self, number: int, at: int) -> Planes:
        if number in self._boxes and (self._clips is None or number not in self._clips):
            return self._get_motion(number).render_at(at)
        return self._load_picture(number)

    def _create_motion(self, number: int) -> MovingBox:
        focus = choose_focus(self._names[number])
        return MovingBox(self._load_picture(number), self._boxes[number], focus)

    def _picture(self, number: int, at: int) -> list[Any]:
        """Returns the slide and, if its picture moves, the box and the position of the motion."""
        box = self._boxes.get(number)
        return [self._names[number], None if box is None else [*box, at % CYCLE_SAMPLES]]

    def _fade_source(self, segment: Segment) -> list[Any]:
        number = segment.scene - 1
        return self._picture(number, self._length(number))

    def _length(self, number: int) -> int:
        scene = self._timeline.scenes[number]
        return scene.end - scene.start


def _blend(first: Planes, second: Planes, share: float) -> Planes:
    """Blends two pictures in video values, with `share` of the second one."""
    weight = round(share * 256)
    blended = first + ((second.astype(np.int32) - first) * weight >> 8)
    return blended.astype(np.uint8)
