"""Cameras: `cameras/{camera}` says what is wanted of one and how it is, `camera_secrets/{camera}`
where it is and with which password.

A camera is one source of one owner. Whatever wants its pictures (recordings, previews) is written
into its document by commands, and whoever holds its session looks there twice a second; so a
session is shared without anybody knowing of the other, and a command never waits for a camera.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.cameras.source import Source
from shared.flows.documents import Create, Doc, Put, Write

CAMERAS = "cameras"
CAMERA_SECRETS = "camera_secrets"
PREVIEW_S = 30
"""How long a preview goes on after somebody last asked for it."""
MAX_PRE_ROLL_S = 10


class CameraState(StrEnum):
    """IDLE while nobody wants it; FAILED when it was given up, until somebody wants it again."""

    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ActiveRequest:
    """A recording that is wanted of a camera, until it has stopped. `since` is when it was asked
    for; `stop` is why it is to end, or ""."""

    recording: str
    requested_at: datetime
    pre_roll_s: float
    max_duration_s: float
    max_bytes: int
    stop_reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the camera's document."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Camera:
    """cameras/{id}. `shift` is the errand that holds or is to take the session, "" for none;
    `epoch` counts them, and `live_epoch` is the newest one that has pictures: an older one ends."""

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
        """Parse a camera's document."""
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
                key: ActiveRequest(**one) for key, one in data["active_requests"].items()
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
        """Where its document stands."""
        return camera_path(self.id)

    def has_preview_at(self, now: datetime) -> bool:
        """Whether somebody looks at it."""
        return self.preview_until is not None and self.preview_until > now

    def is_requested_at(self, now: datetime) -> bool:
        """Whether anybody wants its pictures."""
        return bool(self.active_requests) or self.has_preview_at(now)


def camera_path(camera_id: str) -> str:
    """cameras/{camera}"""
    return f"{CAMERAS}/{camera_id}"


def secret_path(camera_id: str) -> str:
    """camera_secrets/{camera}"""
    return f"{CAMERA_SECRETS}/{camera_id}"


def new_camera(owner: str, name: str, source: Source, now: datetime) -> tuple[Write, ...]:
    """The batch that makes a camera, under `source.key(owner)`."""
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
        new_camera_secret(owner, source, now),
    )


def new_camera_secret(owner: str, source: Source, now: datetime) -> Write:
    """The write that keeps where a camera is, also when its password has changed."""
    path = secret_path(source.camera_id(owner))
    return Put(path, {"owner": owner, "source": source.to_dict(), "created_at": now})


def empty_stream_fields() -> dict[str, Any]:
    """What a camera's document says of its pictures while there are none."""
    return {
        "connected_at": None,
        "fps": None,
        "width": None,
        "height": None,
        "codec": None,
        "dropped_frames": 0,
    }
