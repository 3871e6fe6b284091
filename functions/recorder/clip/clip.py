"""Makes the clip of a recording: its segments joined without encoding, in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from functions.recorder.capture.segments import Segment
from functions.recorder.clip.concat_reader import collect_runs
from functions.recorder.clip.mux import mux
from functions.recorder.clip.mux_plan import TICKS_PER_S, MuxPlan, plan_mux
from functions.recorder.clip.splice import SpliceResult, splice
from functions.recorder.packets import SOUND, VIDEO, Track
from shared.cameras.recording import Recording, clip_prefix
from shared.media.sandbox.child import Limits
from shared.media.sandbox.run import Source, run_in_sandbox
from shared.pipeline import FUNCTIONS, Bucket
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import write_once

BLOCK_BYTES = 1 << 20
_CONTENT_TYPES = {"mp4": "video/mp4", "mov": "video/quicktime"}


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip as the recording's document describes it. `path` is its name in the outputs bucket.
    The field names are those that users of recorders know."""

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
        """Returns the form in which documents store it."""
        return asdict(self)


def make_clip(
    recording: Recording,
    segments: Iterable[Segment],
    objects: ObjectStore,
    *,
    attempt: int,
    should_stop: Callable[[], bool],
) -> tuple[StoredObject, Clip] | None:
    """Joins the segments into a clip. Returns None when they contain no picture.

    Muxing sends the body first and yields the head last, so both are objects of their own, and a
    compose puts the head in front.
    """
    runs, reader = collect_runs(segments, objects)
    spliced = splice(runs)
    plan = plan_mux(spliced, _timestamp(recording.started_at), _ends_at(recording))
    if plan is None:
        return None
    tracks = spliced.slices[0].run.tracks[: 2 if plan.has_sound else 1]
    content_type = _CONTENT_TYPES[plan.container]
    folder = clip_prefix(recording.id)
    spec = hashlib.sha256(plan.entries).hexdigest()[:32]
    body_name = f"{folder}{attempt}.body"
    with objects.create(Bucket.OUTPUTS, body_name, content_type=content_type, spec=spec) as writer:
        result = run_in_sandbox(
            mux,
            plan.container,
            tuple(track.codec for track in tracks),
            (TICKS_PER_S, *(track.rate_hz for track in tracks[1:])),
            plan.entries,
            source=Source(reader.open(objects), reader.size_bytes, BLOCK_BYTES),
            sink=writer,
            limits=Limits.for_function(FUNCTIONS["recorder"]),
            should_stop=should_stop,
            label="clip",
        )
    head = write_once(
        objects,
        Bucket.OUTPUTS,
        f"{folder}{attempt}.head",
        result.value,
        content_type="application/octet-stream",
        spec=spec,
    )
    body = writer.stored_object
    parts = [head, body] if body.size_bytes else [head]
    name = f"{folder}{spec[:12]}/clip.{plan.container}"
    stored, _ = objects.compose(Bucket.OUTPUTS, name, parts, content_type=content_type, spec=spec)
    for part in (head, body):
        objects.delete(part.bucket, part.name, part.generation)
    return stored, _describe_clip(stored, plan, spliced, tracks)


def _describe_clip(
    stored: StoredObject, plan: MuxPlan, spliced: SpliceResult, tracks: tuple[Track, ...]
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
        gaps=[asdict(gap) for gap in spliced.gaps],
        skipped_run_count=spliced.skipped_run_count,
    )


def _ends_at(recording: Recording) -> float | None:
    """Returns when the clip ends; packets that arrived later may be recorded, but are left out."""
    ended_at = _timestamp(recording.ended_at)
    if recording.started_at is None:
        return ended_at
    latest = recording.started_at.timestamp() + recording.request.max_duration_s
    return latest if ended_at is None else min(ended_at, latest)


def _timestamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
