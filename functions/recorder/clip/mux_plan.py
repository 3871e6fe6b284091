"""Plans a clip: presentation and decoding times of its packets, in the order of the file."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from itertools import pairwise
from typing import NamedTuple

from functions.recorder.clip.splice import (
    MAX_REORDERED_PICTURES,
    RunSlice,
    SpliceResult,
    frame_duration_s,
)
from functions.recorder.packets import SOUND, VIDEO

TICKS_PER_S = 90_000
"""Time base of the clip's pictures."""
ENTRY = struct.Struct(">BBqqIQI")
"""Track, keyframe, pts, dts, duration (all in ticks of the track), offset in the source, bytes."""
MP4_CODECS = frozenset({"h264", "hevc", "mjpeg", "aac"})
"""Codecs that players support in MP4; others are written to a QuickTime file."""


@dataclass(frozen=True, slots=True)
class MuxPlan:
    """The packets of a clip. `entries` are packed rows of ENTRY. `duration_s`, `fps` and
    `picture_count` refer to the visible part."""

    container: str
    entries: bytes
    duration_s: float
    fps: float
    picture_count: int
    has_sound: bool


class _Entry(NamedTuple):
    """A row of `entries`."""

    track: int
    is_keyframe: bool
    pts: int
    dts: int
    duration: int
    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Picture:
    pts: int
    is_keyframe: bool
    offset: int
    size_bytes: int


def plan_mux(
    splice_result: SpliceResult, begins_at: float | None, ends_at: float | None
) -> MuxPlan | None:
    """Plans a clip of the packets that arrived from `begins_at` to `ends_at`, in seconds since
    1970; None for no limit. Returns None when no picture is left.

    The visible part begins exactly at `begins_at`: pictures before it, back to the keyframe that
    they need, get negative times, which the edit list of an MP4 leaves out.
    """
    slices = splice_result.slices
    if not slices:
        return None
    tracks = slices[0].run.tracks
    has_sound = len(tracks) > SOUND and any(
        row.track == SOUND for part in slices for row in part.run.rows
    )
    codecs = {track.codec for track in tracks[: 2 if has_sound else 1]}
    container = "mp4" if codecs <= MP4_CODECS else "mov"
    origin = _origin(slices, begins_at)
    step = round(frame_duration_s(slices[0].run) * TICKS_PER_S)
    pictures = _trim_tail(list(_plan_pictures(slices, origin, ends_at)), step)
    if not pictures:
        return None
    pts_order = array("q", sorted(picture.pts for picture in pictures))
    end = pts_order[-1] + step
    rate = tracks[SOUND].rate_hz if has_sound else TICKS_PER_S
    sounds = (
        _plan_sounds(slices, origin, rate, Fraction(end, TICKS_PER_S)) if has_sound else iter(())
    )
    entries = bytearray()
    by_time = merge(
        (
            (Fraction(entry.dts, TICKS_PER_S), entry)
            for entry in _with_dts(pictures, pts_order, end)
        ),
        ((Fraction(entry.dts, rate), entry) for entry in sounds),
    )
    for _, entry in by_time:
        entries += ENTRY.pack(*entry)
    duration_s = (end - max(0, pts_order[0])) / TICKS_PER_S
    picture_count = sum(1 for pts in pts_order if pts >= 0)
    gaps_s = sum(gap.duration_s for gap in splice_result.gaps)
    fps = round(picture_count / max(step / TICKS_PER_S, duration_s - gaps_s), 3)
    return MuxPlan(container, bytes(entries), round(duration_s, 3), fps, picture_count, has_sound)


def _origin(slices: tuple[RunSlice, ...], begins_at: float | None) -> Fraction:
    """Returns the time in the slices that is zero in the clip."""
    first = slices[0]
    first_pictures = range(first.start, min(first.start + MAX_REORDERED_PICTURES, first.end))
    start = min((first.time_s(n) for n in first_pictures), default=Fraction(0))
    if begins_at is None or first.run.tracks[VIDEO].codec == "mjpeg":
        return start
    hidden = Fraction(begins_at - first.arrived_at(first.start)).limit_denominator(TICKS_PER_S)
    return start + max(Fraction(0), hidden)


def _plan_pictures(
    slices: tuple[RunSlice, ...], origin: Fraction, ends_at: float | None
) -> Iterator[_Picture]:
    """Yields the pictures in decoding order, each with a pts of its own."""
    used: set[int] = set()
    next_free: dict[int, int] = {}
    late_count = 0
    for part in slices:
        for n in range(part.start, part.end):
            row_number = part.pictures[n]
            row = part.run.rows[row_number]
            source_pts = pts = round((part.time_s(n) - origin) * TICKS_PER_S)
            if ends_at is not None and row.arrived_at > ends_at and used:
                # Of the late pictures only those stay that are shown before an earlier one.
                late_count += 1
                if late_count > MAX_REORDERED_PICTURES:
                    return
                if pts > max(used):
                    continue
            if pts in used:
                # The camera's clock stands still. The dictionary keeps the search for a free pts
                # short, however long it does.
                pts = next_free.get(source_pts, source_pts + 1)
                while pts in used:
                    pts += 1
                next_free[source_pts] = pts + 1
            used.add(pts)
            yield _Picture(pts, row.is_keyframe, part.run.offsets[row_number], row.size_bytes)


def _with_dts(pictures: list[_Picture], pts_order: array[int], end: int) -> Iterator[_Entry]:
    """Yields the entries of the pictures. `pts_order` are their sorted pts.

    No picture may be decoded after it is shown, so all are decoded earlier by the largest delay
    between decoding and display order.
    """
    max_delay = max(at - picture.pts for at, picture in zip(pts_order, pictures, strict=True))
    next_pts = dict(zip(pts_order, [*pts_order[1:], end], strict=True))
    for at, picture in zip(pts_order, pictures, strict=True):
        pts = picture.pts
        yield _Entry(
            VIDEO, picture.is_keyframe, pts, at - max_delay, next_pts[pts] - pts,
            picture.offset, picture.size_bytes,
        )  # fmt: skip


def _trim_tail(pictures: list[_Picture], step: int) -> list[_Picture]:
    """Removes pictures at the end whose predecessors in display order are missing.

    A picture is decoded before those that are shown between it and earlier pictures. A recording
    that ends in between has a gap in display order; the pictures after it are removed.
    """
    tail = pictures[-MAX_REORDERED_PICTURES:]
    pts_order = sorted(picture.pts for picture in tail)
    if pts_order == [picture.pts for picture in tail]:
        return pictures
    behind_gaps = [b for a, b in pairwise(pts_order) if b - a > 1.5 * step]
    cut = next((pts for pts in reversed(behind_gaps) if _is_decoded_early(tail, pts)), None)
    if cut is None:
        return pictures
    return pictures[: -len(tail)] + [picture for picture in tail if picture.pts < cut]


def _is_decoded_early(tail: list[_Picture], pts: int) -> bool:
    """Whether the picture with this pts is decoded before one that is shown earlier, or is the
    last one: then the pictures in the gap before it did not arrive."""
    position = next(n for n, picture in enumerate(tail) if picture.pts == pts)
    return position + 1 == len(tail) or any(picture.pts < pts for picture in tail[position + 1 :])


def _plan_sounds(
    slices: tuple[RunSlice, ...], origin: Fraction, rate: int, end: Fraction
) -> Iterator[_Entry]:
    """Yields the sound of each slice, for as long as its pictures are shown."""
    last_pts = -1
    for number, part in enumerate(slices):
        run = part.run
        if len(run.tracks) <= SOUND or run.tracks[SOUND].rate_hz != rate:
            continue
        slice_start = Fraction(0) if not number else part.time_s(part.start) - origin
        slice_end = end
        if number + 1 < len(slices):
            following = slices[number + 1]
            slice_end = following.time_s(following.start) - origin
        rows = [
            (row, offset)
            for row, offset in zip(run.rows, run.offsets, strict=True)
            if row.track == SOUND
        ]
        for n, (row, offset) in enumerate(rows):
            moment = row.pts * run.tracks[SOUND].time_base + part.shift - origin
            pts = round(moment * rate)
            if not slice_start <= moment < slice_end or pts <= last_pts:
                continue
            duration = rows[n + 1][0].pts - row.pts if n + 1 < len(rows) else 0
            last_pts = pts
            yield _Entry(SOUND, True, pts, pts, max(0, duration), offset, row.size_bytes)
