"""Plans the sound of a clip, for as long as the pictures of each slice are shown."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from functions.recorder.clip.entries import (
    ENTRY_DTYPE,
    SILENCE,
    Integers,
    Rows,
    concatenate,
    scale_times,
)
from functions.recorder.clip.splice import RunSlice
from functions.recorder.packets import SOUND, Track

PCM_CODECS = frozenset({"pcm_alaw", "pcm_mulaw"})
"""Codecs without frames: a file has no times for them but the number of samples before."""
MAX_DRIFT_S = Fraction(1, 50)
"""By how much G.711 may lead the pictures before silence takes the place of missing packets."""
_LONG_AGO = np.iinfo(np.int64).min


def plan_sounds(slices: tuple[RunSlice, ...], origin: Fraction, end: Fraction) -> Rows:
    """Returns the packets of the sound. `end` (seconds) is when the last picture ends."""
    track = slices[0].run.tracks[SOUND]
    parts: list[Rows] = []
    last_pts: int = _LONG_AGO
    for number, part in enumerate(slices):
        run = part.run
        if len(run.tracks) <= SOUND or run.tracks[SOUND].rate_hz != track.rate_hz:
            continue
        slice_start = Fraction(0) if not number else part.time_s(part.start) - origin
        slice_end = end
        if number + 1 < len(slices):
            following = slices[number + 1]
            slice_end = following.time_s(following.start) - origin
        sounds = _plan_slice(part, origin, slice_start, slice_end, last_pts)
        if len(sounds):
            last_pts = int(sounds["pts"][-1])
            parts.append(sounds)
    planned = concatenate(parts)
    return _fill_with_silence(planned, track) if track.codec in PCM_CODECS else planned


def _plan_slice(
    part: RunSlice, origin: Fraction, start: Fraction, end: Fraction, last_pts: int
) -> Rows:
    """Returns the packets from `start` to `end` that follow `last_pts`."""
    track, rows = part.run.tracks[SOUND], part.run.sounds.rows
    rate = track.rate_hz
    if not len(rows):
        return np.empty(0, ENTRY_DTYPE)
    pts = scale_times(rows["pts"], track.time_base, part.shift - origin, rate)
    kept = (pts >= max(round(start * rate), last_pts + 1)) & (pts < round(end * rate))
    # Of packets whose time does not increase, only the first stays.
    latest = np.maximum.accumulate(np.where(kept, pts, _LONG_AGO))
    kept[1:] &= pts[1:] > latest[:-1]
    sounds = np.zeros(int(np.count_nonzero(kept)), ENTRY_DTYPE)
    sounds["track"], sounds["is_keyframe"] = SOUND, 1
    sounds["pts"] = sounds["dts"] = pts[kept]
    steps = np.diff(rows["pts"].astype(np.int64))
    sounds["duration"] = np.clip(np.append(steps, steps[-1:] if len(steps) else 0), 0, rate)[kept]
    sounds["offset"] = part.run.sounds.offsets[kept]
    sounds["size_bytes"] = rows["size_bytes"][kept]
    return sounds


def _fill_with_silence(sounds: Rows, track: Track) -> Rows:
    """Returns G.711 without missing samples: later sound would be played too early."""
    if not len(sounds):
        return sounds
    pts = sounds["pts"].astype(np.int64)
    samples = sounds["size_bytes"].astype(np.int64) // track.channels
    positions = int(pts[0]) + np.cumsum(samples) - samples
    unit = int(track.rate_hz * MAX_DRIFT_S)
    missing = np.maximum.accumulate(np.maximum(pts - positions, 0)) // unit * unit
    sounds["pts"] = sounds["dts"] = positions + missing
    sounds["duration"] = samples
    added = np.diff(missing, prepend=0)
    parts: list[Rows] = []
    begin = 0
    for n in np.flatnonzero(added).tolist():
        parts += [sounds[begin:n], _silence(int(sounds["pts"][n]), int(added[n]), track)]
        begin = n
    return concatenate([*parts, sounds[begin:]])


def _silence(end: int, samples: int, track: Track) -> Rows:
    """Returns silence that ends at `end`, in packets of a second."""
    starts: Integers = np.arange(end - samples, end, track.rate_hz, dtype=np.int64)
    rows = np.zeros(len(starts), ENTRY_DTYPE)
    rows["track"], rows["is_keyframe"] = SOUND, 1
    rows["pts"] = rows["dts"] = starts
    rows["duration"] = np.diff(np.append(starts, end))
    rows["offset"] = SILENCE
    rows["size_bytes"] = rows["duration"] * track.channels
    return rows
