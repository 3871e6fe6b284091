"""Makes the clip of a recording: its segments joined without encoding, in bounded memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import av

from functions.recorder.capture.segments import Segment
from functions.recorder.clip.concat_reader import collect_runs, sort_segments
from functions.recorder.clip.mux_plan import plan_mux
from functions.recorder.clip.parts import (
    PART_BYTES,
    PART_PACKETS,
    PartStore,
    compose_clip,
    write_parts,
)
from functions.recorder.clip.splice import splice
from functions.recorder.packets import SOUND, VIDEO
from shared.cameras.recording import Recording
from shared.ports.objects import ObjectStore
from shared.recipes.stored_object import StoredObject

FORMAT_VERSION = 3
"""To be increased when a change of the code changes the bytes of a clip."""


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
    check: Callable[[], None],
) -> tuple[StoredObject, Clip] | None:
    """Joins the segments into a clip. Returns None when they contain no picture.

    Parts that an earlier attempt has written are used again; see `parts`.

    Raises:
        PermanentError: When the packets cannot be muxed.
        Exception: The error of `check`, which stops the work. The next attempt goes on.
    """
    segments = sort_segments(segments)
    runs, reader = collect_runs(segments, objects)
    spliced = splice(runs)
    begins_at = _timestamp(recording.started_at)
    ends_at = _ends_at(recording, spliced.clock_shift_s)
    plan = plan_mux(spliced, begins_at, ends_at)
    if plan is None:
        return None
    tracks = spliced.slices[0].run.tracks
    gaps, skipped_run_count = spliced.gaps, spliced.skipped_run_count
    # The plan contains all that is needed of the runs, which are as large.
    del runs, spliced
    store = PartStore(objects, recording.id, _spec(segments, begins_at, ends_at))
    stored = compose_clip(store, plan, write_parts(store, plan, reader, check))
    return stored, Clip(
        path=stored.name,
        generation=stored.generation,
        size_bytes=stored.size_bytes,
        content_type=stored.content_type,
        duration_sec=plan.duration_s,
        fps=plan.fps,
        width=tracks[VIDEO].width,
        height=tracks[VIDEO].height,
        codec=plan.codecs[VIDEO],
        audio_codec=plan.codecs[SOUND] if plan.has_sound else None,
        gaps=[asdict(gap) for gap in gaps],
        skipped_run_count=skipped_run_count,
    )


def _spec(segments: list[Segment], begins_at: float | None, ends_at: float | None) -> str:
    """Returns a hash of all that determines the bytes of a clip: attempts with the same hash
    continue each other's work."""
    names = [[stored.name, stored.generation] for part in segments for stored in part.objects]
    versions = [FORMAT_VERSION, PART_BYTES, PART_PACKETS, av.__version__, av.library_versions]
    document = json.dumps([names, begins_at, ends_at, versions])
    return hashlib.sha256(document.encode()).hexdigest()[:32]


def _ends_at(recording: Recording, clock_shift_s: float) -> float | None:
    """Returns when the clip ends; packets that arrived later may be recorded, but are left out.
    `clock_shift_s` is added to the clock of the last worker."""
    ended_at = _timestamp(recording.ended_at)
    ended_at = None if ended_at is None else ended_at + clock_shift_s
    if recording.started_at is None:
        return ended_at
    started_at = recording.started_at.timestamp()
    latest = started_at + recording.request.max_duration_s
    # An end before the start was written by a machine whose clock had been set.
    return latest if ended_at is None or ended_at < started_at else min(ended_at, latest)


def _timestamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
