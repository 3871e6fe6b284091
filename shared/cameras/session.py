"""The commands that start, stop and delete recordings, request previews and delete cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.cameras.camera import PREVIEW_S, ActiveRequest, Camera, camera_path
from shared.cameras.camera_secret import secret_path
from shared.cameras.recorder_tasks import (
    FINALIZE,
    RECORDER,
    announce,
    announce_camera,
    read_camera,
)
from shared.cameras.recording import (
    EndedBy,
    Recording,
    RecordingRequest,
    RecordingState,
    new_recording,
    recording_path,
)
from shared.cameras.requests import request_writes
from shared.errors import FirestoreUnavailable, NotFound, WrongState
from shared.flows.documents import CommitResult, Create, Delete, Update, Write
from shared.flows.effects import ClockAndIds, Flow, commit, publish, read
from shared.tasks.task import TaskState, new_task, task_envelope, task_path

CHECK_INTERVAL_S = 120
"""The interval in which the FINALIZE task checks a running recording."""
MAX_LAST_SEGMENT_WAIT_S = 60
"""How long a stopped recording waits for its last segment when no task reports that segment."""
MAX_COMMIT_ATTEMPTS = 8
"""A camera's session writes the camera's document as well, so a command may conflict with it."""


def start_recording(
    camera_id: str,
    recording_id: str,
    request: RecordingRequest,
    clock: ClockAndIds,
    *,
    max_watched: int,
    extra_writes: tuple[Write, ...] = (),
) -> Flow[None]:
    """Starts a recording. A second call with the same id has no effect.

    Args:
        camera_id: The camera.
        recording_id: The new recording.
        request: Its parameters.
        clock: For the current time and new ids.
        max_watched: The maximum number of watched cameras of the owner.
        extra_writes: Writes for the same batch.

    Raises:
        NotFound: When there is no such camera.
        TooManyWatchedCameras: When the camera is not watched and the owner has the maximum.
    """
    for _ in range(MAX_COMMIT_ATTEMPTS):
        camera, recorder_task = yield from read_camera(camera_id)
        (existing,) = yield from read(recording_path(recording_id))
        if existing is not None:
            yield from announce(camera)
            return
        now = clock.now()
        requests = {
            **camera.active_requests,
            recording_id: request.to_active_request(recording_id, now),
        }
        finalize_task = new_task(
            RECORDER, recording_id, camera.owner, {"kind": FINALIZE, "recording": recording_id}, now
        )
        deadline = now + timedelta(seconds=CHECK_INTERVAL_S)
        fields = {"active_requests": _requests_to_dict(requests)}
        camera_writes = yield from request_writes(camera, recorder_task, fields, clock, max_watched)
        result = yield from commit(
            new_recording(recording_id, camera, request, now),
            Create(
                finalize_task.path,
                {**finalize_task.data, "due_at": deadline, "next_check_at": deadline},
            ),
            *camera_writes,
            *extra_writes,
        )
        if result is CommitResult.OK:
            yield from announce_camera(camera_id)
            return
    raise FirestoreUnavailable("Firestore is contended.")


def request_preview(
    camera_id: str, clock: ClockAndIds, *, max_watched: int, duration_s: float = PREVIEW_S
) -> Flow[None]:
    """Requests the camera's preview for `duration_s` seconds from now. Raises NotFound, and
    TooManyWatchedCameras as `start_recording` does."""
    for _ in range(MAX_COMMIT_ATTEMPTS):
        camera, recorder_task = yield from read_camera(camera_id)
        until = clock.now() + timedelta(seconds=duration_s)
        if camera.preview_until is not None and camera.preview_until > until:
            until = camera.preview_until
        fields = {"preview_until": until}
        writes = yield from request_writes(camera, recorder_task, fields, clock, max_watched)
        if (yield from commit(*writes)) is CommitResult.OK:
            if len(writes) > 1:
                yield from announce_camera(camera_id)
            return
    raise FirestoreUnavailable("Firestore is contended.")


def stop_recording(
    recording_id: str, clock: ClockAndIds, *, ended_by: EndedBy = EndedBy.STOP
) -> Flow[Recording]:
    """Stops a recording and returns it. An ended recording does not change. Raises NotFound."""
    for _ in range(MAX_COMMIT_ATTEMPTS):
        recording = yield from _recording(recording_id)
        if not recording.is_running:
            return recording
        now = clock.now()
        deadline = now + timedelta(seconds=MAX_LAST_SEGMENT_WAIT_S)
        task = task_path(RECORDER, recording_id)
        writes: list[Write] = [
            Update(
                recording.path,
                {"state": RecordingState.STOPPING, "ended_by": ended_by.value, "ended_at": now},
                recording.version,
            ),
            Update(task, {"due_at": deadline, "next_check_at": deadline}),
        ]
        (doc,) = yield from read(camera_path(recording.camera))
        camera = None if doc is None else Camera.from_doc(doc)
        if camera is not None and recording_id in camera.active_requests:
            request = replace(camera.active_requests[recording_id], stop_reason=ended_by.value)
            requests = {**camera.active_requests, recording_id: request}
            update = {"active_requests": _requests_to_dict(requests)}
            writes.append(Update(camera.path, update, camera.version))
        if (yield from commit(*writes)) is CommitResult.OK:
            return (yield from _recording(recording_id))
    raise FirestoreUnavailable("Firestore is contended.")


def delete_recording(recording_id: str, clock: ClockAndIds) -> Flow[None]:
    """Deletes a recording and its data, even while it is running. Raises NotFound."""
    for _ in range(MAX_COMMIT_ATTEMPTS):
        recording = yield from _recording(recording_id)
        if recording.state is RecordingState.DELETED:
            break
        now = clock.now()
        task = {"state": TaskState.OPEN, "due_at": now, "next_check_at": now, "finished_at": None}
        writes: list[Write] = [
            Update(recording.path, {"state": RecordingState.DELETED}, recording.version),
            Update(task_path(RECORDER, recording_id), {**task, "attempt": 0}),
        ]
        (doc,) = yield from read(camera_path(recording.camera))
        camera = None if doc is None else Camera.from_doc(doc)
        if camera is not None and recording_id in camera.active_requests:
            writes.append(_remove_request(camera, recording_id))
        if (yield from commit(*writes)) is CommitResult.OK:
            break
    else:
        raise FirestoreUnavailable("Firestore is contended.")
    yield from publish([task_envelope(RECORDER, recording_id)])


def delete_camera(camera_id: str) -> Flow[None]:
    """Deletes a camera; its session ends by itself.

    Raises:
        NotFound: When there is no such camera.
        WrongState: When the camera is recording.
    """
    for _ in range(MAX_COMMIT_ATTEMPTS):
        camera, _ = yield from read_camera(camera_id)
        if camera.active_requests:
            raise WrongState("The camera records; stop its recordings first.")
        result = yield from commit(
            Delete(camera.path, camera.version), Delete(secret_path(camera_id))
        )
        if result is CommitResult.OK:
            return
    raise FirestoreUnavailable("Firestore is contended.")


def mark_capture_ended(
    camera: Camera, recording_id: str, ended_by: str, now: datetime, **facts: Any
) -> tuple[Write, ...]:
    """Returns the writes that record the end of a capture: the last segment is written.

    The holder of the session commits them, then announces the FINALIZE task.
    """
    fields = {"state": RecordingState.JOINING, "ended_by": ended_by, "ended_at": now, **facts}
    return (
        _remove_request(camera, recording_id),
        Update(recording_path(recording_id), fields),
        Update(task_path(RECORDER, recording_id), {"due_at": now, "next_check_at": now}),
    )


def _remove_request(camera: Camera, recording_id: str) -> Update:
    requests = {
        key: request for key, request in camera.active_requests.items() if key != recording_id
    }
    return Update(camera.path, {"active_requests": _requests_to_dict(requests)}, camera.version)


def _requests_to_dict(requests: Mapping[str, ActiveRequest]) -> dict[str, Any]:
    return {key: request.to_dict() for key, request in requests.items()}


def _recording(recording_id: str) -> Flow[Recording]:
    (doc,) = yield from read(recording_path(recording_id))
    if doc is None:
        raise NotFound
    return Recording.from_doc(doc)
