"""The frame rate of a camera, measured by the arrival of its last pictures."""

from __future__ import annotations

WINDOW_PICTURES = 150
"""The number of pictures over which the rate is measured."""
MIN_PICTURES = 5


class FrameRate:
    """Measures the rate of the last WINDOW_PICTURES pictures."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def add(self, arrived_at: float) -> None:
        """Adds a picture."""
        self._times.append(arrived_at)
        del self._times[:-WINDOW_PICTURES]

    def clear(self) -> None:
        """Begins again: a new connection begins."""
        self._times.clear()

    @property
    def fps(self) -> float | None:
        """Pictures a second, None while unknown."""
        times = self._times
        if len(times) < MIN_PICTURES or times[-1] <= times[0]:
            return None
        return round((len(times) - 1) / (times[-1] - times[0]), 2)
