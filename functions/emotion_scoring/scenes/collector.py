"""Collects the contents of all frames of a video and finds its scenes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from functions.emotion_scoring.results.timeline import Moment
from functions.emotion_scoring.scores import ScoredFrame

CUT_CHANGE = 27.0
"""A scene begins with a frame that differs at least by this from the one before: the default of
PySceneDetect's ContentDetector."""
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
    """Frames without a cut between them, of which `number` is the number of the scene from 1.

    The scene lasts from its first frame to `end`, in seconds: the first frame of the next scene, or
    the end of the video. The cut is between the last frame and `end`.
    """

    number: int
    frames: tuple[FrameSample, ...]
    end: Fraction

    @property
    def begin(self) -> Fraction:
        """The time of the first frame."""
        return self.frames[0].time

    @property
    def length(self) -> Fraction:
        """Its length in seconds."""
        return self.end - self.begin


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

    def find(self, end: Fraction, measure: MeasureChange) -> list[Scene]:
        """Returns all scenes in the order of time, at least one. There must be a frame.

        Args:
            end: The end of the last frame, in seconds.
            measure: Called for frames with which a part begins. Frames whose content was not
                measured at all, by an earlier version, begin no scene.
        """
        starts = [0]
        for n, (before, frame) in enumerate(pairwise(self._frames), 1):
            change = frame.change
            if change is None and frame.frame.content is not None:
                change = measure(before, frame)
            is_late = frame.time - self._frames[starts[-1]].time >= MIN_SCENE_S
            if change is not None and change >= CUT_CHANGE and is_late:
                starts.append(n)
        ends = [*(self._frames[n].time for n in starts[1:]), end]
        return [
            Scene(number, tuple(self._frames[first:last]), scene_end)
            for number, (first, last, scene_end) in enumerate(
                zip(starts, [*starts[1:], len(self._frames)], ends, strict=True), 1
            )
        ]
