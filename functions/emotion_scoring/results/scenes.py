"""Samples frames evenly over a video, for recaps of videos without a strong moment."""

from __future__ import annotations

from functions.emotion_scoring.results.timeline import Moment

MAX_SCENES = 3
_MIN_SAMPLES = 12
"""The sampler thins out its samples to this number when it holds twice as many."""


class SceneSampler:
    """Collects moments at equal distances from a timeline of any length."""

    def __init__(self) -> None:
        self._samples: list[Moment] = []
        self._step = 1
        self._count = 0

    def add(self, moment: Moment) -> None:
        """Adds the next moment."""
        if self._count % self._step == 0:
            self._samples.append(moment)
        self._count += 1
        if len(self._samples) == 2 * _MIN_SAMPLES:
            self._samples = self._samples[::2]
            self._step *= 2

    def select(self) -> list[Moment]:
        """Returns at most MAX_SCENES moments: from the beginning, the middle and the end."""
        count = len(self._samples)
        indices = {
            min(count - 1, count * (2 * n + 1) // (2 * MAX_SCENES)) for n in range(MAX_SCENES)
        }
        return [self._samples[index] for index in sorted(indices)] if count else []
