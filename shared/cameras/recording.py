"""Recordings: `recordings/{recording}`, one clip of one camera, running or finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.cameras.camera import ActiveRequest, Camera
from shared.flows.documents import Create, Doc, Filter, Query, newest_documents
from shared.pipeline import PREVIEWS_PREFIX, RECORDINGS_PREFIX, Bucket
from shared.recipes.stored_object import Artifact

RECORDINGS = "recordings"
SEGMENTS = "segments"
"""The subcollection of a recording that has no clip yet."""


class RecordingState(StrEnum):
    """STARTING until the first picture, RECORDING, RECONNECTING while the camera is away, STOPPING
    until the last segment is written, JOINING until the clip is written; then a terminal state.
    DELETED remains only until all data is removed."""

    STARTING = "starting"
    RECORDING = "recording"
    RECONNECTING = "reconnecting"
    STOPPING = "stopping"
    JOINING = "joining"
    DONE = "done"
    FAILED = "failed"
    DELETED = "deleted"


RUNNING_STATES = (RecordingState.STARTING, RecordingState.RECORDING, RecordingState.RECONNECTING)
ENDED_STATES = (RecordingState.DONE, RecordingState.FAILED, RecordingState.DELETED)


class EndedBy(StrEnum):
    """Why a recording ended."""

    STOP = "stop"
    MAX_DURATION = "max-duration"
    MAX_BYTES = "max-bytes"
    SOURCE_LOST = "source-lost"
    RECORDER_LOST = "recorder-lost"


@dataclass(frozen=True, slots=True)
class RecordingRequest:
    """The parameters of a recording.

    Attributes:
        job: The job that receives the clip as its upload, or "".
        job_object: The name of the clip in the bucket of uploads.
    """

    title: str
    pre_roll_s: float
    max_duration_s: float
    max_bytes: int
    expires_at: datetime
    recipe: str = ""
    job: str = ""
    job_object: str = ""

    def to_active_request(self, recording_id: str, now: datetime) -> ActiveRequest:
        """Returns the request as the camera's document holds it."""
        return ActiveRequest(
            recording_id, now, self.pre_roll_s, self.max_duration_s, self.max_bytes
        )


@dataclass(frozen=True, slots=True)
class Recording:
    """A document `recordings/{id}`.

    `clip` is None until the clip is written. Then it holds `path` (the object's name in the
    outputs bucket), `generation`, `content_type`, `size_bytes`, `duration_sec`, `fps`, `width`,
    `height`, `codec`, `audio_codec` (None without sound) and `gaps`, a list of `start_s` and
    `duration_s`.
    """

    id: str
    owner: str
    camera: str
    state: RecordingState
    request: RecordingRequest
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    error: Mapping[str, Any] | None
    clip: Mapping[str, Any] | None
    data: Mapping[str, Any] = field(repr=False, compare=False)
    version: Any = field(compare=False)

    @classmethod
    def from_doc(cls, doc: Doc) -> Recording:
        """Parses a recording's document."""
        data = doc.data
        return cls(
            id=doc.id,
            owner=data["owner"],
            camera=data["camera"],
            state=RecordingState(data["state"]),
            request=RecordingRequest(**{name: data[name] for name in RecordingRequest.__slots__}),
            created_at=data["created_at"],
            started_at=data["started_at"],
            ended_at=data["ended_at"],
            ended_by=data["ended_by"],
            error=data["error"],
            clip=data["clip"],
            data=data,
            version=doc.version,
        )

    @property
    def path(self) -> str:
        """The path of the document."""
        return recording_path(self.id)

    @property
    def is_running(self) -> bool:
        """Whether the recording may still receive pictures."""
        return self.state in RUNNING_STATES

    @property
    def reserved_bytes(self) -> int:
        """What a running recording may still store, with the copy of its clip for a job."""
        copies = 2 if self.request.job else 1
        return max(0, copies * self.request.max_bytes - int(self.data["stored_bytes"]))

    @property
    def is_redrivable(self) -> bool:
        """Whether joining has failed and what was recorded is kept."""
        return self.state is RecordingState.FAILED and self.data["stored_bytes"] > 0

    @property
    def clip_artifact(self) -> Artifact | None:
        """The clip under a file name for users, or None while there is none."""
        clip = self.clip
        if clip is None or self.state is RecordingState.DELETED:
            return None
        suffix = "mov" if clip["content_type"] == "video/quicktime" else "mp4"
        name = f"recording-{self.created_at:%Y%m%d-%H%M%S}.{suffix}"
        return Artifact(
            name, "clip", Bucket.OUTPUTS.value, clip["path"], clip["generation"],
            clip["size_bytes"], clip["content_type"],
        )  # fmt: skip


def newest_clips(owner: str, limit: int) -> Query:
    """Returns the query for an owner's recordings that have a clip, newest first."""
    filters = Filter("owner", "==", owner), Filter("state", "==", RecordingState.DONE)
    return newest_documents(RECORDINGS, *filters, limit=limit)


def recording_path(recording_id: str) -> str:
    """Returns `recordings/{recording}`."""
    return f"{RECORDINGS}/{recording_id}"


def running_recordings(owner: str) -> Query:
    """Returns the query for the running recordings of an owner."""
    return Query(RECORDINGS, (Filter("owner", "==", owner), Filter("state", "in", RUNNING_STATES)))


def new_recording(
    recording_id: str, camera: Camera, request: RecordingRequest, now: datetime
) -> Create:
    """Returns the write that creates a recording."""
    return Create(
        recording_path(recording_id),
        {
            "owner": camera.owner,
            "camera": camera.id,
            "state": RecordingState.STARTING,
            **{name: getattr(request, name) for name in request.__slots__},
            "created_at": now,
            "started_at": None,
            "ended_at": None,
            "ended_by": "",
            "error": None,
            "elapsed_s": 0.0,
            "size_bytes": 0,
            "stored_bytes": 0,
            "fps": None,
            "dropped_frames": 0,
            "clip": None,
            "browser_copy": None,
        },
    )


def segments_prefix(recording_id: str) -> str:
    """Returns the prefix of a recording's segments in the work bucket."""
    return f"{RECORDINGS_PREFIX}{recording_id}/"


def clip_prefix(recording_id: str) -> str:
    """Returns the prefix of a recording's clip in the outputs bucket."""
    return f"{RECORDINGS_PREFIX}{recording_id}/"


def preview_name(camera_id: str, second: int) -> str:
    """Returns the object in the work bucket with the frames of one second, counted from 1970."""
    return f"{PREVIEWS_PREFIX}{camera_id}/{second:012d}"
