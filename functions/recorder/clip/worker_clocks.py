"""Removes from recorded packets what a clock was set by, in the camera or in a worker's machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from functions.recorder.clip.entries import Integers, PacketRun, PacketTable
from functions.recorder.clock import MAX_GAP_S, MAX_HANDOVER_S
from functions.recorder.packets import SOUND, VIDEO, Track


def align_clocks(runs: Sequence[PacketRun]) -> tuple[list[PacketRun], float]:
    """Returns the runs with pictures, by one clock: that of the first worker. Also returns the
    seconds that were added to the times of the last worker.

    Within a run, times that rise by more than MAX_GAP_S go on with the next picture. Workers follow
    each other without a break of more than MAX_GAP_S; where times contradict that, the later worker
    begins when the earlier one ends.
    """
    by_epoch: dict[int, list[PacketRun]] = defaultdict(list)
    for run in runs:
        if len(run.pictures):
            by_epoch[run.epoch].append(_without_jumps(run))
    aligned: list[PacketRun] = []
    shift_s = 0.0
    previous: tuple[float, float] | None = None
    for epoch in sorted(by_epoch):
        arrivals = [run.pictures.rows["arrived_at"] for run in by_epoch[epoch]]
        first = float(min(rows[0] for rows in arrivals))
        last = float(max(rows[-1] for rows in arrivals))
        shift_s = 0.0
        if previous is not None and not (
            previous[0] - MAX_HANDOVER_S <= first <= previous[1] + MAX_GAP_S
        ):
            shift_s = previous[1] - first
        aligned += [_shift(run, shift_s) if shift_s else run for run in by_epoch[epoch]]
        previous = first + shift_s, last + shift_s
    return aligned, shift_s


def _shift(run: PacketRun, shift_s: float) -> PacketRun:
    pictures = _change(run.pictures, arrived_at=run.pictures.rows["arrived_at"] + shift_s)
    sounds = _change(run.sounds, arrived_at=run.sounds.rows["arrived_at"] + shift_s)
    return replace(run, pictures=pictures, sounds=sounds)


def _without_jumps(run: PacketRun) -> PacketRun:
    """Returns the run without jumps of its clocks, which earlier versions recorded."""
    tables = [_close_table(run.pictures, run.tracks[VIDEO])]
    tables += [_close_table(run.sounds, track) for track in run.tracks[SOUND:]]
    sounds = tables[SOUND] if len(tables) > SOUND else run.sounds
    return replace(run, pictures=tables[VIDEO], sounds=sounds)


def _close_table(table: PacketTable, track: Track) -> PacketTable:
    max_ticks = int(MAX_GAP_S / track.time_base)
    pts = _close_jumps(table.rows["pts"].astype(np.int64), max_ticks, max_ticks)
    if pts is not None:
        table = _change(table, pts=pts)
    milliseconds = np.rint(table.rows["arrived_at"] * 1000).astype(np.int64)
    arrivals = _close_jumps(milliseconds, int(MAX_GAP_S * 1000), int(MAX_HANDOVER_S * 1000))
    return table if arrivals is None else _change(table, arrived_at=arrivals / 1000)


def _close_jumps(times: Integers, max_rise: int, max_fall: int) -> Integers | None:
    """Returns the times without jumps, each replaced by the usual step; None when there is none."""
    steps = np.diff(times)
    is_jump = (steps > max_rise) | (steps < -max_fall)
    if not is_jump.any():
        return None
    usual = steps[~is_jump & (steps > 0)]
    step = int(np.median(usual)) if len(usual) else 1
    closed = times.copy()
    closed[1:] -= np.cumsum(np.where(is_jump, steps - step, 0))
    return closed


def _change(table: PacketTable, **columns: Any) -> PacketTable:
    rows = table.rows.copy()
    for name, values in columns.items():
        rows[name] = values
    return replace(table, rows=rows)
