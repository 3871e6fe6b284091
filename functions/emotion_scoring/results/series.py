"""The curves of a chart: per face, probabilities in bins of time whose number stays bounded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from functions.emotion_scoring.results.timeline import Moment
from shared.recipes.emotions.results import MoodPoint

MOST_BINS = 720
"""About two pixels of a chart each; when there are more, neighbours are put together."""
MOOD_POINTS = 48
"""As many as a chart on a slide shows apart."""
MOST_FACES = 64
"""Faces followed at once; the ones seen least go when there are twice as many."""


@dataclass(slots=True)
class Curve:
    """One face: in how many frames it was scored, and by bin the sums of its probabilities."""

    face_id: int
    frames: int = 0
    bins: dict[int, tuple[int, tuple[float, ...]]] = field(default_factory=dict)

    def add(self, number: int, probabilities: Sequence[float]) -> None:
        """One more frame in a bin."""
        self.frames += 1
        self.put(number, 1, tuple(probabilities))

    def mean(self, number: int) -> tuple[float, ...] | None:
        """The probabilities' mean in a bin, None where the face was not seen."""
        there = self.bins.get(number)
        return None if there is None else tuple(one / there[0] for one in there[1])

    def halve(self) -> None:
        """Put neighbouring bins together."""
        fine, self.bins = self.bins, {}
        for number, (count, sums) in fine.items():
            self.put(number // 2, count, sums)

    def put(self, number: int, count: int, sums: tuple[float, ...]) -> None:
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
        while moment.frame.stamp.k // self.frames_per_bin >= MOST_BINS:
            self.frames_per_bin *= 2
            for curve in self._curves.values():
                curve.halve()
        self.last_bin = moment.frame.stamp.k // self.frames_per_bin
        for reading in moment.readings:
            if reading.probabilities is not None:
                curve = self._curves.setdefault(reading.face_id, Curve(reading.face_id))
                curve.add(self.last_bin, reading.probabilities)
        if len(self._curves) > 2 * MOST_FACES:
            self._curves = {one.face_id: one for one in self.longest(MOST_FACES)}

    def longest(self, most: int, first: Collection[int] = ()) -> list[Curve]:
        """The faces seen in most frames; of those seen equally long, the ones in `first`."""

        def rank(one: Curve) -> tuple[int, bool, int]:
            return -one.frames, one.face_id not in first, one.face_id

        return sorted(self._curves.values(), key=rank)[:most]


def mood(
    series: Series, classes: Sequence[str], start: Fraction, every: Fraction
) -> tuple[MoodPoint, ...]:
    """All faces together, in at most MOOD_POINTS stretches."""
    wide = -(-(series.last_bin + 1) // MOOD_POINTS)
    together = Curve(0)
    for curve in series.longest(2 * MOST_FACES):
        for number, (count, sums) in curve.bins.items():
            together.put(number // wide, count, sums)
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
