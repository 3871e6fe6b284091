"""What is in a clip: the numbers in its pictures, and when they are shown."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction

import av

from tests.clips import read_counter


@dataclass(frozen=True)
class Seen:
    """The numbers of a clip's pictures in the order in which they are shown, and their times."""

    numbers: list[int]
    times: list[Fraction]
    duration_s: float
    container: str
    has_sound: bool
    fast_start: bool


def look(clip: bytes) -> Seen:
    """Decode a clip whole. What an edit list leaves out is not shown."""
    numbers, times = [], []
    with av.open(io.BytesIO(clip)) as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None
            if frame.pts < 0:
                continue
            numbers.append(read_counter(frame.to_ndarray(format="bgr24")))
            times.append(frame.pts * frame.time_base)
        return Seen(
            numbers,
            times,
            float(container.duration or 0) / 1_000_000,
            container.format.name,
            bool(container.streams.audio),
            0 < clip.find(b"moov") < clip.find(b"mdat"),
        )


def consecutive(numbers: list[int]) -> bool:
    """Whether no number is missing and none comes twice."""
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))
