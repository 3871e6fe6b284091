"""The writes that change what is requested of a camera."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.cameras.camera import ActiveRequest, Camera, CameraState
from shared.cameras.recorder_task import RECORDER, new_recorder_task
from shared.cameras.recording import RecordingState, recording_path
from shared.cameras.watched import admit_camera
from shared.flows.documents import Doc, Update, Write
from shared.flows.effects import ClockAndIds, Flow
from shared.tasks.task import Task, task_path


def request_writes(
    camera: Camera,
    recorder_task: Doc | None,
    fields: dict[str, Any],
    clock: ClockAndIds,
    max_watched: int,
) -> Flow[tuple[Write, ...]]:
    """Returns the writes that change a camera's requests, and that create a recorder task when
    none holds the session. Raises TooManyWatchedCameras."""
    is_active = recorder_task is not None and not Task.from_doc(RECORDER, recorder_task).has_ended
    if is_active:
        return (Update(camera.path, fields, camera.version),)
    admission = yield from admit_camera(camera, max_watched)
    create, camera_fields = new_recorder_task(camera, clock)
    reset = {"state": CameraState.CONNECTING, "error": None}
    update = Update(camera.path, {**fields, **camera_fields, **reset}, camera.version)
    return (update, create, admission)


def mark_capture_ended(
    camera: Camera, recording_id: str, ended_by: str, now: datetime, **facts: Any
) -> tuple[Write, ...]:
    """Returns the writes that record the end of a capture: the last segment is written.

    The holder of the session commits them, then announces the FINALIZE task.
    """
    fields = {"state": RecordingState.JOINING, "ended_by": ended_by, "ended_at": now, **facts}
    return (
        remove_request(camera, recording_id),
        Update(recording_path(recording_id), fields),
        Update(task_path(RECORDER, recording_id), {"due_at": now, "next_check_at": now}),
    )


def remove_request(camera: Camera, recording_id: str) -> Update:
    """Returns the write that removes a recording from a camera's requests."""
    requests = {
        key: request for key, request in camera.active_requests.items() if key != recording_id
    }
    return Update(camera.path, {"active_requests": requests_to_dict(requests)}, camera.version)


def requests_to_dict(requests: Mapping[str, ActiveRequest]) -> dict[str, Any]:
    """Returns the active requests as the camera's document holds them."""
    return {key: request.to_dict() for key, request in requests.items()}
