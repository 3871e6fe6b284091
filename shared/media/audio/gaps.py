"""Finds the pauses of a sound in its time stamps.

A recorder that pauses, or an encoder that sends nothing while nobody speaks (discontinuous
transmission), writes no packets. The next one has a later time stamp.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

Item = TypeVar("Item")

STAMPED_CONTAINERS = frozenset({"mov", "matroska", "ogg", "mpegts", "mpeg", "flv", "asf"})
"""Containers that store times. Others store packets only, which follow each other."""
_CHANGING_CLOCKS = frozenset({"mpegts", "mpeg", "ogg"})
"""Containers in which recordings that follow each other in one file have a clock each (FFmpeg's
AVFMT_TS_DISCONT)."""
TOLERANCE_S = Fraction(1, 100)
"""Stamps are rounded (to 1 ms in Matroska and FLV) and jitter; the shortest usual packet is 20 ms
long."""
_OVERLAP_TOLERANCE_S = Fraction(1, 500)
_MAX_OVERLAP_S = 1
_MAX_STEP_S = 10
"""FFmpeg's `dts_delta_threshold`: a longer step where clocks may change is another clock."""
_JUMP_S = 0.5
_CONFIRM_S = 2
"""How long the stamps after a jump are watched: a damaged one is followed by right ones. A page of
Ogg with a wrong position has a second of packets."""


@dataclass(slots=True)
class Timed(Generic[Item]):
    """A frame or packet: its start by the time stamps, None if unknown, and its length, in samples.

    `gap` is the number of samples of silence before it.
    """

    start: int | None
    length: int
    item: Item
    gap: int = 0


def find_gaps(items: Iterable[Timed[Item]], rate_hz: int, family: str) -> Iterator[Timed[Item]]:
    """Yields the items with their gaps.

    In an MP4, items that overlap what came before are left out: they are behind the end of a part
    of the edit list. Elsewhere overlaps are jitter, and nothing is left out.

    Args:
        items: In the order of the stream.
        rate_hz: Samples per second.
        family: The first of FFmpeg's names of the container.
    """
    tolerance = int(TOLERANCE_S * rate_hz)
    end: int | None = None
    position = overlap = offset = 0
    for timed in _without_wrong_stamps(items, rate_hz):
        if timed.start is not None:
            step = 0 if end is None else timed.start - end
            is_other_clock = step < -_MAX_OVERLAP_S * rate_hz or (
                family in _CHANGING_CLOCKS and step > _MAX_STEP_S * rate_hz
            )
            if end is None or is_other_clock:
                offset = timed.start - position
            elif step > tolerance:
                # Not more than the distance from the start: jitter goes back and forth.
                timed.gap = max(0, min(step, timed.start - offset - position))
            elif family == "mov" and -step > _OVERLAP_TOLERANCE_S * rate_hz:
                overlap -= step
            end = timed.start
        if end is not None:
            end += timed.length
        if overlap >= timed.length > 0:
            overlap -= timed.length
            continue
        position += timed.gap + timed.length
        yield timed


def to_samples(ticks: int | None, time_base: Fraction | None, rate_hz: int) -> int | None:
    """Converts a time stamp to samples; None if it is unknown."""
    if ticks is None or time_base is None:
        return None
    denominator = time_base.denominator
    return (2 * ticks * time_base.numerator * rate_hz + denominator) // (2 * denominator)


def _without_wrong_stamps(items: Iterable[Timed[Item]], rate_hz: int) -> Iterator[Timed[Item]]:
    """Yields the items; stamps that jump and are followed by continuous ones are removed."""
    held: list[Timed[Item]] = []
    end: int | None = None
    """Where the next item is expected, without those that are held."""
    for timed in items:
        if held and end is not None:
            expected = end + sum(item.length for item in held)
            if _is_continuous(timed.start, expected, rate_hz):
                for item in held:
                    item.start = None
                yield from held
                held, end = [], expected
            else:
                held.append(timed)
                if expected + timed.length - end > _CONFIRM_S * rate_hz:
                    yield from held
                    held, end = [], _end_of(held, end)
                continue
        is_stamped = end is not None and timed.start is not None
        if is_stamped and not _is_continuous(timed.start, end or 0, rate_hz):
            held.append(timed)
            continue
        end = _end_of([timed], end)
        yield timed
    yield from held


def _is_continuous(start: int | None, expected: int, rate_hz: int) -> bool:
    return start is not None and abs(start - expected) <= _JUMP_S * rate_hz


def _end_of(items: list[Timed[Item]], end: int | None) -> int | None:
    """Returns the end of the last item, by the last stamp; `end` is that of the items before."""
    for item in items:
        end = end if item.start is None else item.start
        end = None if end is None else end + item.length
    return end
