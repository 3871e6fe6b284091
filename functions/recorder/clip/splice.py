"""Joins the packets of successive connections: where one ends in the clip and the next begins.

Two workers that hand over read the camera at the same time, and both receive the same packets. The
digests of a few successive packets say at which picture to change over. A still scene repeats its
packets, so of several matches the one that fits the arrival times is used. When no digest matches
(a camera that encodes for each viewer) the arrival times decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from statistics import median

from functions.recorder.capture.segments import IndexRow
from functions.recorder.packets import VIDEO, Track

MIN_MATCHING_PACKETS = 8
"""Successive packets that must match, or as many as there are."""
MAX_ARRIVAL_DIFFERENCE_S = 10.0
"""The same packet reaches two connections within this time: a server sends a new viewer the last
seconds that it has, from a keyframe on."""
MIN_GAP_S = 0.1
"""Shorter gaps are jitter of the camera."""
MAX_REORDERED_PICTURES = 16
"""Pictures that H.264 and H.265 may decode before they are shown."""


@dataclass(frozen=True, slots=True)
class PacketRun:
    """The packets of one connection in order. `offsets[i]` is where the data of `rows[i]` starts;
    splicing does not use it."""

    tracks: tuple[Track, ...]
    rows: Sequence[IndexRow]
    offsets: Sequence[int] = field(default=(), repr=False)

    @property
    def pictures(self) -> list[int]:
        """The indexes of the rows that are pictures."""
        return [n for n, row in enumerate(self.rows) if row.track == VIDEO]


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in the clip for which nothing was recorded, in seconds of the clip's time."""

    start_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class RunSlice:
    """The pictures `start` to `end` (exclusive) of a run, counted in its `pictures`. `shift`
    seconds are added to their times."""

    run: PacketRun
    pictures: Sequence[int]
    start: int
    end: int
    shift: Fraction

    def time_s(self, picture: int) -> Fraction:
        """Returns when a picture is shown in the clip."""
        row = self.run.rows[self.pictures[picture]]
        return row.pts * self.run.tracks[VIDEO].time_base + self.shift

    def arrived_at(self, picture: int) -> float:
        """Returns when a picture arrived, in seconds since 1970."""
        return self.run.rows[self.pictures[picture]].arrived_at


@dataclass(frozen=True, slots=True)
class SpliceResult:
    """The content of a clip. `skipped_run_count` is the number of runs that are left out because
    their codec or picture size differs from the first run's."""

    slices: tuple[RunSlice, ...]
    gaps: tuple[Gap, ...]
    skipped_run_count: int = 0


def splice(runs: Sequence[PacketRun]) -> SpliceResult:
    """Joins runs in the order of their first arrival; each run begins with a keyframe. A later run
    takes over as soon as it can, unless it ends before the one that it would replace."""
    runs = sorted((run for run in runs if run.pictures), key=_first_arrival)
    slices: list[RunSlice] = []
    gaps: list[Gap] = []
    skipped_run_count = 0
    for run in runs:
        pictures = run.pictures
        if not slices:
            first_time = run.rows[pictures[0]].pts * run.tracks[VIDEO].time_base
            slices.append(RunSlice(run, pictures, 0, len(pictures), -first_time))
            continue
        if _video_form(run) != _video_form(slices[0].run):
            skipped_run_count += 1
            continue
        last = slices[-1]
        if last.arrived_at(last.end - 1) >= run.rows[pictures[-1]].arrived_at:
            continue
        end, shift = _find_joint(last, run, pictures)
        slices[-1] = replace(last, end=end)
        following = RunSlice(run, pictures, 0, len(pictures), shift)
        gap = _gap_between(slices[-1], following)
        if gap is not None:
            gaps.append(gap)
        slices.append(following)
    return SpliceResult(
        tuple(part for part in slices if part.start < part.end),
        tuple(gaps),
        skipped_run_count,
    )


def frame_duration_s(run: PacketRun) -> float:
    """Returns the median duration of a picture, from the times of up to 250 pictures."""
    times = sorted(row.pts for row in run.rows[:500] if row.track == VIDEO)[:250]
    steps = [b - a for a, b in pairwise(times) if b > a]
    return float(median(steps) * run.tracks[VIDEO].time_base) if steps else 1 / 25


def _find_joint(before: RunSlice, run: PacketRun, pictures: Sequence[int]) -> tuple[int, Fraction]:
    """Returns the picture at which the earlier slice ends, and the shift of the run's times."""
    time_base = run.tracks[VIDEO].time_base
    first_row = run.rows[pictures[0]]
    match = _find_matching_picture(before, run, pictures)
    if match is not None:
        return match, before.time_s(match) - first_row.pts * time_base
    # The first picture stays: a slice without pictures has no time.
    end = next(
        (
            n
            for n in range(before.start + 1, before.end)
            if before.arrived_at(n) >= first_row.arrived_at
        ),
        before.end,
    )
    latest = max(range(max(before.start, end - MAX_REORDERED_PICTURES), end), key=before.time_s)
    step = Fraction(frame_duration_s(before.run)).limit_denominator(90_000)
    delay = Fraction(first_row.arrived_at - before.arrived_at(end - 1)).limit_denominator(90_000)
    start = max(before.time_s(latest) + step, before.time_s(end - 1) + delay)
    return end, start - first_row.pts * time_base


def _find_matching_picture(before: RunSlice, run: PacketRun, pictures: Sequence[int]) -> int | None:
    """Returns the picture of the earlier slice that equals the run's first picture, if any."""
    digests = [run.rows[n].digest for n in pictures[:MIN_MATCHING_PACKETS]]
    first_arrived_at = run.rows[pictures[0]].arrived_at
    matches = [n for n in _arrived_since(before, first_arrived_at) if _matches(before, n, digests)]
    return min(matches, key=lambda n: abs(before.arrived_at(n) - first_arrived_at), default=None)


def _arrived_since(before: RunSlice, moment: float) -> Iterator[int]:
    """Yields the pictures, last first, that arrived later than MAX_ARRIVAL_DIFFERENCE_S before
    `moment`."""
    for n in range(before.end - 1, before.start - 1, -1):
        if before.arrived_at(n) < moment - MAX_ARRIVAL_DIFFERENCE_S:
            return
        yield n


def _matches(before: RunSlice, start: int, digests: Sequence[bytes]) -> bool:
    """Whether the pictures from `start` on have these digests, as far as the slice reaches."""
    rows = before.pictures[start : min(start + len(digests), before.end)]
    return all(
        before.run.rows[n].digest == digest for n, digest in zip(rows, digests, strict=False)
    )


def _gap_between(before: RunSlice, after: RunSlice) -> Gap | None:
    step = frame_duration_s(before.run)
    last_pictures = range(max(before.start, before.end - MAX_REORDERED_PICTURES), before.end)
    latest = max(before.time_s(n) for n in last_pictures)
    start = float(latest) + step
    missing_s = float(after.time_s(after.start)) - start
    if missing_s < max(MIN_GAP_S, 2 * step):
        return None
    return Gap(round(start, 3), round(missing_s, 3))


def _first_arrival(run: PacketRun) -> float:
    return run.rows[run.pictures[0]].arrived_at


def _video_form(run: PacketRun) -> tuple[str, int, int]:
    track = run.tracks[VIDEO]
    return track.codec, track.width, track.height
