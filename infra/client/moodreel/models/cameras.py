"""Cameras and their previews."""

from __future__ import annotations

from datetime import datetime

from moodreel.models.base import Model
from moodreel.models.recordings import FaultView


class CameraSource(Model):
    """The source of a camera, without user and password. `kind` is rtsp, http or device."""

    kind: str
    address: str
    credentials: bool


class CameraStatus(Model):
    """The current status of a camera. The figures are those of the recording that has run longest;
    `recordings` are the ids of all that run."""

    state: str
    recording: bool
    recordings: tuple[str, ...]
    previewed: bool
    elapsed_s: float
    fps: float | None
    width: int | None
    height: int | None
    codec: str | None
    size_bytes: int
    dropped_frames: int
    last_error: FaultView | None
    updated_at: datetime | None


class CameraView(Model):
    """A registered camera."""

    id: str
    name: str
    source: CameraSource
    created_at: datetime
    status: CameraStatus


class CameraList(Model):
    """All cameras."""

    cameras: tuple[CameraView, ...]


class PreviewView(Model):
    """A preview. Until `expires_at`, `url` streams JPEG pictures (multipart/x-mixed-replace)."""

    url: str
    expires_at: datetime
    viewers: int
    viewers_most: int
