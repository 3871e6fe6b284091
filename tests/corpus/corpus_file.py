"""The type of a corpus file: how it is created, and its expected outcome."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from shared.media.images.frame import BgrImage
from tests.fixtures.media.clips import Clip

MakeBytes = Callable[[str], bytes]
"""Takes the URL of the canary server, which must never be called. Returns the file's bytes."""


@dataclass(frozen=True)
class ExpectedFrames:
    """The file is processed.

    `counters` returns the numbers in its frames, in order. It is a function because it may have to
    encode a clip. `frame_count` is the number of frames. `warning` and `repair` are parts of a
    sentence that must be reported; with an empty `warning` there must be no warning. `check`
    inspects the frames.
    """

    counters: Callable[[], tuple[int, ...]] | None = None
    frame_count: int | None = None
    every: str = "0.5"
    warning: str = ""
    repair: str = ""
    check: Callable[[Sequence[BgrImage]], None] | None = None


@dataclass(frozen=True)
class ExpectedError:
    """The file is refused with this code."""

    code: str


@dataclass(frozen=True)
class CorpusFile:
    """One file. `description` is for the table."""

    name: str
    description: str
    make: MakeBytes = field(repr=False)
    expected: ExpectedFrames | ExpectedError
    suffix: str = "mp4"
    in_pipeline_tests: bool = False
    """Whether it also goes through the real pipeline by default."""


def expected_counters(clip: Clip, every: str, end: Fraction | None = None) -> tuple[int, ...]:
    """The counters that a clip shows at 0, every, 2·every, … before its end."""
    step, stop = Fraction(every), clip.end_s if end is None else end
    times = [k * step for k in range(100_000) if k * step < stop]
    return tuple(bisect_right(clip.times_s, time_s) - 1 for time_s in times)
