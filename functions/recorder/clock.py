"""Clocks that are not set while a camera is recorded: those of the recorder and of a track."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

MAX_GAP_S = 3600.0
"""The longest time that a recording goes on without pictures: cameras and workers are given up
sooner. Two workers whose times are further apart had clocks that were set in between."""
MAX_HANDOVER_S = 60.0
"""By how much the times of a worker may begin before those of the one before it end."""
MAX_LEAD_INCREASE_S = 10.0
"""By how much a camera's clock may get ahead of the arrival times: a server sends a new viewer the
last seconds that it has. What exceeds it is a clock that was set."""
MAX_REORDER_S = 2.0
"""How much earlier than the picture before it a picture may be shown. Reordering (B-frames) is far
below; what exceeds it is a clock that was set back."""


class SteadyClock:
    """Seconds since 1970, by the machine's clock when it was created. A clock that is set later
    neither stops a recording nor adds time to it."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset_s = wall() - monotonic()

    def now(self) -> float:
        """Returns the current time."""
        return self._monotonic() + self._offset_s

    def convert(self, moment: float) -> float:
        """Returns a recent time of a machine whose clock may have been set, on this clock: as it
        is, or corrected by what this machine's clock was set since, whichever is closer to now."""
        now = self.now()
        corrected = moment + now - self._wall()
        return min(moment, corrected, key=lambda time_s: abs(time_s - now))


class TrackClock:
    """The times of one track, from 0 on and without jumps of the camera's clock.

    `origin` is what the camera gives as its first time, in ticks; without one, or when the first
    packet contradicts it, times begin with the arrival of that packet. Where the camera's clock was
    set, times go on as the packets arrive.
    """

    def __init__(self, time_base: Fraction, origin: int | None = None) -> None:
        self._time_base = time_base
        self._origin = origin
        self._latest: tuple[int, float] | None = None
        self._max_lead_s = 0.0

    def to_pts(self, ticks: int, arrived_s: float, *, is_restart: bool = False) -> int:
        """Returns the time in ticks of a packet that arrived `arrived_s` seconds after the first
        one of the connection."""
        if self._origin is None:
            self._origin = ticks - self._to_ticks(arrived_s)
        pts = ticks - self._origin
        lead_s = self._lead_s(pts, arrived_s)
        if self._latest is None:
            if abs(lead_s) > MAX_LEAD_INCREASE_S:
                pts, lead_s = self._to_ticks(arrived_s), 0.0
                self._origin = ticks - pts
            self._max_lead_s = lead_s
        elif (
            is_restart
            or lead_s - self._max_lead_s > MAX_LEAD_INCREASE_S
            or (self._latest[0] - pts) * self._time_base > MAX_REORDER_S
        ):
            latest_pts, latest_arrived_s = self._latest
            continued = latest_pts + max(1, self._to_ticks(arrived_s - latest_arrived_s))
            self._origin += pts - continued
            pts = continued
            self._max_lead_s = self._lead_s(pts, arrived_s)
        else:
            self._max_lead_s = max(self._max_lead_s, lead_s)
        if self._latest is None or pts > self._latest[0]:
            self._latest = pts, arrived_s
        return pts

    def _to_ticks(self, seconds: float) -> int:
        return round(seconds / self._time_base)

    def _lead_s(self, pts: int, arrived_s: float) -> float:
        return float(pts * self._time_base) - arrived_s
