"""Probabilities over time, so that one odd frame does not look like a change of mood."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import exp

TIME_CONSTANT_S = 0.5
"""An exponential moving average: what a face showed t seconds ago counts e^(−t/0.5 s) as much. A
change is taken over by 63 % after half a second and by 95 % after one and a half, so frames one
second apart are smoothed lightly and frames ten seconds apart not at all."""
FORGET_AFTER_S = 10 * TIME_CONSTANT_S


class Smoother:
    """One average for each face; a face that was long away is forgotten and begins anew."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Fraction, tuple[float, ...]]] = {}

    def smooth(
        self, face_id: int, time: Fraction, probabilities: Sequence[float]
    ) -> tuple[float, ...]:
        """The average after this frame; sums up to what the probabilities sum up to."""
        before = self._known.get(face_id)
        average = tuple(probabilities)
        if before is not None:
            kept = exp(-float(time - before[0]) / TIME_CONSTANT_S)
            average = tuple(
                kept * old + (1 - kept) * new
                for old, new in zip(before[1], probabilities, strict=True)
            )
        self._known[face_id] = (time, average)
        return average

    def forget(self, now: Fraction) -> None:
        """Drop the faces whose past counts no more, so that memory does not grow with them."""
        old = [one for one, (seen, _) in self._known.items() if now - seen > FORGET_AFTER_S]
        for one in old:
            del self._known[one]
