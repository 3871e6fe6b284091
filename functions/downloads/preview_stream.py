"""A camera's preview as one answer that goes on: JPEG after JPEG, as `<img>` shows them.

The recorder leaves an object of pictures for every second; they are read as they come, and shown
at the pace at which they arrived. A function streams 10 MB at most and ends after minutes, so an
answer ends before either, and the page asks again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from shared.cameras import session
from shared.cameras.camera import PREVIEW_S, Camera, camera_path
from shared.cameras.preview_format import unpack_frames
from shared.cameras.recording import preview_name
from shared.cameras.viewers import (
    MAX_COUNTED_VIEWERS,
    VIEWERS,
    NoPictures,
    TooManyViewers,
    count_active_viewers,
    mark_viewer_seen,
    viewer_path,
)
from shared.errors import NotFound, SourceExpired, TransientError
from shared.flows.documents import CommitResult, Doc
from shared.http.problems import LinkExpired
from shared.http.request import ApiRequest, ApiResponse
from shared.pipeline import Bucket

BOUNDARY = "picture"
MAX_STREAM_S = 240
"""How long an answer goes on: the row's timeout is 300 s."""
FIRST_FRAME_TIMEOUT_S = 10
"""How long the first picture is waited for; a camera may have to be connected."""
POLL_S = 0.25
VIEWER_CHECK_S = 5
"""How often it is written that somebody looks, and read whether he still may."""
MAX_LAG_S = 4
"""Pictures are late by the second that an object holds and the time to write it. What is later
than this is passed over."""


def get_preview(request: ApiRequest) -> ApiResponse:
    """The camera that the token's seat is before. Raises NotFound, LinkExpired, TooManyViewers,
    NoPictures."""
    token, stream = request.path_params["token"], secrets.token_hex(8)
    seat = _sit_down(request, token, stream)
    headers = {"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}"}
    if request.is_head:
        return ApiResponse(headers=headers, stream=iter(()))
    camera_id = seat.data["camera"]
    request.run(lambda clock: session.request_preview(camera_id, clock))
    pictures = _Pictures(request, camera_id)
    patience = request.services.clock.now() + timedelta(seconds=FIRST_FRAME_TIMEOUT_S)
    first = pictures.due(patience)
    if first is None:
        raise NoPictures
    return ApiResponse(headers=headers, stream=_parts(request, seat, stream, first, pictures))


def _sit_down(request: ApiRequest, token: str, stream: str) -> Doc:
    """The seat, which this answer takes from any earlier one."""
    store, now = request.services.store, request.services.clock.now()
    (seat,) = store.read([viewer_path(token)])
    if seat is None:
        raise NotFound("There is no such preview.")
    if seat.data["expires_at"] <= now:
        raise LinkExpired("This preview's time is over; ask for another one.")
    others = [
        one
        for one in store.list_newest(
            VIEWERS, ("camera", seat.data["camera"]), after=None, max_count=MAX_COUNTED_VIEWERS
        )
        if one.id != token
    ]
    if count_active_viewers(others, now) >= request.settings.max_viewers:
        raise TooManyViewers(retry_after_s=VIEWER_CHECK_S)
    if (
        not request.is_head
        and store.commit([mark_viewer_seen(token, stream, now)]) is not CommitResult.OK
    ):
        raise NotFound("There is no such preview.")
    return seat


def _parts(
    request: ApiRequest, seat: Doc, stream: str, first: bytes, pictures: _Pictures
) -> Iterator[bytes]:
    clock = request.services.clock
    began = clock.now()
    ends = min(began + timedelta(seconds=MAX_STREAM_S), seat.data["expires_at"])
    check_at = began + timedelta(seconds=VIEWER_CHECK_S)
    sent = 0
    picture: bytes | None = first
    try:
        yield f"--{BOUNDARY}\r\n".encode()
        while True:
            if picture is not None:
                part = _part(picture)
                if sent + len(part) > request.settings.max_preview_bytes:
                    return
                yield part
                sent += len(part)
            now = clock.now()
            if now >= ends:
                return
            if now >= check_at:
                if not _goes_on(request, seat, stream, now):
                    return
                check_at = now + timedelta(seconds=VIEWER_CHECK_S)
            # Also while the camera is away: who looks at it keeps it wanted.
            picture = pictures.due(min(ends, check_at))
    finally:
        request.services.log("preview.sent", bytes=sent)


def _part(picture: bytes) -> bytes:
    """A picture with the boundary behind it: a browser shows it when it sees that."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
    return head.encode() + picture + f"\r\n--{BOUNDARY}\r\n".encode()


def _goes_on(request: ApiRequest, seat: Doc, stream: str, now: datetime) -> bool:
    """Whether this answer goes on: its seat is not taken by another one, and the camera is there;
    then it is wanted for a while more. A fault of the ledger ends nothing."""
    camera_id = seat.data["camera"]
    try:
        here, doc = request.services.store.read([seat.path, camera_path(camera_id)])
        if here is None or doc is None or here.data["stream"] != stream:
            return False
        request.services.store.commit([mark_viewer_seen(seat.id, stream, now)])
        if not Camera.from_doc(doc).has_preview_at(now + timedelta(seconds=PREVIEW_S / 2)):
            request.run(lambda clock: session.request_preview(camera_id, clock))
    except NotFound:
        return False
    except TransientError as fault:
        request.services.log("preview.check_failed", severity="WARNING", reason=repr(fault))
    return True


class _Pictures:
    """The pictures of a camera, each at the time at which it is to be shown."""

    def __init__(self, request: ApiRequest, camera_id: str) -> None:
        self._world = request.services
        self._camera = camera_id
        self._waiting: list[tuple[int, bytes]] = []
        self._second = self._newest()
        self._lag_s: float | None = None

    def due(self, until: datetime) -> bytes | None:
        """The next picture, when its time has come; None when there is none by `until`."""
        clock = self._world.clock
        while not self._waiting:
            if self._read_on():
                continue
            if clock.now() >= until:
                return None
            clock.sleep(POLL_S)
        at_ms, picture = self._waiting.pop(0)
        lag_s = clock.now().timestamp() - at_ms / 1000
        if self._lag_s is None or lag_s > self._lag_s:
            # It came later than those before it: the following ones keep this distance.
            self._lag_s = lag_s
        clock.sleep(max(0.0, self._lag_s - lag_s))
        return picture

    def _read_on(self) -> bool:
        """Take in the object that comes next; → whether there was one."""
        now = int(self._world.clock.now().timestamp())
        if now - self._second > MAX_LAG_S:
            # The camera or we were away.
            self._second, self._lag_s = self._newest(), None
        for second in range(self._second, now + 1):
            found = self._read(second)
            if found is not None:
                self._second = second + 1
                self._waiting = found
                return bool(found)
        return False

    def _newest(self) -> int:
        """The latest second that has pictures, or the one that will be the next."""
        now = int(self._world.clock.now().timestamp())
        for second in range(now, now - MAX_LAG_S, -1):
            if self._world.objects.stat(Bucket.WORK, preview_name(self._camera, second)):
                return second
        return now - 1

    def _read(self, second: int) -> list[tuple[int, bytes]] | None:
        name, objects = preview_name(self._camera, second), self._world.objects
        there = objects.stat(Bucket.WORK, name)
        if there is None:
            return None
        try:
            read = objects.range_reader(Bucket.WORK, name, there.generation)
            return list(unpack_frames(read(0, there.size_bytes)))
        except (SourceExpired, ValueError) as gone:
            self._world.log("preview.read_failed", severity="WARNING", reason=repr(gone))
            return []
