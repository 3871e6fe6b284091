"""Reads the objects of a recording's segments as one file, and their packets as runs."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from functions.recorder.capture.segments import INDEX_DTYPE, ConnectionKey, Segment, read_index
from functions.recorder.clip.entries import PacketRun, PacketTable
from functions.recorder.packets import SOUND, VIDEO, Track
from shared.pipeline import Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject


@dataclass(frozen=True, slots=True)
class ConcatReader:
    """Objects read as one concatenated file. `offsets` are where each object starts in it."""

    objects: tuple[StoredObject, ...]
    offsets: tuple[int, ...]

    @classmethod
    def of(cls, objects: Iterable[StoredObject]) -> ConcatReader:
        """Concatenates the objects in this order."""
        ordered = tuple(objects)
        offsets, size_bytes = [], 0
        for stored in ordered:
            offsets.append(size_bytes)
            size_bytes += stored.size_bytes
        return cls(ordered, tuple(offsets))

    @property
    def size_bytes(self) -> int:
        """The size of all objects together."""
        return self.offsets[-1] + self.objects[-1].size_bytes if self.objects else 0

    def open(self, store: ObjectStore) -> Callable[[int, int], bytes]:
        """Returns a function of (offset, length) that reads the concatenated file."""
        readers = [
            store.range_reader(Bucket.WORK, stored.name, stored.generation)
            for stored in self.objects
        ]

        def read(offset: int, length: int) -> bytes:
            data = bytearray()
            number = bisect_right(self.offsets, offset) - 1
            while len(data) < length:
                start = offset + len(data) - self.offsets[number]
                available = min(length - len(data), self.objects[number].size_bytes - start)
                if available > 0:
                    data += readers[number](start, available)
                number += 1
            return bytes(data)

        return read


class _RunBuilder:
    """The packets of one run, as tables of its segments."""

    def __init__(self, tracks: tuple[Track, ...], epoch: int) -> None:
        self.tracks = tracks
        self._epoch = epoch
        self._tables: dict[int, list[PacketTable]] = {VIDEO: [], SOUND: []}

    def add(self, track: int, table: PacketTable) -> None:
        self._tables[track].append(table)

    def build(self) -> PacketRun:
        """Returns the run. The tables of the segments are released."""
        pictures, sounds = (self._concatenate(track) for track in (VIDEO, SOUND))
        return PacketRun(self.tracks, pictures, sounds, self._epoch)

    def _concatenate(self, track: int) -> PacketTable:
        tables = self._tables.pop(track)
        return PacketTable(
            np.concatenate([np.empty(0, INDEX_DTYPE), *(table.rows for table in tables)]),
            np.concatenate([np.empty(0, np.int64), *(table.offsets for table in tables)]),
        )


def collect_runs(
    segments: Iterable[Segment], objects: ObjectStore
) -> tuple[list[PacketRun], ConcatReader]:
    """Returns the packets of each connection in order, and the file that their offsets refer to.

    A connection is split into several runs where a segment is missing or its pictures change.
    """
    ordered = sort_segments(segments)
    reader = ConcatReader.of(
        stored
        for segment in ordered
        for stored in (segment.video, segment.sound)
        if stored is not None
    )
    starts = dict(zip((stored.name for stored in reader.objects), reader.offsets, strict=True))
    runs: dict[tuple[ConnectionKey, int], _RunBuilder] = {}
    last_numbers: dict[ConnectionKey, int] = defaultdict(int)
    for segment in ordered:
        index = segment.index
        read = objects.range_reader(Bucket.WORK, index.name, index.generation)
        tracks, rows = read_index(read(0, index.size_bytes))
        step = segment.number - last_numbers[segment.key]
        last_numbers[segment.key] = segment.number
        run_number = max((n for key, n in runs if key == segment.key), default=0)
        run = runs.get((segment.key, run_number))
        if run is not None and (step > 1 or run.tracks[VIDEO] != tracks[VIDEO]):
            run_number += 1
        run = runs.setdefault((segment.key, run_number), _RunBuilder(tracks, segment.key.epoch))
        for track, stored in ((VIDEO, segment.video), (SOUND, segment.sound)):
            if stored is not None:
                track_rows = rows[rows["track"] == track]
                sizes = track_rows["size_bytes"].astype(np.int64)
                offsets = starts[stored.name] + np.cumsum(sizes) - sizes
                run.add(track, PacketTable(track_rows, offsets))
    return [run.build() for run in runs.values()], reader


def sort_segments(segments: Iterable[Segment]) -> list[Segment]:
    """Returns the segments by connection and number."""
    return sorted(
        segments,
        key=lambda segment: (
            segment.key.epoch, segment.key.token, segment.key.connection, segment.number,
        ),
    )  # fmt: skip
