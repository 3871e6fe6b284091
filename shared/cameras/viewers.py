"""`viewers/{token}`: a seat before a camera's preview. Who knows the token sees the preview, until
its time is over or the camera is gone; one seat is for one who looks at a time.

An `<img>` sends no header, so its address is the capability; it holds for minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.errors import LimitReached, TransientError
from shared.flows.documents import Create, Doc, Update

VIEWERS = "viewers"
TOKEN_VALID_S = 300
"""How long an address holds."""
VIEWER_TIMEOUT_S = 20
"""Who did not look for so long has left; who is given a seat has so long to sit down."""
MAX_COUNTED_VIEWERS = 300
"""Of a camera's newest seats: far more than there may be in the time for which one holds."""


class TooManyViewers(LimitReached):
    """As many look at this camera as may at once; wait until somebody leaves."""

    code = "too-many-viewers"


class NoPictures(TransientError):
    """The camera shows nothing; its status says why."""

    code = "no-pictures"


def viewer_path(token: str) -> str:
    """viewers/{token}"""
    return f"{VIEWERS}/{token}"


def new_viewer(token: str, camera_id: str, owner: str, now: datetime) -> Create:
    """The write that gives a seat."""
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


def mark_viewer_seen(token: str, stream: str, now: datetime) -> Update:
    """The write by which the answer called `stream` says that somebody is looking."""
    return Update(viewer_path(token), {"stream": stream, "last_seen_at": now})


def count_active_viewers(viewers: Iterable[Doc], now: datetime) -> int:
    """How many of these seats somebody sits in."""
    away = now - timedelta(seconds=VIEWER_TIMEOUT_S)
    return sum(one.data["last_seen_at"] > away and one.data["expires_at"] > now for one in viewers)
