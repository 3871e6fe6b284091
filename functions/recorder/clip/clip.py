"""The clip of a recording: its segments joined by copy, in bounded memory however long."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from functions.recorder.capture.segments import ConnectionKey, IndexRow, Segment, read_index
from functions.recorder.clip.mux import mux
from functions.recorder.clip.mux_plan import TICKS_PER_S, MuxPlan, plan_mux
from functions.recorder.clip.splice import PacketRun, SpliceResult, splice
from functions.recorder.packets import SOUND, VIDEO, Track
from shared.cameras.recording import Recording, clip_prefix
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import Source, run_in_sandbox
from shared.pipeline import FUNCTIONS, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import write_once

BLOCK_BYTES = 1 << 20
_TYPES = {"mp4": ("mp4", "video/mp4"), "mov": ("mov", "video/quicktime")}


@dataclass(frozen=True, slots=True)
class ConcatReader:
    """Objects laid end to end, as if they were one file."""

    objects: tuple[StoredObject, ...]
    offsets: tuple[int, ...]

    @classmethod
    def of(cls, objects: Iterable[StoredObject]) -> ConcatReader:
        """Lay them in this order."""
        kept = tuple(objects)
        starts, at = [], 0
        for one in kept:
            starts.append(at)
            at += one.size_bytes
        return cls(kept, tuple(starts))

    @property
    def size_bytes(self) -> int:
        """All of them together."""
        return self.offsets[-1] + self.objects[-1].size_bytes if self.objects else 0

    def open(self, store: ObjectStore) -> Callable[[int, int], bytes]:
        """A function of (offset, length) over the whole shelf."""
        readers = [
            store.range_reader(Bucket.WORK, one.name, one.generation) for one in self.objects
        ]

        def read(offset: int, length: int) -> bytes:
            data = bytearray()
            number = bisect_right(self.offsets, offset) - 1
            while len(data) < length:
                here = offset + len(data) - self.offsets[number]
                most = min(length - len(data), self.objects[number].size_bytes - here)
                if most > 0:
                    data += readers[number](here, most)
                number += 1
            return bytes(data)

        return read


def collect_runs(
    segments: Iterable[Segment], objects: ObjectStore
) -> tuple[list[PacketRun], ConcatReader]:
    """Segments of each connection in a row, and where their packets lie. A connection of which a
    segment is missing is several runs."""
    ordered = sorted(segments, key=lambda one: (one.key.epoch, one.key.token, one.key.connection,
                                                one.number))  # fmt: skip
    shelf = ConcatReader.of(
        place for one in ordered for place in (one.video, one.sound) if place is not None
    )
    starts = dict(zip((one.name for one in shelf.objects), shelf.offsets, strict=True))
    runs: dict[tuple[ConnectionKey, int], tuple[tuple[Track, ...], list[IndexRow], list[int]]] = {}
    behind: dict[ConnectionKey, int] = defaultdict(int)
    for one in ordered:
        index = objects.range_reader(Bucket.WORK, one.index.name, one.index.generation)
        tracks, rows = read_index(index(0, one.index.size_bytes))
        # Where numbers have a hole, and where a camera's pictures change, another run begins.
        broken = one.number - behind[one.key]
        behind[one.key] = one.number
        number = max((n for key, n in runs if key == one.key), default=0)
        known = runs.get((one.key, number))
        if known is not None and (broken > 1 or known[0][VIDEO] != tracks[VIDEO]):
            number += 1
        _, all_rows, places = runs.setdefault((one.key, number), (tracks, [], []))
        at = {VIDEO: starts[one.video.name], SOUND: starts[one.sound.name] if one.sound else 0}
        for row in rows:
            places.append(at[row.track])
            at[row.track] += row.size_bytes
        all_rows += rows
    return [PacketRun(*one) for one in runs.values()], shelf


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip as the recording's document tells of it. `path` is its name in the bucket of outputs;
    the names are those that people expect of a recorder."""

    path: str
    generation: int
    size_bytes: int
    content_type: str
    duration_sec: float
    fps: float
    width: int
    height: int
    codec: str
    audio_codec: str | None
    gaps: list[dict[str, float]]
    skipped_run_count: int

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a document."""
        return asdict(self)


def make_clip(
    recording: Recording,
    segments: Iterable[Segment],
    objects: ObjectStore,
    *,
    attempt: int,
    should_stop: Callable[[], bool],
) -> tuple[StoredObject, Clip] | None:
    """Join what was recorded; None when there is no picture."""
    runs, shelf = collect_runs(segments, objects)
    found = splice(runs)
    plan = plan_mux(found, _seconds(recording.started_at), _ends_at(recording))
    if plan is None:
        return None
    tracks = found.pieces[0].run.tracks[: 2 if plan.has_sound else 1]
    suffix, content_type = _TYPES[plan.container]
    folder = clip_prefix(recording.id)
    spec = hashlib.sha256(plan.entries).hexdigest()[:32]
    body = f"{folder}{attempt}.body"
    with objects.create(Bucket.OUTPUTS, body, content_type=content_type, spec=spec) as writer:
        worked = run_in_sandbox(
            mux,
            plan.container,
            tuple(one.codec for one in tracks),
            (TICKS_PER_S, *(one.rate_hz for one in tracks[1:])),
            plan.entries,
            source=Source(shelf.open(objects), shelf.size_bytes, BLOCK_BYTES),
            sink=writer,
            limits=Limits.for_function(FUNCTIONS["recorder"]),
            should_stop=should_stop,
            label="clip",
        )
    parts = [_head(objects, f"{folder}{attempt}.head", worked.value, spec)]
    if writer.stored_object.size_bytes:
        parts.append(writer.stored_object)
    name = f"{folder}{spec[:12]}/clip.{suffix}"
    stored, _ = objects.compose(Bucket.OUTPUTS, name, parts, content_type=content_type, spec=spec)
    for one in (parts[0], writer.stored_object):
        objects.delete(one.bucket, one.name, one.generation)
    return stored, _told(stored, plan, found, tracks)


def _head(objects: ObjectStore, name: str, data: bytes, spec: str) -> StoredObject:
    kind = "application/octet-stream"
    return write_once(objects, Bucket.OUTPUTS, name, data, content_type=kind, spec=spec)


def _told(
    stored: StoredObject, plan: MuxPlan, found: SpliceResult, tracks: tuple[Track, ...]
) -> Clip:
    video = tracks[VIDEO]
    return Clip(
        path=stored.name,
        generation=stored.generation,
        size_bytes=stored.size_bytes,
        content_type=stored.content_type,
        duration_sec=plan.duration_s,
        fps=plan.fps,
        width=video.width,
        height=video.height,
        codec=video.codec,
        audio_codec=tracks[SOUND].codec if plan.has_sound else None,
        gaps=[asdict(one) for one in found.gaps],
        skipped_run_count=found.skipped_run_count,
    )


def _ends_at(recording: Recording) -> float | None:
    """What arrived later is not in the clip, though it may be recorded."""
    ends = _seconds(recording.ended_at)
    if recording.started_at is None:
        return ends
    most = recording.started_at.timestamp() + recording.request.max_duration_s
    return most if ends is None else min(ends, most)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
