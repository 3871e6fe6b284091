"""The bodies of the calls of webhooks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.http.schemas import ResponseModel
from shared.jobs.model import Status

JobEventName = Literal[
    "job.done", "job.failed", "job.cancelled", "job.started", "job.awaiting_review",
    "job.delivered", "job.delivery_failed",
]  # fmt: skip
RecordingEventName = Literal["recording.done", "recording.failed"]
ExportEventName = Literal["export.ready"]
EventName = Literal[JobEventName, RecordingEventName, ExportEventName]


class EventArtifact(ResponseModel):
    """A result of a job. `url` is a path of the API, which needs a sign-in or an API key; null in
    events of earlier versions."""

    name: str
    kind: str
    content_type: str
    size_bytes: int
    url: str | None = None


class EventError(ResponseModel):
    """Why a job or a recording failed."""

    code: str
    message: str
    stage: str | None = None


class EventDeliveredFile(ResponseModel):
    """A result and whether it was delivered."""

    name: str
    state: Literal["pending", "delivered", "failed"]
    error: EventError | None


class EventDelivery(ResponseModel):
    """Where the results of a job were delivered, and which of them. `folder` is the `gs://` folder,
    null for URLs, which are not shown."""

    folder: str | None
    files: tuple[EventDeliveredFile, ...]
    error: EventError | None


class JobEventData(ResponseModel):
    """The job that has ended, has started to run, has a deck that waits for its review, or whose
    results were delivered: only then, `delivery` says how. `epoch` counts its redrives; every epoch
    ends with an event. Events of earlier versions have neither `title` nor `tags` nor
    `metadata`."""

    job_id: str
    title: str | None = None
    recipe: str
    status: Status
    epoch: int
    revision: int
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = Field({})
    artifacts: tuple[EventArtifact, ...]
    error: EventError | None
    # The body of another event has no such member.
    delivery: Annotated[EventDelivery | None, Field(exclude_if=lambda value: value is None)] = None


class JobEvent(ResponseModel):
    """The body of the call about a job. It was so at `timestamp`."""

    type: JobEventName
    timestamp: str
    data: JobEventData


class EventClip(ResponseModel):
    """The clip of a recording. `url` is a path of the API, which needs a sign-in or an API key."""

    content_type: str
    size_bytes: int
    duration_sec: float
    fps: float | None
    width: int
    height: int
    codec: str
    audio_codec: str | None
    url: str


class RecordingEventData(ResponseModel):
    """A recording that has ended. `job_id` is the job that gets its clip, or null."""

    recording_id: str
    title: str
    camera_id: str
    job_id: str | None
    state: Literal["done", "failed"]
    started_at: str | None
    ended_at: str | None
    ended_by: str | None
    clip: EventClip | None
    error: EventError | None


class RecordingEvent(ResponseModel):
    """The body of the call when a recording has ended. A redrive ends with an event again."""

    type: RecordingEventName
    timestamp: str
    data: RecordingEventData


class ExportPart(ResponseModel):
    """A file of an export. `url` is a path of the API, which needs a sign-in."""

    name: str
    size_bytes: int
    url: str


class ExportEventData(ResponseModel):
    """An export of your data, which is deleted at `kept_until`."""

    request_id: str
    kept_until: str
    parts: tuple[ExportPart, ...]


class ExportEvent(ResponseModel):
    """The body of the call when an export of your data can be downloaded."""

    type: ExportEventName
    timestamp: str
    data: ExportEventData


class PingData(ResponseModel):
    """The webhook under test."""

    webhook_id: str


class PingEvent(ResponseModel):
    """The body of a test call."""

    type: Literal["ping"]
    timestamp: str
    data: PingData


EventBody = JobEvent | RecordingEvent | ExportEvent | PingEvent
