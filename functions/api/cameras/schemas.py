"""Cameras and recordings, as people ask for them and see them."""

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
"""The recipes that take a recording."""
_ONE = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})
SourceUrl = Annotated[str, Field(min_length=1, max_length=500)]
DeviceNumber = Annotated[int, Field(ge=0, lt=MAX_DEVICES)]


class SourceRequest(RequestModel):
    """Where a camera is: `url` (rtsp, http or https) or `device`, a camera of the machine itself
    when the suite runs there. A user and a password may stand in the URL; nothing shows them."""

    model_config = _ONE

    url: SourceUrl | None = None
    device: DeviceNumber | None = None


class RecordingSourceRequest(SourceRequest):
    """What is to be recorded: `camera` is the id of one that there is."""

    model_config = _ONE

    camera: Annotated[str, Field(pattern=f"^{JOB_ID}$")] | None = None


class NewCamera(RequestModel):
    """A camera that one goes back to."""

    name: Annotated[Line, Field(max_length=100)]
    source: SourceRequest


class NewRecording(RequestModel):
    """A recording that is wished for. With a `recipe` its clip becomes a job's video; `options` are
    the recipe's. What is left out is as the limits allow."""

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
    """What went wrong last, and when."""

    code: str
    message: str
    at: Timestamp | None = None


class CameraSource(ResponseModel):
    """Where a camera is, without its user, password and query; `credentials` says that there are
    some."""

    kind: SourceKind
    address: str
    credentials: bool


class CameraStatus(ResponseModel):
    """How a camera is. `recordings` are those that run; `elapsed_s`, `size_bytes` and
    `dropped_frames` are of the one that runs longest. `fps` is measured."""

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
    """All of a person's cameras, in the order of their ids."""

    cameras: tuple[CameraView, ...]


class PreviewView(ResponseModel):
    """A seat before a camera. `url` answers with JPEG pictures one after the other
    (multipart/x-mixed-replace), as `<img>` shows them, until `expires_at`."""

    url: str
    expires_at: Timestamp
    viewers: int
    viewers_most: int


class GapView(ResponseModel):
    """Where something is missing in a clip: seconds from its beginning, and how long."""

    start_s: float
    duration_s: float


class ClipView(ResponseModel):
    """The film of a recording. `path` answers with its bytes, by range."""

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
    """A recording, live while it runs. `ended_by` is why it ended, `job` the one that its clip
    goes into."""

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
    """A page of recordings. `next_cursor` is null on the last one."""

    recordings: tuple[RecordingView, ...]
    next_cursor: str | None


def camera_view(
    camera: Camera, running_recordings: Sequence[Recording], now: datetime
) -> CameraView:
    """A camera, of which these recordings run."""
    data = camera.data
    longest = min(running_recordings, key=lambda one: one.created_at, default=None)
    figures: Mapping[str, Any] = {} if longest is None else longest.data
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
            recordings=tuple(one.id for one in running_recordings),
            previewed=camera.has_preview_at(now),
            elapsed_s=figures.get("elapsed_s", 0.0),
            fps=data["fps"],
            width=data["width"],
            height=data["height"],
            codec=data["codec"],
            size_bytes=figures.get("size_bytes", 0),
            dropped_frames=figures.get("dropped_frames", 0),
            last_error=_fault_view(camera.error),
            updated_at=camera.last_seen_at,
        ),
    )


def recording_view(recording: Recording) -> RecordingView:
    """A recording."""
    wish, data = recording.request, recording.data
    return RecordingView(
        id=recording.id,
        title=wish.title,
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
        pre_roll_s=wish.pre_roll_s,
        max_duration_s=wish.max_duration_s,
        max_bytes=wish.max_bytes,
        recipe=wish.recipe or None,
        job=wish.job or None,
        error=_fault_view(recording.error),
        clip=None if recording.clip is None else _clip_view(recording.id, recording.clip),
        expires_at=wish.expires_at,
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
        gaps=tuple(GapView(start_s=one["start_s"], duration_s=one["duration_s"])
                   for one in clip["gaps"]),
    )  # fmt: skip


def _fault_view(error: Mapping[str, Any] | None) -> FaultView | None:
    if error is None:
        return None
    return FaultView(code=error["code"], message=error["message"], at=error.get("at"))
