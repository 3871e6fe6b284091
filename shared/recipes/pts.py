"""Exact presentation times, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import total_ordering


@total_ordering
@dataclass(frozen=True, eq=False)
class Pts:
    """A presentation time: `ticks` of `time_base` seconds. Exact; time bases may differ."""

    ticks: int
    time_base: Fraction

    @property
    def seconds(self) -> Fraction:
        return self.ticks * self.time_base

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pts) and self.seconds == other.seconds

    def __lt__(self, other: Pts) -> bool:
        return self.seconds < other.seconds

    def __hash__(self) -> int:
        return hash(self.seconds)

    def __str__(self) -> str:
        return f"{float(self.seconds):.6f}s ({self.ticks} × {self.time_base})"


def format_time(seconds: Fraction, *, with_hours: bool = False) -> str:
    """Formats `seconds` as `MMmSS.mmms`, or `HHhMMmSS.mmms`; nearest millisecond, halves up.

    The only function that rounds a time, for display.
    """
    milliseconds = (seconds.numerator * 2000 + seconds.denominator) // (2 * seconds.denominator)
    minutes, rest = divmod(milliseconds, 60_000)
    rounded = f"{rest // 1000:02d}.{rest % 1000:03d}s"
    if with_hours:
        return f"{minutes // 60:02d}h{minutes % 60:02d}m{rounded}"
    return f"{minutes:02d}m{rounded}"
