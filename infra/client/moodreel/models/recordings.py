"""Recordings of cameras, and their clips."""

from __future__ import annotations

from datetime import datetime

from moodreel.models.base import Model, Page


class GapView(Model):
    """A gap in a clip, in seconds."""

    start_s: float
    duration_s: float


class ClipView(Model):
    """The clip of a recording."""

    path: str
    duration_sec: float
    size_bytes: int
    fps: float | None
    width: int | None
    height: int | None
    codec: str
    audio_codec: str | None
    content_type: str
    gaps: tuple[GapView, ...]


class FaultView(Model):
    """The last error of a camera or a recording."""

    code: str
    message: str
    at: datetime | None = None


class RecordingView(Model):
    """A recording. `clip` is None until it has ended."""

    id: str
    title: str
    camera: str
    state: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    elapsed_s: float
    size_bytes: int
    dropped_frames: int
    recipe: str | None
    job: str | None
    error: FaultView | None
    clip: ClipView | None
    expires_at: datetime

    @property
    def has_ended(self) -> bool:
        """Whether the recording has a clip or has failed."""
        return self.state in ("done", "failed")


class RecordingPage(Page):
    """A page of recordings."""

    recordings: tuple[RecordingView, ...]
