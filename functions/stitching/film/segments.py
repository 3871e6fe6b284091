"""The segments of a film, which are encoded separately, and the times of their frames. Pure.

A segment begins with a frame to which a player can seek, and depends on no other segment. A scene
is one segment, or several if it is long. Times are samples of 48 kHz.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from functions.stitching.film.motion import CYCLE_SAMPLES, MOTION_SAMPLES
from functions.stitching.film.timeline import FRAME_SAMPLES, RATE_HZ, Scene, Timeline
from shared.recipes.films.options import FilmOptions
from shared.subtitles.cues import Cue

REPEAT_SAMPLES = 2 * RATE_HZ
"""Interval at which an unchanged picture is repeated, for seeking and against player stalls."""
LAST_FRAME_SAMPLES = FRAME_SAMPLES
"""Time from the last frame to the end, so that the video ends with the sound."""
MAX_SEGMENT_SAMPLES = 60 * RATE_HZ
"""A player that seeks decodes from the beginning of a segment: at most this much."""
_MIN_SEGMENT_SAMPLES = RATE_HZ
FADE_FRAMES = 12
"""At 30 per second: 0.4 s, about the pause before the first word."""
FADE_SAMPLES = FADE_FRAMES * FRAME_SAMPLES


@dataclass(frozen=True, slots=True)
class BurnedLines:
    """Lines that are burned in from sample `start` of their segment to `end` (exclusive)."""

    start: int
    end: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment.

    Attributes:
        scene: Number of its scene, from 0.
        start: Its first sample in the film.
        length: Its length in samples.
        offset: Its first sample in its scene.
        burned_lines: Subtitles in its pictures.
        has_motion: Whether the picture moves.
        has_fade: Whether it fades in from the previous scene.
        is_last: Whether it ends with the film.
    """

    scene: int
    start: int
    length: int
    offset: int
    burned_lines: tuple[BurnedLines, ...]
    has_motion: bool
    has_fade: bool
    is_last: bool

    @property
    def frame_times(self) -> list[int]:
        """The times of its frames: where the picture changes, and at intervals in between."""
        end = self.length - LAST_FRAME_SAMPLES if self.is_last else self.length
        changes = {
            0,
            *(burned.start for burned in self.burned_lines),
            *(burned.end for burned in self.burned_lines),
        }
        if self.has_fade:
            changes |= set(range(0, FADE_SAMPLES + 1, FRAME_SAMPLES))
        if self.is_last:
            changes.add(end)
        fixed = sorted(time for time in changes if time < end or (self.is_last and time == end))
        interval = MOTION_SAMPLES if self.has_motion else REPEAT_SAMPLES
        # A repetition less than half a frame before a change is omitted.
        repeats = (
            range(before + interval, after - FRAME_SAMPLES // 2 + 1, interval)
            for before, after in pairwise((*fixed, end))
        )
        return sorted({*fixed, *chain.from_iterable(repeats)})

    def lines_at(self, at: int) -> tuple[str, ...]:
        """Returns the burned-in lines at a sample of the segment."""
        lines = (burned.lines for burned in self.burned_lines if burned.start <= at < burned.end)
        return next(lines, ())


def plan_segments(
    timeline: Timeline,
    cues: Sequence[Cue],
    options: FilmOptions,
    moving: Collection[int] = (),
    clips: Container[int] = frozenset(),
) -> tuple[Segment, ...]:
    """Returns the segments of a film in order, without gaps.

    Args:
        moving: The scenes with a picture that moves.
        clips: The scenes that begin with clips of a video. They always fade from and to their
            neighbours.
    """
    lines = cues if options.subtitles == "burned" else ()
    segments = []
    for number, scene in enumerate(timeline.scenes):
        has_motion = number in moving
        fades = options.transition == "fade" or number in clips or number - 1 in clips
        spoken = [cue for cue in lines if scene.start <= _sample(cue.start_ms) < scene.end]
        for offset, length in _split(
            scene.end - scene.start, CYCLE_SAMPLES if has_motion else MAX_SEGMENT_SAMPLES
        ):
            segments.append(
                Segment(
                    scene=number,
                    start=scene.start + offset,
                    length=length,
                    offset=offset,
                    burned_lines=_clip_lines(spoken, scene, offset, length),
                    has_motion=has_motion,
                    has_fade=fades and number > 0 and offset == 0,
                    is_last=scene.start + offset + length == timeline.end,
                )
            )
    return tuple(segments)


def _split(length: int, max_length: int) -> list[tuple[int, int]]:
    """Returns (offset, length) of segments of `max_length`; a short rest is added to the last."""
    offsets = list(range(0, length, max_length))
    if len(offsets) > 1 and length - offsets[-1] < _MIN_SEGMENT_SAMPLES:
        offsets.pop()
    ends = [*offsets[1:], length]
    return [(start, end - start) for start, end in zip(offsets, ends, strict=True)]


def _clip_lines(
    cues: Sequence[Cue], scene: Scene, offset: int, length: int
) -> tuple[BurnedLines, ...]:
    """Returns the lines of a segment, clipped to it: no line outlasts its slide."""
    begin = scene.start + offset
    burned = []
    for cue in cues:
        start = max(0, _sample(cue.start_ms) - begin)
        end = min(length, _sample(cue.end_ms) - begin)
        if start < end:
            burned.append(BurnedLines(start, end, cue.lines))
    return tuple(burned)


def _sample(ms: int) -> int:
    return ms * RATE_HZ // 1000
