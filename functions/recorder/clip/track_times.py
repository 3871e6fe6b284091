"""The times of a track's packets, as the boxes of a file hold them (ISO/IEC 14496-12 §8.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.recorder.clip.entries import Integers, Rows
from functions.recorder.clip.file_boxes import full_box

_MAX_U32 = (1 << 32) - 1


@dataclass(frozen=True, slots=True, eq=False)
class TrackTimes:
    """The packets of a track in decoding order.

    Attributes:
        rate: Ticks per second.
        durations: From each packet's decoding time to the next.
        delays: From each packet's decoding time to its presentation time.
        keyframes: Whether decoding can begin there.
        start_dts, start_pts: Of the first packet.
        end_pts: When the last packet that is shown ends.
    """

    rate: int
    durations: NDArray[np.uint32]
    delays: NDArray[np.uint32]
    keyframes: NDArray[np.bool_]
    start_dts: int
    start_pts: int
    end_pts: int

    @classmethod
    def of(cls, rows: Rows, rate: int) -> TrackTimes:
        """Returns the times of a track. Raises ValueError when they do not fit into a file."""
        dts, pts = rows["dts"].astype(np.int64), rows["pts"].astype(np.int64)
        return cls(
            rate,
            _to_u32(np.append(np.diff(dts), int(rows["duration"][-1]))),
            _to_u32(pts - dts),
            rows["is_keyframe"].astype(np.bool_),
            int(dts[0]),
            int(pts[0]),
            int((pts + rows["duration"]).max()),
        )

    def end(self, timescale: int) -> int:
        """Returns the end of the track in the clip, in units of `timescale`, rounded up."""
        return -(-max(0, self.end_pts) * timescale // self.rate)

    def edit_list(self, timescale: int) -> bytes:
        """Returns the `elst` box, as FFmpeg writes it: what is before zero is not shown, and a
        track that begins later waits."""
        duration = -(-(self.end_pts - self.start_pts) * timescale // self.rate)
        delay = self.start_pts * timescale // self.rate
        if delay > 0:
            edits = [(delay, -1), (duration, self.start_pts - self.start_dts)]
        else:
            edits = [(duration + delay, max(0, -self.start_dts))]
        rows = np.zeros(len(edits), [("duration", ">u8"), ("start", ">i8"), ("speed", ">u4")])
        rows["duration"], rows["start"] = zip(*edits, strict=True)
        rows["speed"] = 1 << 16
        return full_box(b"elst", rows, version=1)

    def boxes(self) -> list[bytes]:
        """Returns `stts`, and if necessary `ctts` and `stss`."""
        boxes = [_runs_box(b"stts", self.durations)]
        if self.delays.any():
            boxes.append(_runs_box(b"ctts", self.delays))
        if not self.keyframes.all():
            numbers = np.flatnonzero(self.keyframes) + 1
            boxes.append(full_box(b"stss", numbers.astype(">u4")))
        return boxes


def count_runs(values: NDArray[np.generic]) -> tuple[Integers, NDArray[np.generic]]:
    """Returns the lengths and the values of runs of equal values."""
    starts = np.append(0, np.flatnonzero(values[1:] != values[:-1]) + 1)
    return np.diff(np.append(starts, len(values))), values[starts]


def _to_u32(values: Integers) -> NDArray[np.uint32]:
    if values.min() < 0 or values.max() > _MAX_U32:
        raise ValueError("The times of the packets do not fit into a file.")
    return values.astype(np.uint32)


def _runs_box(kind: bytes, values: NDArray[np.uint32]) -> bytes:
    return full_box(kind, np.stack(count_runs(values), axis=1).astype(">u4"))
