"""The passages of a film: what is encoded in one piece, and when its picture changes. Pure.

A passage begins with a picture that a seek can land on and depends on nothing outside of it. A
scene is one passage, or several when it is long. Times are samples of 48 kHz.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from functions.stitching.film.motion import CYCLE_SAMPLES
from functions.stitching.film.timeline import FRAME_SAMPLES, RATE_HZ, Scene, Timeline
from functions.stitching.subtitles.cues import Cue
from shared.recipes.films.options import FilmOptions

REPEAT_SAMPLES = 2 * RATE_HZ
"""A picture that stays is repeated this often: a seek finds one, and no player stalls."""
LAST_FRAME_SAMPLES = FRAME_SAMPLES
"""The last picture stands this long before the end, so that the video ends with the sound."""
MAX_SEGMENT_SAMPLES = 60 * RATE_HZ
"""A player that seeks reads and decodes from a passage's beginning: never more than this."""
_SHORTEST = RATE_HZ
FADE_FRAMES = 12
"""At 30 a second: 0.4 s, in which hardly a word is spoken yet."""
FADE_SAMPLES = FADE_FRAMES * FRAME_SAMPLES


@dataclass(frozen=True, slots=True)
class BurnedLines:
    """Lines that are burned in from sample `start` of their passage to `end` (exclusive)."""

    start: int
    end: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """`scene` counts from 0; `start` in the film; `offset`: since when its scene is shown. It
    `fades` in from the scene before; the `last` one ends with the film."""

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
        """When a picture is written: where it changes, and often enough in between."""
        end = self.length - LAST_FRAME_SAMPLES if self.is_last else self.length
        firm = {
            0,
            *(one.start for one in self.burned_lines),
            *(one.end for one in self.burned_lines),
        }
        if self.has_fade:
            firm |= set(range(0, FADE_SAMPLES + 1, FRAME_SAMPLES))
        if self.is_last:
            firm.add(end)
        fixed = sorted(one for one in firm if one < end or (self.is_last and one == end))
        every = FRAME_SAMPLES if self.has_motion else REPEAT_SAMPLES
        # What is only repeated gives way to what changes, and never by more than half a frame.
        between = (
            range(before + every, after - FRAME_SAMPLES // 2 + 1, every)
            for before, after in pairwise((*fixed, end))
        )
        return sorted({*fixed, *chain.from_iterable(between)})

    def lines_at(self, at: int) -> tuple[str, ...]:
        """What is burned in at a time of the passage."""
        return next((one.lines for one in self.burned_lines if one.start <= at < one.end), ())


def plan_segments(
    timeline: Timeline, cues: Sequence[Cue], options: FilmOptions
) -> tuple[Segment, ...]:
    """All passages in order, without a gap."""
    moves = options.motion == "gentle"
    lines = cues if options.subtitles == "burned" else ()
    made = []
    for number, scene in enumerate(timeline.scenes):
        spoken = [cue for cue in lines if scene.start <= _sample(cue.start_ms) < scene.end]
        for offset, length in _pieces(
            scene.end - scene.start, CYCLE_SAMPLES if moves else MAX_SEGMENT_SAMPLES
        ):
            made.append(
                Segment(
                    scene=number,
                    start=scene.start + offset,
                    length=length,
                    offset=offset,
                    burned_lines=_clipped(spoken, scene, offset, length),
                    has_motion=moves,
                    has_fade=options.transition == "fade" and number > 0 and offset == 0,
                    is_last=scene.start + offset + length == timeline.end,
                )
            )
    return tuple(made)


def _pieces(length: int, longest: int) -> list[tuple[int, int]]:
    """(offset, length) of pieces that are `longest`; what little remains goes with the last."""
    offsets = list(range(0, length, longest))
    if len(offsets) > 1 and length - offsets[-1] < _SHORTEST:
        offsets.pop()
    ends = [*offsets[1:], length]
    return [(start, end - start) for start, end in zip(offsets, ends, strict=True)]


def _clipped(
    cues: Sequence[Cue], scene: Scene, offset: int, length: int
) -> tuple[BurnedLines, ...]:
    """A line never stands longer than the slide that it is spoken over."""
    begin = scene.start + offset
    found = []
    for cue in cues:
        start = max(0, _sample(cue.start_ms) - begin)
        end = min(length, _sample(cue.end_ms) - begin)
        if start < end:
            found.append(BurnedLines(start, end, cue.lines))
    return tuple(found)


def _sample(ms: int) -> int:
    return ms * RATE_HZ // 1000
