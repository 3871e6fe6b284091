"""The clip of a recording: its segments joined by copy, in bounded memory however long."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from functions.recorder.capture.segments import Row, RunKey, Segment, read_index
from functions.recorder.clip.mux import mux
from functions.recorder.clip.mux_plan import TICKS, MuxPlan, mux_plan
from functions.recorder.clip.splice import Run, Spliced, spliced
from functions.recorder.packets import SOUND, VIDEO, Track
from shared.cameras.recording import Recording, clip_prefix
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import Source, confined
from shared.pipeline import STAGES, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import write_once

BLOCK_BYTES = 1 << 20
_TYPES = {"mp4": ("mp4", "video/mp4"), "mov": ("mov", "video/quicktime")}


@dataclass(frozen=True, slots=True)
class Shelf:
    """Objects laid end to end, as if they were one file."""

    places: tuple[StoredObject, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, places: Iterable[StoredObject]) -> Shelf:
        """Lay them in this order."""
        kept = tuple(places)
        starts, at = [], 0
        for one in kept:
            starts.append(at)
            at += one.size_bytes
        return cls(kept, tuple(starts))

    @property
    def size_bytes(self) -> int:
        """All of them together."""
        return self.starts[-1] + self.places[-1].size_bytes if self.places else 0

    def reading(self, objects: ObjectStore) -> Callable[[int, int], bytes]:
        """A function of (offset, length) over the whole shelf."""
        readers = [objects.read_at(Bucket.WORK, one.name, one.generation) for one in self.places]

        def read(offset: int, length: int) -> bytes:
            data = bytearray()
            number = bisect_right(self.starts, offset) - 1
            while len(data) < length:
                here = offset + len(data) - self.starts[number]
                most = min(length - len(data), self.places[number].size_bytes - here)
                if most > 0:
                    data += readers[number](here, most)
                number += 1
            return bytes(data)

        return read


def gathered(segments: Iterable[Segment], objects: ObjectStore) -> tuple[list[Run], Shelf]:
    """Segments of each connection in a row, and where their packets lie. A connection of which a
    segment is missing is several runs."""
    ordered = sorted(segments, key=lambda one: (one.key.epoch, one.key.token, one.key.connection,
                                                one.number))  # fmt: skip
    shelf = Shelf.of(
        place for one in ordered for place in (one.video, one.sound) if place is not None
    )
    starts = dict(zip((one.name for one in shelf.places), shelf.starts, strict=True))
    runs: dict[tuple[RunKey, int], tuple[tuple[Track, ...], list[Row], list[int]]] = {}
    behind: dict[RunKey, int] = defaultdict(int)
    for one in ordered:
        index = objects.read_at(Bucket.WORK, one.index.name, one.index.generation)
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
    return [Run(*one) for one in runs.values()], shelf


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
    left_out: int

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
    runs, shelf = gathered(segments, objects)
    found = spliced(runs)
    plan = mux_plan(found, _seconds(recording.started_at), _ends_at(recording))
    if plan is None:
        return None
    tracks = found.pieces[0].run.tracks[: 2 if plan.has_sound else 1]
    suffix, content_type = _TYPES[plan.container]
    folder = clip_prefix(recording.id)
    spec = hashlib.sha256(plan.entries).hexdigest()[:32]
    body = f"{folder}{attempt}.body"
    with objects.create(Bucket.OUTPUTS, body, content_type=content_type, spec=spec) as writer:
        worked = confined(
            mux,
            plan.container,
            tuple(one.codec for one in tracks),
            (TICKS, *(one.rate_hz for one in tracks[1:])),
            plan.entries,
            source=Source(shelf.reading(objects), shelf.size_bytes, BLOCK_BYTES),
            sink=writer,
            limits=Limits.of(STAGES["recorder"]),
            should_stop=should_stop,
            label="clip",
        )
    parts = [_head(objects, f"{folder}{attempt}.head", worked.value, spec)]
    if writer.stored.size_bytes:
        parts.append(writer.stored)
    name = f"{folder}{spec[:12]}/clip.{suffix}"
    stored, _ = objects.compose(Bucket.OUTPUTS, name, parts, content_type=content_type, spec=spec)
    for one in (parts[0], writer.stored):
        objects.remove(one.bucket, one.name, one.generation)
    return stored, _told(stored, plan, found, tracks)


def _head(objects: ObjectStore, name: str, data: bytes, spec: str) -> StoredObject:
    kind = "application/octet-stream"
    return write_once(objects, Bucket.OUTPUTS, name, data, content_type=kind, spec=spec)


def _told(stored: StoredObject, plan: MuxPlan, found: Spliced, tracks: tuple[Track, ...]) -> Clip:
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
        left_out=found.left_out,
    )


def _ends_at(recording: Recording) -> float | None:
    """What arrived later is not in the clip, though it may be recorded."""
    ends = _seconds(recording.ended_at)
    if recording.started_at is None:
        return ends
    most = recording.started_at.timestamp() + recording.wish.max_duration_s
    return most if ends is None else min(ends, most)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
