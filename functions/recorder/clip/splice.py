"""Where one connection's packets end in a clip and the next one's begin.

Two workers that hand over watch a camera at the same time, and the same packets reach both. The
digests of a few of them in a row say where that is, to the packet; since a still scene repeats its
packets, of several places the one that fits the times of arrival is meant. Where no digest is found
again (a camera that encodes for each viewer) the times of arrival decide.
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
"""Packets that must agree one after the other, or as many as there are."""
MAX_ARRIVAL_DIFFERENCE_S = 10.0
"""The same packet reaches two connections within this time: a server sends a new viewer the last
seconds that it has, from a keyframe on."""
MIN_GAP_S = 0.1
"""Shorter holes are a camera's own unevenness."""


@dataclass(frozen=True, slots=True)
class PacketRun:
    """The packets of one connection in their order. `places[i]` is where rows[i] is found, which
    means nothing here."""

    tracks: tuple[Track, ...]
    rows: Sequence[IndexRow]
    offsets: Sequence[int] = field(default=(), repr=False)

    @property
    def pictures(self) -> list[int]:
        """Where the pictures are among the rows."""
        return [n for n, row in enumerate(self.rows) if row.track == VIDEO]


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole in the clip: nothing was recorded. Seconds of the clip's time."""

    start_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Piece:
    """The pictures `first` to `last` (exclusive) of a run, counted among its pictures, whose times
    are moved by `shift` seconds."""

    run: PacketRun
    pictures: Sequence[int]
    start: int
    end: int
    shift: Fraction

    def time_s(self, picture: int) -> Fraction:
        """When a picture is shown in the clip."""
        row = self.run.rows[self.pictures[picture]]
        return row.pts * self.run.tracks[VIDEO].time_base + self.shift

    def arrived_at(self, picture: int) -> float:
        """When it arrived."""
        return self.run.rows[self.pictures[picture]].arrived_at


@dataclass(frozen=True, slots=True)
class SpliceResult:
    """What a clip consists of. `left_out` counts runs whose pictures are of another form."""

    pieces: tuple[Piece, ...]
    gaps: tuple[Gap, ...]
    skipped_run_count: int = 0


def splice(runs: Sequence[PacketRun]) -> SpliceResult:
    """Put runs together, by when they began; each begins with a key picture. What comes later
    takes over as soon as it can, unless it ends before what it would replace."""
    runs = sorted((one for one in runs if one.pictures), key=_began)
    pieces: list[Piece] = []
    gaps: list[Gap] = []
    left_out = 0
    for run in runs:
        pictures = run.pictures
        if not pieces:
            first = run.rows[pictures[0]].pts * run.tracks[VIDEO].time_base
            pieces.append(Piece(run, pictures, 0, len(pictures), -first))
            continue
        if _form(run) != _form(pieces[0].run):
            left_out += 1
            continue
        last = pieces[-1]
        if last.arrived_at(last.end - 1) >= run.rows[pictures[-1]].arrived_at:
            continue
        at, shift = _joint(last, run, pictures)
        pieces[-1] = replace(last, end=at)
        following = Piece(run, pictures, 0, len(pictures), shift)
        hole = _hole(pieces[-1], following)
        if hole is not None:
            gaps.append(hole)
        pieces.append(following)
    return SpliceResult(tuple(one for one in pieces if one.start < one.end), tuple(gaps), left_out)


def frame_duration_s(run: PacketRun) -> float:
    """How long a picture usually is shown, by the times of up to 250 of them."""
    times = sorted(row.pts for row in run.rows[:500] if row.track == VIDEO)[:250]
    steps = [b - a for a, b in pairwise(times) if b > a]
    return float(median(steps) * run.tracks[VIDEO].time_base) if steps else 1 / 25


def _joint(before: Piece, run: PacketRun, pictures: Sequence[int]) -> tuple[int, Fraction]:
    """→ before which picture the earlier piece ends, and by how much the run's times move."""
    base = run.tracks[VIDEO].time_base
    opening = run.rows[pictures[0]]
    found = _found_again(before, run, pictures)
    if found is not None:
        return found, before.time_s(found) - opening.pts * base
    # The first picture is kept: a piece without any has no time.
    at = next(
        (
            n
            for n in range(before.start + 1, before.end)
            if before.arrived_at(n) >= opening.arrived_at
        ),
        before.end,
    )
    latest = max(range(max(before.start, at - 16), at), key=before.time_s)
    step = Fraction(frame_duration_s(before.run)).limit_denominator(90_000)
    away = Fraction(opening.arrived_at - before.arrived_at(at - 1)).limit_denominator(90_000)
    begins = max(before.time_s(latest) + step, before.time_s(at - 1) + away)
    return at, begins - opening.pts * base


def _found_again(before: Piece, run: PacketRun, pictures: Sequence[int]) -> int | None:
    """Which picture of the earlier piece is the run's first one."""
    wanted = [run.rows[n].digest for n in pictures[:MIN_MATCHING_PACKETS]]
    opening = run.rows[pictures[0]].arrived_at
    places = [
        n
        for n in _near(before, opening)
        if before.run.rows[before.pictures[n]].digest == wanted[0] and _agree(before, n, wanted)
    ]
    return min(places, key=lambda n: abs(before.arrived_at(n) - opening), default=None)


def _near(before: Piece, moment: float) -> Iterator[int]:
    for n in range(before.end - 1, before.start - 1, -1):
        if before.arrived_at(n) < moment - MAX_ARRIVAL_DIFFERENCE_S:
            return
        yield n


def _agree(before: Piece, at: int, wanted: Sequence[bytes]) -> bool:
    there = before.pictures[at : min(at + len(wanted), before.end)]
    return all(before.run.rows[n].digest == one for n, one in zip(there, wanted, strict=False))


def _hole(before: Piece, after: Piece) -> Gap | None:
    step = frame_duration_s(before.run)
    latest = max(before.time_s(n) for n in range(max(before.start, before.end - 16), before.end))
    start = float(latest) + step
    missing = float(after.time_s(after.start)) - start
    if missing < max(MIN_GAP_S, 2 * step):
        return None
    return Gap(round(start, 3), round(missing, 3))


def _began(run: PacketRun) -> float:
    return run.rows[run.pictures[0]].arrived_at


def _form(run: PacketRun) -> tuple[str, int, int]:
    track = run.tracks[VIDEO]
    return track.codec, track.width, track.height
