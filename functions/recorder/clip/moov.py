"""Writes the head of a clip from those of its parts: `ftyp`, `moov`, and the header of `mdat`.

FFmpeg wrote a file for each part; the clip is their packets one after the other. The descriptions
of the tracks are those of the first part. Sizes and positions of the packets are those of all
parts, and the times are those of the plan (ISO/IEC 14496-12 §8).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from functions.recorder.clip.clip_sound import PCM_CODECS
from functions.recorder.clip.file_boxes import box, full_box, with_duration
from functions.recorder.clip.mux_plan import MuxPlan
from functions.recorder.clip.track_times import TrackTimes, count_runs
from shared.media.containers.sample_tables import (
    CONTAINER_KINDS,
    HEADER_BYTES,
    SampleTable,
    children,
    find_box,
    read_sample_table,
    read_tracks,
)

_HANDLERS = (b"vide", b"soun")
"""The types of the tracks, in the order of `packets.VIDEO` and `SOUND`."""
_TABLES = (b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stco", b"co64", b"sbgp", b"sdtp")
"""Boxes of `stbl` that depend on the packets."""
_MDAT_HEADER_BYTES = 16
_MAX_U32 = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class PartHead:
    """`data` is what `mux_part` returned; `size_bytes` are those of the part's packets."""

    data: bytes
    size_bytes: int


def write_head(plan: MuxPlan, parts: Iterable[PartHead]) -> bytes:
    """Returns the head of the clip; the packets of the parts follow it.

    Raises:
        ValueError: When the parts do not match the plan.
    """
    ftyp = template = b""
    tracks = [_Track(plan, number) for number in range(len(plan.codecs))]
    body_bytes = 0
    # Of the heads, which are larger than the head of the clip, only the tables are kept.
    for part in parts:
        first = next(children(part.data, 0, len(part.data)))
        moov = part.data[first.end :]
        if not template:
            ftyp, template = part.data[: first.end], moov
        traks = read_tracks(moov)
        for track in tracks:
            track.add_part(traks.get(_HANDLERS[track.number], b""), body_bytes)
        body_bytes += part.size_bytes
    for track in tracks:
        track.finish()
    without_offsets = _write_moov(template, tracks, 0, wide=False)
    chunk_count = sum(len(track.table.chunk_offsets) for track in tracks)
    # With the larger of the two forms of an offset.
    largest_head = len(ftyp) + len(without_offsets) + 4 * chunk_count + _MDAT_HEADER_BYTES
    wide = largest_head + body_bytes > _MAX_U32
    head_bytes = largest_head - (0 if wide else 4 * chunk_count)
    del without_offsets
    moov = _write_moov(template, tracks, head_bytes, wide=wide)
    mdat = struct.pack(">I4sQ", 1, b"mdat", _MDAT_HEADER_BYTES + body_bytes)
    return ftyp + moov + mdat


class _Track:
    """A track of the clip: its description, the times and the positions of its packets."""

    table: SampleTable

    def __init__(self, plan: MuxPlan, number: int) -> None:
        self.is_pcm = plan.codecs[number] in PCM_CODECS
        self.number = number
        self.times = TrackTimes.of(plan.tracks[number], plan.rates[number])
        self.template = b""
        self._tables: list[SampleTable] = []

    def add_part(self, trak: bytes, base: int) -> None:
        """Adds a part that begins `base` bytes after the first. `trak` is empty when it has no
        packets of the track."""
        if trak:
            self.template = self.template or trak
            table = read_sample_table(trak)
            table.chunk_offsets[:] += base
            self._tables.append(table)

    def finish(self) -> None:
        """Sets `table`. Raises ValueError when packets are missing."""
        durations = self.times.durations
        expected = int(durations.sum(dtype=np.int64)) if self.is_pcm else len(durations)
        if sum(table.count for table in self._tables) != expected:
            raise ValueError("The parts have other packets than the plan.")
        self.table = _concatenate(self._tables)
        self._tables.clear()

    def tables(self, base: int, *, wide: bool) -> list[bytes]:
        """Returns the boxes of `stbl` for packets that begin at `base`."""
        table, times = self.table, self.times
        if self.is_pcm:
            boxes = [full_box(b"stts", np.array([[table.count, 1]], ">u4"))]
        else:
            boxes = times.boxes()
        counts, values = count_runs(table.chunk_counts)
        firsts = 1 + np.cumsum(counts) - counts
        stsc = np.stack([firsts, values, np.ones_like(values)], axis=1)
        boxes.append(full_box(b"stsc", stsc.astype(">u4")))
        sizes = struct.pack(">III", 0, table.sample_size, table.count)
        boxes.append(box(b"stsz", sizes, table.sizes.astype(">u4").tobytes()))
        offsets = (table.chunk_offsets + base).astype(">u8" if wide else ">u4")
        boxes.append(full_box(b"co64" if wide else b"stco", offsets))
        return boxes


def _concatenate(tables: Sequence[SampleTable]) -> SampleTable:
    """Returns one table of all samples, whose count was checked."""
    sample_sizes = {table.sample_size for table in tables}
    sizes = np.empty(0, np.uint32)
    if len(sample_sizes) > 1 or 0 in sample_sizes:
        sizes = np.concatenate(
            [
                np.full(table.count, table.sample_size, np.uint32)
                if table.sample_size
                else table.sizes
                for table in tables
            ]
        )
    return SampleTable(
        sum(table.count for table in tables),
        0 if len(sizes) else sample_sizes.pop(),
        sizes,
        np.concatenate([table.chunk_offsets for table in tables]),
        np.concatenate([table.chunk_counts for table in tables]),
    )


def _write_moov(template: bytes, tracks: Sequence[_Track], base: int, *, wide: bool) -> bytes:
    mvhd = find_box(template, (b"mvhd",))
    if mvhd is None:
        raise ValueError("The part has no movie header.")
    # Version 0: version and flags, creation, modification, time scale.
    (timescale,) = struct.unpack_from(">I", template, mvhd.begin + 12)
    duration = max(track.times.end(timescale) for track in tracks)
    payload = template[mvhd.begin : mvhd.end]
    boxes = [
        box(b"mvhd", with_duration(payload, duration)[:-4] + struct.pack(">I", len(tracks) + 1))
    ]
    boxes += [_write_box(track.template, track, timescale, base, wide) for track in tracks]
    boxes += [
        template[child.start : child.end]
        for child in children(template, HEADER_BYTES, len(template))
        if child.kind not in (b"mvhd", b"trak")
    ]
    return box(b"moov", *boxes)


def _write_box(data: bytes, track: _Track, timescale: int, base: int, wide: bool) -> bytes:
    """Returns a box of a track's template with the times and tables of the clip."""
    kind, payload = data[4:8], data[HEADER_BYTES:]
    if kind == b"tkhd":
        # Version 0: version and flags, creation, modification, id, reserved.
        payload = payload[:12] + struct.pack(">I", track.number + 1) + payload[16:]
        return box(kind, with_duration(payload, track.times.end(timescale), between=8))
    if kind == b"mdhd":
        return box(kind, with_duration(payload, int(track.times.durations.sum(dtype=np.int64))))
    if kind == b"edts":
        return box(kind, track.times.edit_list(timescale))
    if kind not in CONTAINER_KINDS:
        return data
    boxes = [
        _write_box(data[child.start : child.end], track, timescale, base, wide)
        for child in children(data, HEADER_BYTES, len(data))
        if child.kind not in _TABLES
    ]
    if kind == b"stbl":
        boxes += track.tables(base, wide=wide)
        if any(written[4:8] == b"sgpd" for written in boxes):
            # All frames of AAC need the one before them: the group that FFmpeg describes.
            group = np.array([[track.table.count, 1]], ">u4")
            boxes.append(full_box(b"sbgp", group, fields=b"roll"))
    return box(kind, *boxes)
