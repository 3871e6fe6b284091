"""Cameras: `cameras/{camera}` holds a camera's state and requests.

A camera is one source of one owner. Commands write each use of its pictures (recording, preview)
into its document, and the recorder task that holds the session reads the document twice a second.
So several uses share one session without knowledge of each other, and a command never waits for
a camera.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.cameras.camera_secret import new_camera_secret
from shared.cameras.source import Source
from shared.flows.documents import Create, Doc, Write
from shared.flows.encrypted import Encrypt

CAMERAS = "cameras"
PREVIEW_S = 30
"""The duration of a preview after its last request."""
MAX_PRE_ROLL_S = 10


class CameraState(StrEnum):
    """IDLE without requests; FAILED when the recorder gave up, until the next request."""

    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ActiveRequest:
    """A recording that a camera makes, until the recording has stopped.

    `stop_reason` is why the recording is to end, or "".
    """

    recording: str
    requested_at: datetime
    pre_roll_s: float
    max_duration_s: float
    max_bytes: int
    stop_reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns the request as the camera's document holds it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Camera:
    """A document `cameras/{id}`.

    Attributes:
        recorder_task: The recorder task that holds or is to take the session, or "".
        epoch: Counts recorder tasks.
        live_epoch: The newest epoch that has pictures; tasks of older epochs end.
    """

    id: str
    owner: str
    name: str
    kind: str
    address: str
    state: CameraState
    error: Mapping[str, Any] | None
    active_requests: Mapping[str, ActiveRequest]
    preview_until: datetime | None
    recorder_task: str
    epoch: int
    live_epoch: int
    last_seen_at: datetime | None
    created_at: datetime
    data: Mapping[str, Any] = field(repr=False, compare=False)
    version: Any = field(compare=False)

    @classmethod
    def from_doc(cls, doc: Doc) -> Camera:
        """Parses a camera's document."""
        data = doc.data
        return cls(
            id=doc.id,
            owner=data["owner"],
            name=data["name"],
            kind=data["kind"],
            address=data["address"],
            state=CameraState(data["state"]),
            error=data["error"],
            active_requests={
                recording_id: ActiveRequest(**request)
                for recording_id, request in data["active_requests"].items()
            },
            preview_until=data["preview_until"],
            recorder_task=data["recorder_task"],
            epoch=data["epoch"],
            live_epoch=data["live_epoch"],
            last_seen_at=data["last_seen_at"],
            created_at=data["created_at"],
            data=data,
            version=doc.version,
        )

    @property
    def path(self) -> str:
        """The path of the document."""
        return camera_path(self.id)

    def has_preview_at(self, now: datetime) -> bool:
        """Returns whether a preview is requested at `now`."""
        return self.preview_until is not None and self.preview_until > now

    def is_requested_at(self, now: datetime) -> bool:
        """Returns whether a recording or a preview is requested at `now`."""
        return bool(self.active_requests) or self.has_preview_at(now)


def camera_path(camera_id: str) -> str:
    """Returns `cameras/{camera}`."""
    return f"{CAMERAS}/{camera_id}"


def new_camera(
    owner: str, name: str, source: Source, encrypt: Encrypt, now: datetime
) -> tuple[Write, ...]:
    """Returns the batch that creates a camera, under `source.camera_id(owner)`."""
    camera_id = source.camera_id(owner)
    return (
        Create(
            camera_path(camera_id),
            {
                "owner": owner,
                "name": name,
                "kind": source.kind.value,
                "address": source.display_url,
                "credentials": source.has_credentials,
                "state": CameraState.IDLE,
                "error": None,
                "active_requests": {},
                "preview_until": None,
                "recorder_task": "",
                "epoch": 0,
                "live_epoch": 0,
                "last_seen_at": None,
                "created_at": now,
                **empty_stream_fields(),
            },
        ),
        new_camera_secret(owner, source, encrypt, now),
    )


def empty_stream_fields() -> dict[str, Any]:
    """Returns the stream fields of a camera's document while the camera has no pictures."""
    return {
        "connected_at": None,
        "fps": None,
        "width": None,
        "height": None,
        "codec": None,
        "dropped_frames": 0,
    }
