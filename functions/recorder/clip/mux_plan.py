"""Which packet stands where in a clip: times of presentation and of decoding, in the order in which
they are written."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from itertools import pairwise
from typing import NamedTuple

from functions.recorder.clip.splice import Piece, SpliceResult, frame_duration_s
from functions.recorder.packets import SOUND, VIDEO

TICKS_PER_S = 90_000
"""A second of the clip's clock for pictures."""
MAX_REORDERED_PICTURES = 16
"""Pictures that H.264 and H.265 may decode early."""
ENTRY = struct.Struct(">BBqqIQI")
"""Track, key, pts, dts, duration (all in ticks of the track), where in the source, bytes."""
MP4_CODECS = frozenset({"h264", "hevc", "mjpeg", "aac"})
"""Codecs that an MP4 file holds and players find there; others go into QuickTime's form of it."""


@dataclass(frozen=True, slots=True)
class MuxPlan:
    """`entries` are packed rows of ENTRY. Durations and rates are of what is shown."""

    container: str
    entries: bytes
    duration_s: float
    fps: float
    picture_count: int
    has_sound: bool


class _Entry(NamedTuple):
    """A row of `entries`."""

    track: int
    key: bool
    pts: int
    dts: int
    duration: int
    place: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Picture:
    pts: int
    key: bool
    place: int
    size_bytes: int


def plan_mux(
    splice_result: SpliceResult, begins_at: float | None, ends_at: float | None
) -> MuxPlan | None:
    """Plan a clip of what arrived from `begins_at` to `ends_at`, in seconds since 1970; None where
    all of it. → None when nothing is left.

    A clip begins to be shown at `begins_at` exactly: pictures before it, back to the key picture
    that they need, get times below zero, which an MP4's edit list leaves out.
    """
    pieces = splice_result.pieces
    if not pieces:
        return None
    tracks = pieces[0].run.tracks
    sound = len(tracks) > SOUND and any(
        row.track == SOUND for one in pieces for row in one.run.rows
    )
    codecs = {one.codec for one in tracks[: 2 if sound else 1]}
    container = "mp4" if codecs <= MP4_CODECS else "mov"
    origin = _origin(pieces, begins_at)
    step = round(frame_duration_s(pieces[0].run) * TICKS_PER_S)
    pictures = _without_lone_ends(list(_pictures(pieces, origin, ends_at)), step)
    if not pictures:
        return None
    shown = array("q", sorted(one.pts for one in pictures))
    # No picture may be decoded after it is shown: all are decoded early by the longest wait.
    early = max(at - one.pts for at, one in zip(shown, pictures, strict=True))
    ends = shown[-1] + step
    following = dict(zip(shown, [*shown[1:], ends], strict=True))
    video = (
        (Fraction(at - early, TICKS_PER_S), _Entry(VIDEO, one.key, one.pts, at - early,
         following[one.pts] - one.pts, one.place, one.size_bytes))
        for at, one in zip(shown, pictures, strict=True)
    )  # fmt: skip
    rate = tracks[SOUND].rate_hz if sound else TICKS_PER_S
    sounds = _sounds(pieces, origin, rate, Fraction(ends, TICKS_PER_S)) if sound else []
    entries = bytearray()
    for _, entry in merge(video, ((Fraction(one.dts, rate), one) for one in sounds)):
        entries += ENTRY.pack(*entry)
    visible = ends - max(0, shown[0])
    count = sum(1 for one in shown if one >= 0)
    duration_s = visible / TICKS_PER_S
    gaps_s = sum(one.duration_s for one in splice_result.gaps)
    fps = round(count / max(step / TICKS_PER_S, duration_s - gaps_s), 3)
    return MuxPlan(container, bytes(entries), round(duration_s, 3), fps, count, sound)


def _origin(pieces: tuple[Piece, ...], begins_at: float | None) -> Fraction:
    """Which moment of the pieces' time is zero in the clip."""
    first = pieces[0]
    opening = range(first.start, min(first.start + 16, first.end))
    start = min((first.time_s(n) for n in opening), default=Fraction(0))
    if begins_at is None or first.run.tracks[VIDEO].codec == "mjpeg":
        return start
    into = Fraction(begins_at - first.arrived_at(first.start)).limit_denominator(TICKS_PER_S)
    return start + max(Fraction(0), into)


def _pictures(
    pieces: tuple[Piece, ...], origin: Fraction, ends_at: float | None
) -> Iterator[_Picture]:
    used: set[int] = set()
    free: dict[int, int] = {}
    late = 0
    for piece in pieces:
        for n in range(piece.start, piece.end):
            place = piece.pictures[n]
            row = piece.run.rows[place]
            wanted = pts = round((piece.time_s(n) - origin) * TICKS_PER_S)
            if ends_at is not None and row.arrived_at > ends_at and used:
                # Of what came too late only pictures that are shown between those that are kept.
                late += 1
                if late > MAX_REORDERED_PICTURES:
                    return
                if pts > max(used):
                    continue
            if pts in used:
                # Two pictures of one moment: a camera's clock stood still, for however long.
                pts = free.get(wanted, wanted + 1)
                while pts in used:
                    pts += 1
                free[wanted] = pts + 1
            used.add(pts)
            yield _Picture(pts, row.is_keyframe, piece.run.offsets[place], row.size_bytes)


def _without_lone_ends(pictures: list[_Picture], step: int) -> list[_Picture]:
    """Pictures are decoded before those that are shown between them: where a recording is cut in
    between, the ones behind the hole go."""
    tail = pictures[-MAX_REORDERED_PICTURES:]
    shown = sorted(one.pts for one in tail)
    if shown == [one.pts for one in tail]:
        return pictures
    holes = [b for a, b in pairwise(shown) if b - a > 1.5 * step]
    last = next((hole for hole in reversed(holes) if _is_early(tail, hole)), None)
    if last is None:
        return pictures
    return pictures[: -len(tail)] + [one for one in tail if one.pts < last]


def _is_early(tail: list[_Picture], hole: int) -> bool:
    """Whether the picture behind the hole was decoded before one that is shown before it, or is the
    very last one: then those between them were still to come."""
    at = next(n for n, one in enumerate(tail) if one.pts == hole)
    return at + 1 == len(tail) or any(one.pts < hole for one in tail[at + 1 :])


def _sounds(
    pieces: tuple[Piece, ...], origin: Fraction, rate: int, ends: Fraction
) -> Iterator[_Entry]:
    """Sound as long as its piece is shown."""
    last = -1
    for number, piece in enumerate(pieces):
        run = piece.run
        if len(run.tracks) <= SOUND or run.tracks[SOUND].rate_hz != rate:
            continue
        begins = Fraction(0) if not number else piece.time_s(piece.start) - origin
        until = ends
        if number + 1 < len(pieces):
            until = pieces[number + 1].time_s(pieces[number + 1].start) - origin
        rows = [(row, place) for row, place in zip(run.rows, run.offsets, strict=True)
                if row.track == SOUND]  # fmt: skip
        for at, (row, place) in enumerate(rows):
            moment = row.pts * run.tracks[SOUND].time_base + piece.shift - origin
            pts = round(moment * rate)
            if not begins <= moment < until or pts <= last:
                continue
            following = rows[at + 1][0].pts - row.pts if at + 1 < len(rows) else 0
            last = pts
            yield _Entry(SOUND, True, pts, pts, max(0, following), place, row.size_bytes)
