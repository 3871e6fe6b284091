"""Plans a clip: presentation and decoding times of its packets, in the order of the file.

Four hours have more than a million packets, so packets are rows of arrays, not objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from functions.recorder.clip.clip_sound import plan_sounds
from functions.recorder.clip.entries import ENTRY_DTYPE, Integers, Rows, scale_times
from functions.recorder.clip.splice import (
    MAX_REORDERED_PICTURES,
    RunSlice,
    SpliceResult,
    frame_duration_s,
)
from functions.recorder.packets import SOUND, VIDEO

TICKS_PER_S = 90_000
"""Time base of the clip's pictures."""
MP4_CODECS = frozenset({"h264", "hevc", "mjpeg", "aac"})
"""Codecs that players support in MP4; others are written to a QuickTime file."""


@dataclass(frozen=True, slots=True, eq=False)
class MuxPlan:
    """The packets of a clip.

    Attributes:
        rates: The ticks per second of each track.
        tracks: The packets of each track, rows of ENTRY_DTYPE.
        order: The order of all packets in the file: indexes into the tracks, one after the other.
        duration_s, fps, picture_count: Of the visible part.
    """

    container: str
    codecs: tuple[str, ...]
    rates: tuple[int, ...]
    tracks: tuple[Rows, ...]
    order: NDArray[np.uint32]
    duration_s: float
    fps: float
    picture_count: int

    @property
    def has_sound(self) -> bool:
        """Whether the clip has a sound track."""
        return len(self.codecs) > SOUND

    def select(self, start: int, end: int) -> Rows:
        """Returns the packets `start` to `end` (exclusive) in the order of the file."""
        chosen = self.order[start:end]
        picture_count = len(self.tracks[VIDEO])
        is_picture = chosen < picture_count
        entries = np.empty(len(chosen), ENTRY_DTYPE)
        entries[is_picture] = self.tracks[VIDEO][chosen[is_picture]]
        if self.has_sound:
            entries[~is_picture] = self.tracks[SOUND][chosen[~is_picture] - picture_count]
        return entries


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
    has_sound = len(tracks) > SOUND and any(len(part.run.sounds) for part in slices)
    tracks = tracks[: 2 if has_sound else 1]
    origin = _origin(slices, begins_at)
    step = round(frame_duration_s(slices[0].run) * TICKS_PER_S)
    pictures = _trim_tail(_plan_pictures(slices, origin, ends_at), step)
    if not len(pictures):
        return None
    pts_order = np.sort(pictures["pts"].astype(np.int64))
    first, end = int(pts_order[0]), int(pts_order[-1]) + step
    picture_count = int(np.count_nonzero(pts_order >= 0))
    _set_decoding_times(pictures, pts_order, end)
    planned: tuple[Rows, ...] = (pictures,)
    if has_sound:
        planned = (pictures, plan_sounds(slices, origin, Fraction(end, TICKS_PER_S)))
    codecs = tuple(track.codec for track in tracks)
    rates = (TICKS_PER_S, *(track.rate_hz for track in tracks[SOUND:]))
    duration_s = (end - max(0, first)) / TICKS_PER_S
    gaps_s = sum(gap.duration_s for gap in splice_result.gaps)
    return MuxPlan(
        container="mp4" if set(codecs) <= MP4_CODECS else "mov",
        codecs=codecs,
        rates=rates,
        tracks=planned,
        order=_interleave(planned, rates),
        duration_s=round(duration_s, 3),
        fps=round(picture_count / max(step / TICKS_PER_S, duration_s - gaps_s), 3),
        picture_count=picture_count,
    )


def _origin(slices: tuple[RunSlice, ...], begins_at: float | None) -> Fraction:
    """Returns the time in the slices that is zero in the clip."""
    first = slices[0]
    first_pictures = range(first.start, min(first.start + MAX_REORDERED_PICTURES, first.end))
    start = min((first.time_s(n) for n in first_pictures), default=Fraction(0))
    if begins_at is None or first.run.tracks[VIDEO].codec == "mjpeg":
        return start
    hidden = Fraction(begins_at - first.arrived_at(first.start)).limit_denominator(TICKS_PER_S)
    return start + max(Fraction(0), hidden)


def _plan_pictures(slices: tuple[RunSlice, ...], origin: Fraction, ends_at: float | None) -> Rows:
    """Returns the pictures in decoding order, each with a pts of its own, without a dts."""
    pictures = np.zeros(sum(part.end - part.start for part in slices), ENTRY_DTYPE)
    arrivals = np.empty(len(pictures))
    position = 0
    for part in slices:
        rows = part.run.pictures.rows[part.start : part.end]
        chosen = slice(position, position + len(rows))
        position += len(rows)
        pictures["pts"][chosen] = scale_times(
            rows["pts"], part.run.tracks[VIDEO].time_base, part.shift - origin, TICKS_PER_S
        )
        pictures["is_keyframe"][chosen] = rows["is_keyframe"]
        pictures["size_bytes"][chosen] = rows["size_bytes"]
        pictures["offset"][chosen] = part.run.pictures.offsets[part.start : part.end]
        arrivals[chosen] = rows["arrived_at"]
    if ends_at is not None and len(pictures):
        pictures = pictures[: _count_in_time(pictures["pts"].astype(np.int64), arrivals, ends_at)]
    pictures["pts"] = _distinct(pictures["pts"].astype(np.int64))
    return pictures


def _count_in_time(pts: Integers, arrivals: NDArray[np.float64], ends_at: float) -> int:
    """Returns how many pictures stay: in decoding order, up to the last one that arrived in time,
    and the following ones that are shown before one of these. The first stays in any case."""
    in_time = np.flatnonzero(arrivals <= ends_at)
    count = int(in_time[-1]) + 1 if len(in_time) else 1
    following = pts[count : count + MAX_REORDERED_PICTURES] > pts[:count].max()
    return count + (int(following.argmax()) if following.any() else len(following))


def _distinct(pts: Integers) -> Integers:
    """Returns the times, equal ones moved one tick apart: a camera's clock may stand still."""
    order = np.argsort(pts, kind="stable")
    ranks = np.arange(len(pts))
    result = np.empty_like(pts)
    result[order] = np.maximum.accumulate(pts[order] - ranks) + ranks
    return result


def _set_decoding_times(pictures: Rows, pts_order: Integers, end: int) -> None:
    """Sets dts and duration. `pts_order` are the sorted pts.

    No picture may be decoded after it is shown, so all are decoded earlier by the largest delay
    between decoding and display order.
    """
    pts = pictures["pts"].astype(np.int64)
    pictures["dts"] = pts_order - np.max(pts_order - pts)
    next_pts = np.append(pts_order[1:], end)
    pictures["duration"] = next_pts[np.searchsorted(pts_order, pts)] - pts


def _interleave(tracks: tuple[Rows, ...], rates: tuple[int, ...]) -> NDArray[np.uint32]:
    """Returns the order of all packets by dts; of equal ones, the picture is first."""
    times_s = np.concatenate([rows["dts"] / rate for rows, rate in zip(tracks, rates, strict=True)])
    return np.argsort(times_s, kind="stable").astype(np.uint32)


def _trim_tail(pictures: Rows, step: int) -> Rows:
    """Removes pictures at the end whose predecessors in display order are missing.

    A picture is decoded before those that are shown between it and earlier pictures. A recording
    that ends in between has a gap in display order. The picture after the gap is removed, and all
    that are decoded after it, because they may refer to it.
    """
    tail = [int(pts) for pts in pictures["pts"][-MAX_REORDERED_PICTURES:]]
    pts_order = sorted(tail)
    if pts_order == tail:
        return pictures
    behind_gaps = [b for a, b in pairwise(pts_order) if b - a > 1.5 * step]
    cut = next((pts for pts in reversed(behind_gaps) if _is_decoded_early(tail, pts)), None)
    if cut is None:
        return pictures
    count = tail.index(cut)
    while count > 0 and max(tail[:count]) > min(tail[count:]):
        # One that is removed is shown before one that stays: that would be another gap.
        count -= 1
    return pictures[: max(1, len(pictures) - len(tail) + count)]


def _is_decoded_early(tail: list[int], pts: int) -> bool:
    """Whether the picture with this pts is decoded before one that is shown earlier, or is the
    last one: then the pictures in the gap before it did not arrive."""
    position = tail.index(pts)
    return position + 1 == len(tail) or any(other < pts for other in tail[position + 1 :])
