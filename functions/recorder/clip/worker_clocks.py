"""Aligns the times of arrival of workers whose machine's clock was set between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from functions.recorder.clip.splice import PacketRun, PacketTable
from functions.recorder.clock import MAX_GAP_S, MAX_HANDOVER_S


def align_clocks(runs: Sequence[PacketRun]) -> tuple[list[PacketRun], float]:
    """Returns the runs with pictures, by one clock: that of the first worker. Also returns the
    seconds by which the times of the last worker were changed.

    Within one worker no clock is set, and workers follow each other without a break of more than
    MAX_GAP_S. Where times contradict that, the later worker begins when the earlier one ends.
    """
    by_epoch: dict[int, list[PacketRun]] = defaultdict(list)
    for run in runs:
        if len(run.pictures):
            by_epoch[run.epoch].append(run)
    aligned: list[PacketRun] = []
    shift_s = 0.0
    previous: tuple[float, float] | None = None
    for epoch in sorted(by_epoch):
        arrivals = [run.pictures.rows["arrived_at"] for run in by_epoch[epoch]]
        first, last = (
            float(min(rows[0] for rows in arrivals)),
            float(max(rows[-1] for rows in arrivals)),
        )
        shift_s = 0.0
        if previous is not None and not (
            previous[0] - MAX_HANDOVER_S <= first <= previous[1] + MAX_GAP_S
        ):
            shift_s = previous[1] - first
        aligned += [_shift(run, shift_s) if shift_s else run for run in by_epoch[epoch]]
        previous = first + shift_s, last + shift_s
    return aligned, shift_s


def _shift(run: PacketRun, shift_s: float) -> PacketRun:
    return replace(
        run, pictures=_shift_table(run.pictures, shift_s), sounds=_shift_table(run.sounds, shift_s)
    )


def _shift_table(table: PacketTable, shift_s: float) -> PacketTable:
    rows = table.rows.copy()
    rows["arrived_at"] += shift_s
    return PacketTable(rows, table.offsets)
