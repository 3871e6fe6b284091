"""Preview tokens. A token gives access to a camera's preview until it expires or the camera is
deleted; one viewer can use it at a time. Its document is `viewers/{hash of the token}`.

An `<img>` sends no header, so its URL is the capability; it is valid for minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.capabilities import hash_capability
from shared.errors import LimitReached, TransientError
from shared.flows.documents import Create, Doc, Filter, Query, Update, newest_documents

VIEWERS = "viewers"
TOKEN_VALID_S = 300
"""The validity of a preview URL."""
VIEWER_TIMEOUT_S = 20
"""A viewer counts as gone after this time without a request, and a new token as unused."""
MAX_COUNTED_VIEWERS = 300
"""Of a camera's newest tokens: far more than can exist during the validity of one."""


class TooManyViewers(LimitReached):
    """The camera has the maximum number of viewers; wait until one leaves."""

    code = "too-many-viewers"


class NoPictures(TransientError):
    """The camera has no pictures; its status states why."""

    code = "no-pictures"


def viewer_path(token: str) -> str:
    """Returns the path of the token's document."""
    return f"{VIEWERS}/{hash_capability(token)}"


def newest_viewers(camera_id: str) -> Query:
    """Returns the query for the newest preview tokens of a camera."""
    of_camera = Filter("camera", "==", camera_id)
    return newest_documents(VIEWERS, of_camera, limit=MAX_COUNTED_VIEWERS)


def new_viewer(token: str, camera_id: str, owner: str, now: datetime) -> Create:
    """Returns the write that creates a preview token."""
    return Create(
        viewer_path(token),
        {
            "camera": camera_id,
            "owner": owner,
            "stream": "",
            "created_at": now,
            "last_seen_at": now,
            "expires_at": now + timedelta(seconds=TOKEN_VALID_S),
        },
    )


def mark_viewer_seen(viewer: Doc, stream: str, now: datetime) -> Update:
    """Returns the write that records that the response `stream` is being read."""
    return Update(viewer.path, {"stream": stream, "last_seen_at": now})


def count_active_viewers(viewers: Iterable[Doc], now: datetime) -> int:
    """Returns how many of the preview tokens are in use at `now`."""
    earliest = now - timedelta(seconds=VIEWER_TIMEOUT_S)
    return sum(
        viewer.data["last_seen_at"] > earliest and viewer.data["expires_at"] > now
        for viewer in viewers
    )
