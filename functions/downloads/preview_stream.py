"""The preview stream of a camera: JPEG pictures as multipart/x-mixed-replace, for `<img>`.

The recorder writes one object of pictures per second. They are read as they appear, and sent at the
pace at which they were captured. Cloud Functions limits a stream to 10 MB and a request to minutes;
a stream ends before either limit, and the page requests it again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from shared.cameras import session
from shared.cameras.camera import PREVIEW_S, Camera, CameraState, camera_path
from shared.cameras.preview_format import unpack_frames
from shared.cameras.recording import preview_name
from shared.cameras.viewers import (
    NoPictures,
    TooManyViewers,
    count_active_viewers,
    mark_viewer_seen,
    newest_viewers,
    viewer_path,
)
from shared.cameras.watched import TooManyWatchedCameras
from shared.errors import NotFound, SourceExpired, TransientError
from shared.flows.documents import CommitResult, Doc
from shared.http.problems import LinkExpired
from shared.http.request import ApiRequest, ApiResponse
from shared.pipeline import Bucket

BOUNDARY = "picture"
MAX_STREAM_S = 240
"""The maximum length of a stream. The function's timeout is 300 s."""
FIRST_FRAME_TIMEOUT_S = 10
"""How long to wait for the first picture; the camera may have to be connected first."""
POLL_S = 0.25
VIEWER_CHECK_S = 5
"""The interval of renewing the viewer's document and checking that the token is still valid."""
MAX_LAG_S = 4
"""Pictures are late by the second that an object holds and by the time to write it. Pictures that
are later than this are skipped."""


def get_preview(request: ApiRequest) -> ApiResponse:
    """Streams the preview of the camera that the preview token belongs to.

    Raises NotFound, LinkExpired, TooManyViewers, TooManyWatchedCameras, NoPictures.
    """
    token, stream = request.path_params["token"], secrets.token_hex(8)
    viewer = _claim_viewer(request, token, stream)
    headers = {"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}"}
    if request.is_head:
        return ApiResponse(headers=headers, stream=iter(()))
    camera_id = viewer.data["camera"]
    (doc,) = request.services.store.read([camera_path(camera_id)])
    if doc is None:
        raise NotFound("There is no such preview.")
    _renew_preview(request, Camera.from_doc(doc), restarts=True)
    pictures = _Pictures(request, camera_id)
    deadline = request.services.clock.now() + timedelta(seconds=FIRST_FRAME_TIMEOUT_S)
    first = pictures.next_by(deadline)
    if first is None:
        raise NoPictures
    return ApiResponse(
        headers=headers, stream=_stream_parts(request, viewer, stream, first, pictures)
    )


def _claim_viewer(request: ApiRequest, token: str, stream: str) -> Doc:
    """Returns the viewer document of the token, now assigned to this stream; an earlier stream of
    the token ends. Raises NotFound, LinkExpired, TooManyViewers."""
    store, now = request.services.store, request.services.clock.now()
    (viewer,) = store.read([viewer_path(token)])
    if viewer is None:
        raise NotFound("There is no such preview.")
    if viewer.data["expires_at"] <= now:
        raise LinkExpired("This preview has expired; request another one.")
    other_viewers = [
        doc for doc in store.run_query(newest_viewers(viewer.data["camera"])) if doc.id != viewer.id
    ]
    if count_active_viewers(other_viewers, now) >= request.settings.max_viewers:
        raise TooManyViewers(retry_after_s=VIEWER_CHECK_S)
    if (
        not request.is_head
        and store.commit([mark_viewer_seen(viewer, stream, now)]) is not CommitResult.OK
    ):
        raise NotFound("There is no such preview.")
    return viewer


def _stream_parts(
    request: ApiRequest, viewer: Doc, stream: str, first: bytes, pictures: _Pictures
) -> Iterator[bytes]:
    clock = request.services.clock
    started_at = clock.now()
    ends_at = min(started_at + timedelta(seconds=MAX_STREAM_S), viewer.data["expires_at"])
    check_at = started_at + timedelta(seconds=VIEWER_CHECK_S)
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
            if now >= ends_at:
                return
            if now >= check_at:
                if not _is_valid(request, viewer, stream, now):
                    return
                check_at = now + timedelta(seconds=VIEWER_CHECK_S)
            # Also while the camera is unavailable: the checks above keep its preview requested.
            picture = pictures.next_by(min(ends_at, check_at))
    finally:
        request.services.log("preview.sent", bytes=sent)


def _part(picture: bytes) -> bytes:
    """A picture followed by the boundary. Browsers show a picture when the boundary arrives."""
    header = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
    return header.encode() + picture + f"\r\n--{BOUNDARY}\r\n".encode()


def _is_valid(request: ApiRequest, viewer: Doc, stream: str, now: datetime) -> bool:
    """Whether the stream continues: no later stream uses the token, and the camera exists. Renews
    the viewer and the preview request. An error of Firestore does not end the stream."""
    camera_id = viewer.data["camera"]
    try:
        current, doc = request.services.store.read([viewer.path, camera_path(camera_id)])
        if current is None or doc is None or current.data["stream"] != stream:
            return False
        request.services.store.commit([mark_viewer_seen(viewer, stream, now)])
        _renew_preview(request, Camera.from_doc(doc), restarts=False)
    except (NotFound, TooManyWatchedCameras):
        return False
    except TransientError as error:
        request.services.log("preview.check_failed", severity="WARNING", reason=repr(error))
    return True


def _renew_preview(request: ApiRequest, camera: Camera, *, restarts: bool) -> None:
    """Requests the preview, unless another viewer has just done so: all viewers of a camera write
    the same document, which takes about one sustained write a second. With `restarts` a camera that
    no recorder task holds is requested again. Raises NotFound, TooManyWatchedCameras."""
    in_half = request.services.clock.now() + timedelta(seconds=PREVIEW_S / 2)
    is_stopped = camera.state in (CameraState.IDLE, CameraState.FAILED)
    if not camera.has_preview_at(in_half) or (restarts and is_stopped):
        limit = request.settings.max_watched_cameras
        request.run(lambda clock: session.request_preview(camera.id, clock, max_watched=limit))


class _Pictures:
    """The pictures of a camera's preview, each returned at the time when it is due."""

    def __init__(self, request: ApiRequest, camera_id: str) -> None:
        self._services = request.services
        self._camera = camera_id
        self._pending: list[tuple[int, bytes]] = []
        self._next_second = self._newest_second()
        self._lag_s: float | None = None

    def next_by(self, deadline: datetime) -> bytes | None:
        """Returns the next picture when it is due; None if there is none by `deadline`."""
        clock = self._services.clock
        while not self._pending:
            if self._read_next():
                continue
            if clock.now() >= deadline:
                return None
            clock.sleep(POLL_S)
        at_ms, picture = self._pending.pop(0)
        lag_s = clock.now().timestamp() - at_ms / 1000
        if self._lag_s is None or lag_s > self._lag_s:
            # It arrived later than the pictures before it. The following ones keep this lag.
            self._lag_s = lag_s
        clock.sleep(max(0.0, self._lag_s - lag_s))
        return picture

    def _read_next(self) -> bool:
        """Reads the next object. Returns False if there is none yet or it has no pictures."""
        now = int(self._services.clock.now().timestamp())
        if now - self._next_second > MAX_LAG_S:
            # The camera or this stream was interrupted.
            self._next_second, self._lag_s = self._newest_second(), None
        for second in range(self._next_second, now + 1):
            pictures = self._read(second)
            if pictures is not None:
                self._next_second = second + 1
                self._pending = pictures
                return bool(pictures)
        return False

    def _newest_second(self) -> int:
        """The latest second that has pictures; without any, the second before now."""
        now = int(self._services.clock.now().timestamp())
        for second in range(now, now - MAX_LAG_S, -1):
            if self._services.objects.stat(Bucket.WORK, preview_name(self._camera, second)):
                return second
        return now - 1

    def _read(self, second: int) -> list[tuple[int, bytes]] | None:
        name, objects = preview_name(self._camera, second), self._services.objects
        stored = objects.stat(Bucket.WORK, name)
        if stored is None:
            return None
        try:
            read = objects.range_reader(Bucket.WORK, name, stored.generation)
            return list(unpack_frames(read(0, stored.size_bytes)))
        except (SourceExpired, ValueError) as error:
            self._services.log("preview.read_failed", severity="WARNING", reason=repr(error))
            return []
