"""Joins the packets of successive connections: where one ends in the clip and the next begins.

Two workers that hand over read the camera at the same time, and both receive the same packets. The
digests of a few successive packets say at which picture to change over. A still scene repeats its
packets, so of several matches the one that fits the arrival times is used. When no digest matches
(a camera that encodes for each viewer) the arrival times decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import median

import numpy as np

from functions.recorder.clip.entries import PacketRun
from functions.recorder.clip.worker_clocks import align_clocks
from functions.recorder.packets import VIDEO

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
class Gap:
    """A time in the clip for which nothing was recorded, in seconds of the clip's time."""

    start_s: float
    duration_s: float


@dataclass(frozen=True, slots=True, eq=False)
class RunSlice:
    """The pictures `start` to `end` (exclusive) of a run. `shift` seconds are added to their
    times."""

    run: PacketRun
    start: int
    end: int
    shift: Fraction

    def time_s(self, picture: int) -> Fraction:
        """Returns when a picture is shown in the clip."""
        return _time_s(self.run, picture) + self.shift

    def arrived_at(self, picture: int) -> float:
        """Returns when a picture arrived, in seconds since 1970."""
        return _arrived_at(self.run, picture)


@dataclass(frozen=True, slots=True)
class SpliceResult:
    """The content of a clip. `skipped_run_count` is the number of runs that are left out because
    their codec or picture size differs from the first run's. `clock_shift_s` is what was added to
    the times of arrival of the last worker, whose clock had been set."""

    slices: tuple[RunSlice, ...]
    gaps: tuple[Gap, ...]
    skipped_run_count: int = 0
    clock_shift_s: float = 0.0


def splice(runs: Sequence[PacketRun]) -> SpliceResult:
    """Joins runs in the order of their first arrival; each run begins with a keyframe. A later run
    takes over as soon as it can, unless it ends before the one that it would replace."""
    runs, clock_shift_s = align_clocks(runs)
    runs = sorted(runs, key=_first_arrival)
    slices: list[RunSlice] = []
    gaps: list[Gap] = []
    skipped_run_count = 0
    for run in runs:
        picture_count = len(run.pictures)
        if not slices:
            slices.append(RunSlice(run, 0, picture_count, -_time_s(run, 0)))
            continue
        if _video_form(run) != _video_form(slices[0].run):
            skipped_run_count += 1
            continue
        last = slices[-1]
        if last.arrived_at(last.end - 1) >= _arrived_at(run, picture_count - 1):
            continue
        end, shift = _find_joint(last, run)
        slices[-1] = replace(last, end=end)
        following = RunSlice(run, 0, picture_count, shift)
        gap = _gap_between(slices[-1], following)
        if gap is not None:
            gaps.append(gap)
        slices.append(following)
    return SpliceResult(
        tuple(part for part in slices if part.start < part.end),
        tuple(gaps),
        skipped_run_count,
        clock_shift_s,
    )


def frame_duration_s(run: PacketRun) -> float:
    """Returns the median duration of a picture, from the times of up to 250 pictures."""
    steps = np.diff(np.sort(run.pictures.rows["pts"][:250].astype(np.int64)))
    steps = steps[steps > 0]
    return float(median(steps.tolist()) * run.tracks[VIDEO].time_base) if len(steps) else 1 / 25


def _find_joint(before: RunSlice, run: PacketRun) -> tuple[int, Fraction]:
    """Returns the picture at which the earlier slice ends, and the shift of the run's times."""
    first_time = _time_s(run, 0)
    match = _find_matching_picture(before, run)
    if match is not None:
        return match, before.time_s(match) - first_time
    # The first picture stays: a slice without pictures has no time.
    arrivals = before.run.pictures.rows["arrived_at"][before.start + 1 : before.end]
    later = np.flatnonzero(arrivals >= _first_arrival(run))
    end = before.start + 1 + int(later[0]) if len(later) else before.end
    latest = max(range(max(before.start, end - MAX_REORDERED_PICTURES), end), key=before.time_s)
    step = Fraction(frame_duration_s(before.run)).limit_denominator(90_000)
    delay = Fraction(_first_arrival(run) - before.arrived_at(end - 1)).limit_denominator(90_000)
    start = max(before.time_s(latest) + step, before.time_s(end - 1) + delay)
    return end, start - first_time


def _find_matching_picture(before: RunSlice, run: PacketRun) -> int | None:
    """Returns the picture of the earlier slice that equals the run's first picture, if any."""
    digests = run.pictures.rows["digest"][:MIN_MATCHING_PACKETS]
    first_arrived_at = _first_arrival(run)
    matches = [n for n in _arrived_since(before, first_arrived_at) if _matches(before, n, digests)]
    return min(matches, key=lambda n: abs(before.arrived_at(n) - first_arrived_at), default=None)


def _arrived_since(before: RunSlice, moment: float) -> Iterator[int]:
    """Yields the pictures, last first, that arrived later than MAX_ARRIVAL_DIFFERENCE_S before
    `moment`."""
    for n in range(before.end - 1, before.start - 1, -1):
        if before.arrived_at(n) < moment - MAX_ARRIVAL_DIFFERENCE_S:
            return
        yield n


def _matches(before: RunSlice, start: int, digests: np.ndarray) -> bool:
    """Whether the pictures from `start` on have these digests, as far as the slice reaches."""
    rows = before.run.pictures.rows[start : min(start + len(digests), before.end)]
    return bool(np.array_equal(rows["digest"], digests[: len(rows)]))


def _gap_between(before: RunSlice, after: RunSlice) -> Gap | None:
    step = frame_duration_s(before.run)
    last_pictures = range(max(before.start, before.end - MAX_REORDERED_PICTURES), before.end)
    latest = max(before.time_s(n) for n in last_pictures)
    start = float(latest) + step
    missing_s = float(after.time_s(after.start)) - start
    if missing_s < max(MIN_GAP_S, 2 * step):
        return None
    return Gap(round(start, 3), round(missing_s, 3))


def _time_s(run: PacketRun, picture: int) -> Fraction:
    """Returns the time of a picture on the clock of its connection."""
    return int(run.pictures.rows["pts"][picture]) * run.tracks[VIDEO].time_base


def _arrived_at(run: PacketRun, picture: int) -> float:
    return float(run.pictures.rows["arrived_at"][picture])


def _first_arrival(run: PacketRun) -> float:
    return _arrived_at(run, 0)


def _video_form(run: PacketRun) -> tuple[str, int, int]:
    track = run.tracks[VIDEO]
    return track.codec, track.width, track.height
