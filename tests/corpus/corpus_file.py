"""What a row of the corpus is: how its file is made, and what must become of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from shared.media.images.frame import BgrImage
from tests.fixtures.media.clips import Clip

MakeBytes = Callable[[str], bytes]
"""Gets the URL of a server that nothing may call; → the file's bytes."""


@dataclass(frozen=True)
class ExpectedFrames:
    """It comes out right. `counters`: the numbers in its frames, in order (asked for when they are
    needed: a clip may have to be made for them), or `frames` for how many there are. `warning`,
    `repair`: words of a sentence that must be told; with an empty `warning` there must be none.
    `check` looks at the pictures.
    """

    counters: Callable[[], tuple[int, ...]] | None = None
    frame_count: int | None = None
    every: str = "0.5"
    warning: str = ""
    repair: str = ""
    check: Callable[[Sequence[BgrImage]], None] | None = None


@dataclass(frozen=True)
class ExpectedError:
    """It is refused, with this code."""

    code: str


@dataclass(frozen=True)
class CorpusFile:
    """One file. `told`: what it is, for the table."""

    name: str
    description: str
    make: MakeBytes = field(repr=False)
    expected: ExpectedFrames | ExpectedError
    suffix: str = "mp4"
    in_pipeline_tests: bool = False
    """Whether it goes through the real chain by default."""


def expected_counters(clip: Clip, every: str, end: Fraction | None = None) -> tuple[int, ...]:
    """The counters of what a clip shows at 0, every, 2·every, … before its end."""
    step, stop = Fraction(every), clip.end_s if end is None else end
    times = [k * step for k in range(100_000) if k * step < stop]
    return tuple(bisect_right(clip.times_s, one) - 1 for one in times)
