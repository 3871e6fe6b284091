"""The curves of a chart: per face, probabilities in bins of time whose number stays bounded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from functions.emotion_scoring.results.timeline import Moment
from shared.recipes.emotions.results import MoodPoint

MAX_BINS = 720
"""About two pixels of a chart each; when there are more, neighbours are put together."""
MAX_MOOD_POINTS = 48
"""As many as a chart on a slide shows apart."""
MAX_FACES = 64
"""Faces followed at once; the ones seen least go when there are twice as many."""


@dataclass(slots=True)
class Curve:
    """One face: in how many frames it was scored, and by bin the sums of its probabilities."""

    face_id: int
    frame_count: int = 0
    bins: dict[int, tuple[int, tuple[float, ...]]] = field(default_factory=dict)

    def add(self, number: int, probabilities: Sequence[float]) -> None:
        """One more frame in a bin."""
        self.frame_count += 1
        self.add_sums(number, 1, tuple(probabilities))

    def mean(self, number: int) -> tuple[float, ...] | None:
        """The probabilities' mean in a bin, None where the face was not seen."""
        there = self.bins.get(number)
        return None if there is None else tuple(one / there[0] for one in there[1])

    def halve(self) -> None:
        """Put neighbouring bins together."""
        fine, self.bins = self.bins, {}
        for number, (count, sums) in fine.items():
            self.add_sums(number // 2, count, sums)

    def add_sums(self, number: int, count: int, sums: tuple[float, ...]) -> None:
        """`count` frames more in a bin, with the sums of their probabilities."""
        before = self.bins.get(number)
        if before is not None:
            count += before[0]
            sums = tuple(one + more for one, more in zip(before[1], sums, strict=True))
        self.bins[number] = (count, sums)


class Series:
    """Takes in a timeline. A bin holds `frames_per_bin` frames, counted from the first target."""

    def __init__(self) -> None:
        self.frames_per_bin = 1
        self.last_bin = 0
        self._curves: dict[int, Curve] = {}

    def add(self, moment: Moment) -> None:
        """The next moment."""
        while moment.frame.stamp.k // self.frames_per_bin >= MAX_BINS:
            self.frames_per_bin *= 2
            for curve in self._curves.values():
                curve.halve()
        self.last_bin = moment.frame.stamp.k // self.frames_per_bin
        for reading in moment.readings:
            if reading.probabilities is not None:
                curve = self._curves.setdefault(reading.face_id, Curve(reading.face_id))
                curve.add(self.last_bin, reading.probabilities)
        if len(self._curves) > 2 * MAX_FACES:
            self._curves = {one.face_id: one for one in self.select_longest(MAX_FACES)}

    def select_longest(self, max_count: int, preferred: Collection[int] = ()) -> list[Curve]:
        """The faces seen in most frames; of those seen equally long, the ones in `first`."""

        def rank(one: Curve) -> tuple[int, bool, int]:
            return -one.frame_count, one.face_id not in preferred, one.face_id

        return sorted(self._curves.values(), key=rank)[:max_count]


def compute_mood(
    series: Series, classes: Sequence[str], start: Fraction, every: Fraction
) -> tuple[MoodPoint, ...]:
    """All faces together, in at most MOOD_POINTS stretches."""
    wide = -(-(series.last_bin + 1) // MAX_MOOD_POINTS)
    together = Curve(0)
    for curve in series.select_longest(2 * MAX_FACES):
        for number, (count, sums) in curve.bins.items():
            together.add_sums(number // wide, count, sums)
    rows = []
    for number in range(series.last_bin // wide + 1):
        mean = together.mean(number)
        time = start + every * series.frames_per_bin * wide * number
        share = (
            None
            if mean is None
            else {name: round(one, 3) for name, one in zip(classes, mean, strict=True)}
        )
        rows.append(MoodPoint(round(float(time), 3), share))
    return tuple(rows)
