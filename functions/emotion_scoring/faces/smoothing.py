"""Smooths probabilities over time, so that one outlier does not look like a change of mood."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import exp

TIME_CONSTANT_S = 0.5
"""Time constant of an exponential moving average: a frame t seconds ago has the weight
e^(−t/0.5 s). The average follows a change by 63 % after half a second and by 95 % after one and a
half, so frames one second apart are smoothed lightly and frames ten seconds apart not at all."""
FORGET_AFTER_S = 10 * TIME_CONSTANT_S


class Smoother:
    """Keeps one average per face. A face that was missing for long starts with a new average."""

    def __init__(self) -> None:
        self._averages: dict[int, tuple[Fraction, tuple[float, ...]]] = {}

    def smooth(
        self, face_id: int, time: Fraction, probabilities: Sequence[float]
    ) -> tuple[float, ...]:
        """Returns the average after this frame. Its sum equals the sum of the probabilities."""
        previous = self._averages.get(face_id)
        average = tuple(probabilities)
        if previous is not None:
            weight = exp(-float(time - previous[0]) / TIME_CONSTANT_S)
            average = tuple(
                weight * old + (1 - weight) * new
                for old, new in zip(previous[1], probabilities, strict=True)
            )
        self._averages[face_id] = (time, average)
        return average

    def forget(self, now: Fraction) -> None:
        """Drops averages that no longer have any weight, which bounds the memory."""
        expired = [
            face_id for face_id, (time, _) in self._averages.items() if now - time > FORGET_AFTER_S
        ]
        for face_id in expired:
            del self._averages[face_id]
