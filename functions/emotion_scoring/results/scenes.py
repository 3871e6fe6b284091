"""Pictures from all over a video, whatever is on them: for a film that has no strong moment."""

from __future__ import annotations

from functions.emotion_scoring.results.timeline import Moment

MAX_SCENES = 3
_KEPT = 12
"""Kept on the way; when there are twice as many, every second one goes."""


class SceneSampler:
    """Takes in a timeline of any length and keeps moments at equal distances."""

    def __init__(self) -> None:
        self._kept: list[Moment] = []
        self._step = 1
        self._seen = 0

    def add(self, moment: Moment) -> None:
        """The next moment."""
        if self._seen % self._step == 0:
            self._kept.append(moment)
        self._seen += 1
        if len(self._kept) == 2 * _KEPT:
            self._kept = self._kept[::2]
            self._step *= 2

    def select(self) -> list[Moment]:
        """At most CHOSEN of them: from the beginning, the middle and the end."""
        count = len(self._kept)
        places = {
            min(count - 1, count * (2 * n + 1) // (2 * MAX_SCENES)) for n in range(MAX_SCENES)
        }
        return [self._kept[place] for place in sorted(places)] if count else []
