"""Collects the contents of all frames of a video and finds its scenes."""

from __future__ import annotations

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
    """Two frames, at `begin` and `end` in seconds, that differ as much as two scenes."""

    begin: Fraction
    end: Fraction
    change: float


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
        candidates = {
            n: Candidate(before.time, frame.time, change)
            for n, (before, frame) in enumerate(pairwise(self._frames), 1)
            if (change := _find_change(before, frame, measure)) >= CUT_CHANGE
        }
        cuts = locate(tuple(candidates.values()))
        starts, begins = [0], [self._frames[0].time]
        for n, candidate in candidates.items():
            for cut in cuts[candidate]:
                if cut - begins[-1] >= MIN_SCENE_S:
                    starts.append(n)
                    begins.append(cut)
        rows = zip(
            starts, [*starts[1:], len(self._frames)], begins, [*begins[1:], end], strict=True
        )
        return [
            Scene(number, tuple(self._frames[first:last]), begin, scene_end)
            for number, (first, last, begin, scene_end) in enumerate(rows, 1)
        ]


def _find_change(before: FrameSample, frame: FrameSample, measure: MeasureChange) -> float:
    if frame.change is not None:
        return frame.change
    return 0.0 if frame.frame.content is None else measure(before, frame)
