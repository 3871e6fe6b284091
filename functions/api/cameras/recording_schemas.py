"""The request and response models of recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from functions.api.cameras.schemas import EXACTLY_ONE, FaultView, SourceRequest, error_view
from functions.api.fields import Line, Scalar
from shared.cameras.browser_copy import BrowserCopy, CopyState, Playback, playback_of
from shared.cameras.camera import MAX_PRE_ROLL_S
from shared.cameras.recording import Recording, RecordingState
from shared.flows.envelope import JOB_ID
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.pipeline import RECIPES

RECORDABLE_RECIPES = tuple(
    name for name, row in RECIPES.items() if row.find_input("video") is not None
)
"""Recipes with a video input. A recording can be that video."""


class RecordingSourceRequest(SourceRequest):
    """The source of a recording: `url`, `device`, or `camera`, the id of a registered camera."""

    model_config = EXACTLY_ONE

    camera: Annotated[str, Field(pattern=f"^{JOB_ID}$")] | None = None


class NewRecording(RequestModel):
    """A recording to start. With a `recipe`, its clip becomes the video of a job with these
    `options`. `max_duration_s` defaults to one hour, `max_bytes` to the maximum allowed."""

    source: RecordingSourceRequest
    title: Annotated[Line, Field(max_length=200)] | None = None
    pre_roll_s: Annotated[float, Field(ge=0, le=MAX_PRE_ROLL_S)] = 0.0
    max_duration_s: Annotated[int, Field(ge=1)] | None = None
    max_bytes: Annotated[int, Field(ge=1_000_000, lt=1 << 53)] | None = None
    recipe: Annotated[str, Field(json_schema_extra={"enum": list(RECORDABLE_RECIPES)})] | None = (
        None
    )
    options: dict[Annotated[str, Field(max_length=40)], Scalar] = Field({}, max_length=40)


class GapView(ResponseModel):
    """A gap in a clip: its start and its length, in seconds."""

    start_s: float
    duration_s: float


class CopyFaultView(ResponseModel):
    """Why a copy could not be made."""

    code: str
    message: str


class BrowserCopyView(ResponseModel):
    """The copy of a clip in H.264, with the times of the clip. `progress` is 0 to 1. The other
    fields are null until it is `done`."""

    state: CopyState
    progress: float
    error: CopyFaultView | None
    codec: str | None
    content_type: str | None
    size_bytes: int | None
    width: int | None
    height: int | None


class ClipView(ResponseModel):
    """The clip of a recording. `path` serves its bytes and supports ranges. `container` is `mp4` or
    `mov`; `plays_in` says where it plays: in all browsers, in some, or in none, as MJPEG does."""

    path: str
    duration_sec: float
    size_bytes: int
    fps: float | None
    width: int | None
    height: int | None
    codec: str
    audio_codec: str | None
    content_type: str
    container: str
    plays_in: Playback
    gaps: tuple[GapView, ...]


class RecordingView(ResponseModel):
    """A recording; its values change while it runs. `ended_by` is the reason it ended, `job` the
    job that takes its clip, `browser_copy` the copy of a clip that plays in no browser: null when
    none was requested."""

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
    browser_copy: BrowserCopyView | None
    expires_at: Timestamp


class RecordingPage(ResponseModel):
    """A page of recordings. `next_cursor` is null on the last page."""

    recordings: tuple[RecordingView, ...]
    next_cursor: str | None


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
        error=error_view(recording.error),
        clip=None if recording.clip is None else _clip_view(recording.id, recording.clip),
        browser_copy=_copy_view(BrowserCopy.of(recording)),
        expires_at=request.expires_at,
    )


def _copy_view(copy: BrowserCopy | None) -> BrowserCopyView | None:
    if copy is None:
        return None
    is_done = copy.state is CopyState.DONE
    return BrowserCopyView(
        state=copy.state,
        progress=copy.percent / 100,
        error=None if copy.error is None else CopyFaultView(**copy.error),
        codec="h264" if is_done else None,
        content_type="video/mp4" if is_done else None,
        size_bytes=copy.size_bytes if is_done else None,
        width=copy.width if is_done else None,
        height=copy.height if is_done else None,
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
        container="mov" if clip["content_type"] == "video/quicktime" else "mp4",
        plays_in=playback_of(clip),
        gaps=tuple(GapView(start_s=gap["start_s"], duration_s=gap["duration_s"])
                   for gap in clip["gaps"]),
    )  # fmt: skip
