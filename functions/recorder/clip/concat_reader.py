"""Reads the objects of a recording's segments as one file, and their packets as runs."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from functions.recorder.capture.segments import ConnectionKey, IndexRow, Segment, read_index
from functions.recorder.clip.splice import PacketRun
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


def collect_runs(
    segments: Iterable[Segment], objects: ObjectStore
) -> tuple[list[PacketRun], ConcatReader]:
    """Returns the packets of each connection in order, and the file that their offsets refer to.

    A connection is split into several runs where a segment is missing or its pictures change.
    """
    ordered = sorted(
        segments,
        key=lambda segment: (
            segment.key.epoch, segment.key.token, segment.key.connection, segment.number,
        ),
    )  # fmt: skip
    reader = ConcatReader.of(
        stored
        for segment in ordered
        for stored in (segment.video, segment.sound)
        if stored is not None
    )
    starts = dict(zip((stored.name for stored in reader.objects), reader.offsets, strict=True))
    runs: dict[tuple[ConnectionKey, int], tuple[tuple[Track, ...], list[IndexRow], list[int]]] = {}
    last_numbers: dict[ConnectionKey, int] = defaultdict(int)
    for segment in ordered:
        index = segment.index
        read = objects.range_reader(Bucket.WORK, index.name, index.generation)
        tracks, rows = read_index(read(0, index.size_bytes))
        step = segment.number - last_numbers[segment.key]
        last_numbers[segment.key] = segment.number
        run_number = max((n for key, n in runs if key == segment.key), default=0)
        run = runs.get((segment.key, run_number))
        if run is not None and (step > 1 or run[0][VIDEO] != tracks[VIDEO]):
            run_number += 1
        _, run_rows, run_offsets = runs.setdefault((segment.key, run_number), (tracks, [], []))
        offsets = {
            VIDEO: starts[segment.video.name],
            SOUND: starts[segment.sound.name] if segment.sound else 0,
        }
        for row in rows:
            run_offsets.append(offsets[row.track])
            offsets[row.track] += row.size_bytes
        run_rows += rows
    return [PacketRun(*run) for run in runs.values()], reader
