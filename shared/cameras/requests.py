"""The writes that change what is requested of a camera."""

from __future__ import annotations

from typing import Any

from shared.cameras.camera import Camera, CameraState
from shared.cameras.recorder_tasks import RECORDER, new_recorder_task
from shared.cameras.watched import admit_camera
from shared.flows.documents import Doc, Update, Write
from shared.flows.effects import ClockAndIds, Flow
from shared.tasks.task import Task


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
