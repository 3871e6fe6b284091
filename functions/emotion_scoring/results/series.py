"""The curves of a chart: the probabilities of each face in a bounded number of time bins."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from functions.emotion_scoring.results.timeline import Moment
from shared.recipes.emotions.results import MoodPoint

MAX_BINS = 720
"""A bin is about two pixels of a chart wide. Beyond this number, neighbouring bins are merged."""
MAX_MOOD_POINTS = 48
"""As many points as can be told apart in a chart on a slide."""
MAX_FACES = 64
"""At twice this number of faces, those seen least are dropped."""


@dataclass(slots=True)
class Curve:
    """The curve of one face.

    Attributes:
        frame_count: Number of frames in which the face was scored.
        bins: By bin number: the number of frames and the sums of their probabilities.
    """

    face_id: int
    frame_count: int = 0
    bins: dict[int, tuple[int, tuple[float, ...]]] = field(default_factory=dict)

    def add(self, number: int, probabilities: Sequence[float]) -> None:
        """Adds one frame to a bin."""
        self.frame_count += 1
        self.add_sums(number, 1, tuple(probabilities))

    def mean(self, number: int) -> tuple[float, ...] | None:
        """Returns the mean probabilities in a bin, or None if the face was not seen."""
        if number not in self.bins:
            return None
        count, sums = self.bins[number]
        return tuple(value / count for value in sums)

    def runs(self) -> Iterator[list[tuple[int, tuple[float, ...]]]]:
        """Yields the runs of consecutive bins as (number, mean probabilities)."""
        numbers = sorted(self.bins)
        cuts = [n + 1 for n, (a, b) in enumerate(pairwise(numbers)) if b != a + 1]
        for begin, end in pairwise([0, *cuts, len(numbers)]):
            means = ((number, self.mean(number)) for number in numbers[begin:end])
            run = [(number, mean) for number, mean in means if mean is not None]
            if run:
                yield run

    def halve(self) -> None:
        """Merges pairs of neighbouring bins."""
        old_bins, self.bins = self.bins, {}
        for number, (count, sums) in old_bins.items():
            self.add_sums(number // 2, count, sums)

    def add_sums(self, number: int, count: int, sums: tuple[float, ...]) -> None:
        """Adds `count` frames to a bin, with the sums of their probabilities."""
        previous = self.bins.get(number)
        if previous is not None:
            count += previous[0]
            sums = tuple(a + b for a, b in zip(previous[1], sums, strict=True))
        self.bins[number] = (count, sums)


class Series:
    """Collects curves from a timeline. A bin holds `frames_per_bin` consecutive frames."""

    def __init__(self) -> None:
        self.frames_per_bin = 1
        self.last_bin = 0
        self._curves: dict[int, Curve] = {}

    def add(self, moment: Moment) -> None:
        """Adds the next moment."""
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
            self._curves = {curve.face_id: curve for curve in self.select_longest(MAX_FACES)}

    def select_longest(self, max_count: int, preferred: Collection[int] = ()) -> list[Curve]:
        """Returns the faces seen in most frames; in a tie, ids in `preferred` come first."""

        def rank(curve: Curve) -> tuple[int, bool, int]:
            return -curve.frame_count, curve.face_id not in preferred, curve.face_id

        return sorted(self._curves.values(), key=rank)[:max_count]


def compute_mood(
    series: Series, classes: Sequence[str], start: Fraction, every: Fraction
) -> tuple[MoodPoint, ...]:
    """Returns the mean probabilities of all faces at no more than MAX_MOOD_POINTS points."""
    bins_per_point = -(-(series.last_bin + 1) // MAX_MOOD_POINTS)
    total = Curve(0)
    for curve in series.select_longest(2 * MAX_FACES):
        for number, (count, sums) in curve.bins.items():
            total.add_sums(number // bins_per_point, count, sums)
    rows = []
    for number in range(series.last_bin // bins_per_point + 1):
        mean = total.mean(number)
        time = start + every * series.frames_per_bin * bins_per_point * number
        share = (
            None
            if mean is None
            else {name: round(value, 3) for name, value in zip(classes, mean, strict=True)}
        )
        rows.append(MoodPoint(round(float(time), 3), share))
    return tuple(rows)
