"""Recordings: reading, stopping and deleting them, and their clips."""

from __future__ import annotations

from functions.api import rate_limit_policies
from functions.api.cameras.recording_schemas import (
    RecordingPage,
    recording_view,
)
from functions.api.download_links import sign_link
from functions.api.pagination import PageQuery
from functions.api.storage import free_storage_bytes
from shared.cameras import redrive, session
from shared.cameras.browser_copy import BrowserCopy, CopyState, copy_artifact, request_copy
from shared.cameras.recording import (
    ENDED_STATES,
    RECORDINGS,
    Recording,
    RecordingState,
    newest_clips,
    recording_path,
)
from shared.errors import NotFound, StorageFull, WrongState
from shared.flows.documents import job_path, newest_owned
from shared.http.artifacts import redirect_to
from shared.http.limits.rate_limits import consume
from shared.http.request import ApiRequest, ApiResponse
from shared.jobs.commands import cancel
from shared.jobs.model import Status
from shared.recipes.stored_object import Artifact

_NOT_FOUND = "There is no such recording."
STOP_WAIT_S = 5.0
"""A clip of a few minutes is written within this time."""
STOP_POLL_S = 0.5


class CopyNotReady(WrongState):
    """The clip has no copy yet; request one, or wait until it is done."""

    code = "copy-not-ready"


class NotReady(WrongState):
    """The recording has no clip yet; it gets one after it has stopped."""

    code = "not-ready"


def list_recordings(request: ApiRequest) -> ApiResponse:
    """Lists your recordings, newest first."""
    query = request.query(PageQuery)
    docs = request.services.store.run_query(
        newest_owned(RECORDINGS, request.user.uid, after=query.after, limit=query.limit + 1)
    )
    recordings = [Recording.from_doc(doc) for doc in docs[: query.limit]]
    return ApiResponse(
        RecordingPage(
            recordings=tuple(
                recording_view(recording)
                for recording in recordings
                if recording.state is not RecordingState.DELETED
            ),
            next_cursor=query.next_cursor(docs),
        )
    )


def get_last_recording(request: ApiRequest) -> ApiResponse:
    """Returns the newest recording that has a clip.

    Raises NotFound.
    """
    return ApiResponse(recording_view(_find_last_recording(request)))


def get_last_clip(request: ApiRequest) -> ApiResponse:
    """Redirects to Cloud Storage, which serves the clip of the newest recording that has one.

    Raises NotFound, NotReady.
    """
    clip = _find_last_recording(request).clip_artifact
    if clip is None:
        raise NotReady
    return redirect_to(request, clip)


def _find_last_recording(request: ApiRequest) -> Recording:
    docs = request.services.store.run_query(newest_clips(request.user.uid, limit=1))
    if not docs:
        raise NotFound("There is no recording with a clip yet.")
    return Recording.from_doc(docs[0])


def get_recording(request: ApiRequest) -> ApiResponse:
    """Returns a recording in its current state."""
    return ApiResponse(recording_view(_requested(request)))


def stop_recording(request: ApiRequest) -> ApiResponse:
    """Stops a recording. Stopping it again has no effect. Waits up to STOP_WAIT_S for the clip of a
    recording: 200 with its description, or with the error of a failed one, and otherwise 202."""
    recording = _requested(request)
    request.run(lambda clock: session.stop_recording(recording.id, clock))
    waited_s = 0.0
    while True:
        recording = find_recording(request, recording.id)
        if recording.state in ENDED_STATES:
            return ApiResponse(recording_view(recording), status=200)
        if waited_s >= STOP_WAIT_S:
            return ApiResponse(recording_view(recording))
        request.services.clock.sleep(STOP_POLL_S)
        waited_s += STOP_POLL_S


def redrive_recording(request: ApiRequest) -> ApiResponse:
    """Joins a failed recording again. What was recorded is kept until the recording expires.

    Raises WrongState if the recording has not failed or has no pictures, LimitReached.
    """
    recording = _requested(request)
    rate_limit = consume(request, rate_limit_policies.reworks(request.settings), request.user.uid)
    request.run(lambda clock: redrive.redrive_recording(recording.id, clock))
    view = recording_view(find_recording(request, recording.id))
    return ApiResponse(view, headers=rate_limit.headers)


def delete_recording(request: ApiRequest) -> ApiResponse:
    """Deletes a recording, even while it runs. A job that still waits for its clip is cancelled."""
    recording = _requested(request)
    request.run(lambda clock: session.delete_recording(recording.id, clock))
    if recording.request.job:
        (doc,) = request.services.store.read([job_path(recording.request.job)])
        if doc is not None and doc.data["status"] == Status.AWAITING_UPLOAD:
            request.run(lambda clock: cancel.cancel(recording.request.job, clock))
    return ApiResponse()


def get_clip(request: ApiRequest) -> ApiResponse:
    """Redirects to Cloud Storage, which serves the clip.

    Raises NotReady.
    """
    return redirect_to(request, find_clip(request))


def get_clip_link(request: ApiRequest) -> ApiResponse:
    """Returns a link to the clip of a recording.

    Raises NotFound, NotReady, SourceExpired.
    """
    return sign_link(request, find_clip(request))


def create_browser_copy(request: ApiRequest) -> ApiResponse:
    """Requests a copy of a clip that plays in no browser: 200 if it is done. A copy that failed is
    tried again; one that is being made goes on.

    Raises NotReady, CopyNotNeeded, StorageFull, LimitReached.
    """
    recording = _requested(request)
    if recording.clip_artifact is None:
        raise NotReady
    rate_limit = consume(request, rate_limit_policies.reworks(request.settings), request.user.uid)
    copy = BrowserCopy.of(recording)
    if (copy is None or copy.state is CopyState.FAILED) and free_storage_bytes(request) <= 0:
        raise StorageFull
    request.run(lambda clock: request_copy(recording.id, clock))
    recording = find_recording(request, recording.id)
    copy = BrowserCopy.of(recording)
    is_done = copy is not None and copy.state is CopyState.DONE
    view = recording_view(recording)
    return ApiResponse(view, status=200 if is_done else None, headers=rate_limit.headers)


def get_browser_copy_link(request: ApiRequest) -> ApiResponse:
    """Returns a link to the copy of a clip.

    Raises NotFound, CopyNotReady, SourceExpired.
    """
    copy = copy_artifact(_requested(request))
    if copy is None:
        raise CopyNotReady
    return sign_link(request, copy)


def find_clip(request: ApiRequest) -> Artifact:
    """Returns the clip of the recording in the path. Raises NotFound, NotReady."""
    clip = _requested(request).clip_artifact
    if clip is None:
        raise NotReady
    return clip


def _requested(request: ApiRequest) -> Recording:
    """The caller's recording named in the path. Raises NotFound."""
    return find_recording(request, request.path_params["recording_id"])


def find_recording(request: ApiRequest, recording_id: str) -> Recording:
    """Returns the caller's recording. Raises NotFound."""
    recording = read_recording(request, recording_id)
    if recording is None:
        raise NotFound(_NOT_FOUND)
    return recording


def read_recording(request: ApiRequest, recording_id: str) -> Recording | None:
    """Returns the caller's recording; None if there is none or it is deleted."""
    (doc,) = request.services.store.read([recording_path(recording_id)])
    if doc is None or doc.data["owner"] != request.user.uid:
        return None
    recording = Recording.from_doc(doc)
    return None if recording.state is RecordingState.DELETED else recording
