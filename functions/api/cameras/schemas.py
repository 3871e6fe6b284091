"""The request and response models of cameras and recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from functions.api.fields import Line, Scalar
from shared.cameras.camera import MAX_PRE_ROLL_S, Camera, CameraState
from shared.cameras.recording import Recording, RecordingState
from shared.cameras.source import MAX_DEVICES, SourceKind
from shared.flows.envelope import JOB_ID
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.pipeline import RECIPES

RECORDABLE_RECIPES = tuple(
    name for name, row in RECIPES.items() if row.find_input("video") is not None
)
"""The recipes that take a video, and so a recording."""
_EXACTLY_ONE = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})
SourceUrl = Annotated[str, Field(min_length=1, max_length=500)]
DeviceNumber = Annotated[int, Field(ge=0, lt=MAX_DEVICES)]


class SourceRequest(RequestModel):
    """A camera source: either `url` (rtsp, http or https) or `device`, the number of a local camera
    when Moodreel runs locally. The URL may contain a user and a password; they are never shown."""

    model_config = _EXACTLY_ONE

    url: SourceUrl | None = None
    device: DeviceNumber | None = None


class RecordingSourceRequest(SourceRequest):
    """The source of a recording: `url`, `device`, or `camera`, the id of a registered camera."""

    model_config = _EXACTLY_ONE

    camera: Annotated[str, Field(pattern=f"^{JOB_ID}$")] | None = None


class NewCamera(RequestModel):
    """A camera to register."""

    name: Annotated[Line, Field(max_length=100)]
    source: SourceRequest


class NewRecording(RequestModel):
    """A recording to start. With a `recipe`, its clip becomes the video of a job with these
    `options`. Absent limits default to the maximum allowed."""

    source: RecordingSourceRequest
    title: Annotated[Line, Field(max_length=200)] | None = None
    pre_roll_s: Annotated[float, Field(ge=0, le=MAX_PRE_ROLL_S)] = 0.0
    max_duration_s: Annotated[int, Field(ge=1)] | None = None
    max_bytes: Annotated[int, Field(ge=1_000_000, lt=1 << 53)] | None = None
    recipe: Annotated[str, Field(json_schema_extra={"enum": list(RECORDABLE_RECIPES)})] | None = (
        None
    )
    options: dict[Annotated[str, Field(max_length=40)], Scalar] = Field({}, max_length=40)


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


class GapView(ResponseModel):
    """A gap in a clip: its start and its length, in seconds."""

    start_s: float
    duration_s: float


class ClipView(ResponseModel):
    """The clip of a recording. `path` serves its bytes and supports ranges."""

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


class RecordingView(ResponseModel):
    """A recording; its figures are live while it runs. `ended_by` is the reason it ended, `job` the
    job that takes its clip."""

    id: str
    title: str
    camera: str
    state: RecordingState
    created_at: Timestamp
    started_at: Timestamp | None
    ended_at: Timestamp | None
    ended_by: str | None
    elapsed_s: float
    size_bytes: int
    fps: float | None
    dropped_frames: int
    pre_roll_s: float
    max_duration_s: float
    max_bytes: int
    recipe: str | None
    job: str | None
    error: FaultView | None
    clip: ClipView | None
    expires_at: Timestamp


class RecordingPage(ResponseModel):
    """A page of recordings. `next_cursor` is null on the last page."""

    recordings: tuple[RecordingView, ...]
    next_cursor: str | None


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
            last_error=_error_view(camera.error),
            updated_at=camera.last_seen_at,
        ),
    )


def recording_view(recording: Recording) -> RecordingView:
    """Returns a recording as the API shows it."""
    request, data = recording.request, recording.data
    return RecordingView(
        id=recording.id,
        title=request.title,
        camera=recording.camera,
        state=recording.state,
        created_at=recording.created_at,
        started_at=recording.started_at,
        ended_at=recording.ended_at,
        ended_by=recording.ended_by or None,
        elapsed_s=data["elapsed_s"],
        size_bytes=data["size_bytes"],
        fps=data["fps"],
        dropped_frames=data["dropped_frames"],
        pre_roll_s=request.pre_roll_s,
        max_duration_s=request.max_duration_s,
        max_bytes=request.max_bytes,
        recipe=request.recipe or None,
        job=request.job or None,
        error=_error_view(recording.error),
        clip=None if recording.clip is None else _clip_view(recording.id, recording.clip),
        expires_at=request.expires_at,
    )


def _clip_view(recording_id: str, clip: Mapping[str, Any]) -> ClipView:
    return ClipView(
        path=f"/v1/media/recordings/{recording_id}/clip",
        duration_sec=clip["duration_sec"],
        size_bytes=clip["size_bytes"],
        fps=clip["fps"],
        width=clip["width"],
        height=clip["height"],
        codec=clip["codec"],
        audio_codec=clip["audio_codec"],
        content_type=clip["content_type"],
        gaps=tuple(GapView(start_s=gap["start_s"], duration_s=gap["duration_s"])
                   for gap in clip["gaps"]),
    )  # fmt: skip


def _error_view(error: Mapping[str, Any] | None) -> FaultView | None:
    if error is None:
        return None
    return FaultView(code=error["code"], message=error["message"], at=error.get("at"))
