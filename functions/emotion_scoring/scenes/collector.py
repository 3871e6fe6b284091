"""Collects the contents of all frames of a video and finds its scenes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from struct import Struct

from functions.emotion_scoring.results.timeline import Moment
from functions.emotion_scoring.scores import ScoredFrame

CUT_CHANGE = 27.0
"""A scene begins with a frame that differs at least by this from the one before: the default of
PySceneDetect's ContentDetector."""
CUT_RECORD = Struct(">qqq")
"""The number of a searched range, and the time of a cut in it as a fraction of two integers."""
MIN_SCENE_S = Fraction(3, 5)
"""A sooner change belongs to the same scene, such as the end of a flash: the default of
PySceneDetect, 15 frames at 25 a second."""
DARK_BRIGHTNESS = 20.0
"""A frame with a lower mean, of 255, is almost black: limited range begins at 16."""


@dataclass(frozen=True, slots=True)
class FrameSample:
    """A frame of the timeline without its faces. `part` is the number of its pack."""

    part: int
    frame: ScoredFrame

    @property
    def time(self) -> Fraction:
        """Seconds from the first picture of the video."""
        return self.frame.stamp.target

    @property
    def change(self) -> float | None:
        """As in FrameContent; None also if it was not measured."""
        return None if self.frame.content is None else self.frame.content.change

    @property
    def is_dark(self) -> bool:
        """Whether the frame is almost black."""
        content = self.frame.content
        return content is not None and content.brightness < DARK_BRIGHTNESS


@dataclass(frozen=True, slots=True)
class Scene:
    """Frames without a cut between them, of which `number` is the number of the scene from 1. A
    scene between two frames has none.

    The scene lasts from `begin` to `end`, in seconds: the times of the pictures with which it and
    the next scene begin, or the begin of the first frame and the end of the last one.
    """

    number: int
    frames: tuple[FrameSample, ...]
    begin: Fraction
    end: Fraction

    @property
    def length(self) -> Fraction:
        """Its length in seconds."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two frames, at `begin` and `end` in seconds, that differ as much as two scenes. They may be
    `gradual`: none of the frames between them differs as much from the one before."""

    begin: Fraction
    end: Fraction
    change: float
    gradual: bool = False


GRADUAL_S = 2
"""A dissolve or fade changes the picture within this time, by the same sum as a cut."""
LocateCuts = Callable[[Sequence[Candidate]], Mapping[Candidate, Sequence[Fraction]]]
"""Returns the times of the cuts of each candidate in their order; none if something moved."""
MeasureChange = Callable[[FrameSample, FrameSample], float]
"""Returns how much a frame differs from the one before, where the parts did not measure it."""


class SceneCollector:
    """Collects a timeline of any length; a frame takes about 500 bytes."""

    def __init__(self) -> None:
        self._frames: list[FrameSample] = []

    def add(self, moment: Moment) -> None:
        """Adds the next moment."""
        self._frames.append(FrameSample(moment.part, replace(moment.frame, faces=())))

    @property
    def frame_count(self) -> int:
        """The number of frames."""
        return len(self._frames)

    @property
    def last_time(self) -> Fraction:
        """The time of the last frame in seconds; there must be one."""
        return self._frames[-1].time

    @property
    def is_dark(self) -> bool:
        """Whether every frame of the video is almost black."""
        return all(frame.is_dark for frame in self._frames)

    def find(self, end: Fraction, measure: MeasureChange, locate: LocateCuts) -> list[Scene]:
        """Returns all scenes in the order of time, at least one. There must be a frame.

        Args:
            end: The end of the last frame, in seconds.
            measure: Called for frames with which a part begins. Frames whose content was not
                measured at all, by an earlier version, begin no scene.
            locate: Called once.
        """
        changes = [_find_change(*frames, measure) for frames in pairwise(self._frames)]
        times = [frame.time for frame in self._frames]
        candidates = [
            Candidate(times[n], times[n + 1], change)
            for n, change in enumerate(changes)
            if change >= CUT_CHANGE
        ]
        cuts = locate((*candidates, *_find_gradual(times, changes)))
        starts, begins = [0], [times[0]]
        for cut in sorted(cut for found in cuts.values() for cut in found):
            if cut - begins[-1] >= MIN_SCENE_S:
                starts.append(bisect_left(times, cut))
                begins.append(cut)
        rows = zip(
            starts, [*starts[1:], len(self._frames)], begins, [*begins[1:], end], strict=True
        )
        return [
            Scene(number, tuple(self._frames[first:last]), begin, scene_end)
            for number, (first, last, begin, scene_end) in enumerate(rows, 1)
        ]


def _find_gradual(times: Sequence[Fraction], changes: Sequence[float]) -> list[Candidate]:
    """Returns the ranges of up to GRADUAL_S in which frames change as much as two scenes, without
    a cut: those with the largest changes, which do not overlap.

    The changes of a dissolve add up, because each picture is a blend of the same two.

    Args:
        times: Of the frames.
        changes: Of each frame but the first one.
    """
    found: list[tuple[float, int, int]] = []
    for first in range(len(changes)):
        total, last = 0.0, first
        while last < len(changes) and times[last + 1] - times[first] <= GRADUAL_S:
            if changes[last] >= CUT_CHANGE:
                break
            total += changes[last]
            last += 1
        if total >= CUT_CHANGE:
            found.append((total, first, last))
    selected: list[tuple[float, int, int]] = []
    taken = bytearray(len(times))
    for total, first, last in sorted(found, key=lambda row: (-row[0], row[1])):
        if not any(taken[first:last]):
            taken[first:last] = b"\1" * (last - first)
            selected.append((total, first, last))
    return [
        Candidate(times[first], times[last], total, gradual=True) for total, first, last in selected
    ]


def _find_change(before: FrameSample, frame: FrameSample, measure: MeasureChange) -> float:
    if frame.change is not None:
        return frame.change
    return 0.0 if frame.frame.content is None else measure(before, frame)
