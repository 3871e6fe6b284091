"""The request and response models of cameras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from functions.api.fields import Line
from shared.cameras.camera import Camera, CameraState
from shared.cameras.recording import Recording
from shared.cameras.source import MAX_DEVICES, SourceKind
from shared.http.schemas import RequestModel, ResponseModel, Timestamp

EXACTLY_ONE = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})
"""The configuration of a model of which exactly one field is set."""
SourceUrl = Annotated[str, Field(min_length=1, max_length=500)]
DeviceNumber = Annotated[int, Field(ge=0, lt=MAX_DEVICES)]


class SourceRequest(RequestModel):
    """A camera source: either `url` (rtsp, http or https) or `device`, the number of a local camera
    when Moodreel runs locally. The URL may contain a user and a password; they are never shown."""

    model_config = EXACTLY_ONE

    url: SourceUrl | None = None
    device: DeviceNumber | None = None


class NewCamera(RequestModel):
    """A camera to register."""

    name: Annotated[Line, Field(max_length=100)]
    source: SourceRequest


class FaultView(ResponseModel):
    """The last error."""

    code: str
    message: str
    at: Timestamp | None = None


class CameraSource(ResponseModel):
    """A camera's source, without user, password and query. `credentials` is true when the source
    has a user or a password."""

    kind: SourceKind
    address: str
    credentials: bool


class CameraStatus(ResponseModel):
    """The current status of a camera. `recordings` are the running ones; `elapsed_s`, `size_bytes`
    and `dropped_frames` belong to the one that has run longest. `fps` is measured."""

    state: CameraState
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
    updated_at: Timestamp | None


class CameraView(ResponseModel):
    """A camera."""

    id: str
    name: str
    source: CameraSource
    created_at: Timestamp
    status: CameraStatus


class CameraList(ResponseModel):
    """All your cameras, ordered by id."""

    cameras: tuple[CameraView, ...]


class PreviewView(ResponseModel):
    """A preview of a camera. Until `expires_at`, `url` streams JPEG pictures
    (multipart/x-mixed-replace), which `<img>` can show."""

    url: str
    expires_at: Timestamp
    viewers: int
    viewers_most: int


def camera_view(
    camera: Camera, running_recordings: Sequence[Recording], now: datetime
) -> CameraView:
    """Returns a camera with its status, given its running recordings."""
    data = camera.data
    oldest = min(running_recordings, key=lambda recording: recording.created_at, default=None)
    figures: Mapping[str, Any] = {} if oldest is None else oldest.data
    return CameraView(
        id=camera.id,
        name=camera.name,
        source=CameraSource(
            kind=SourceKind(camera.kind),
            address=camera.address,
            credentials=data["credentials"],
        ),
        created_at=camera.created_at,
        status=CameraStatus(
            state=camera.state,
            recording=bool(running_recordings),
            recordings=tuple(recording.id for recording in running_recordings),
            previewed=camera.has_preview_at(now),
            elapsed_s=figures.get("elapsed_s", 0.0),
            fps=data["fps"],
            width=data["width"],
            height=data["height"],
            codec=data["codec"],
            size_bytes=figures.get("size_bytes", 0),
            dropped_frames=figures.get("dropped_frames", 0),
            last_error=error_view(camera.error),
            updated_at=camera.last_seen_at,
        ),
    )


def error_view(error: Mapping[str, Any] | None) -> FaultView | None:
    """Returns the last error as the API shows it; None if there is none."""
    if error is None:
        return None
    return FaultView(code=error["code"], message=error["message"], at=error.get("at"))
