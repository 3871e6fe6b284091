"""Recorder tasks (`recorder_tasks/{id}`): creating and announcing them.

A STREAM task holds a camera's session for one invocation. An invocation is limited to minutes, a
recording is not: before an invocation ends it creates the next task, with a higher epoch, and
continues until that task has pictures. A FINALIZE task belongs to one recording and has the
recording's id. It exists from the start of the recording to its end: it checks the running
recording, writes the clip when the recording has stopped, and deletes the recording when it
expires. So no recording depends on a single process or message.
"""

from __future__ import annotations

from typing import Any

from shared.cameras.camera import Camera, CameraState, camera_path
from shared.errors import NotFound
from shared.flows.documents import Create, Doc
from shared.flows.effects import ClockAndIds, Flow, publish, read
from shared.tasks.task import new_task, task_envelope, task_path

RECORDER = "recorder"
STREAM, FINALIZE = "stream", "finalize"


def new_recorder_task(camera: Camera, clock: ClockAndIds) -> tuple[Create, dict[str, Any]]:
    """Returns the write that creates the next STREAM task, and the fields of the camera's document
    that give it the session."""
    epoch = camera.epoch + 1
    # 20 letters and digits, like all ids in envelopes.
    task_id = (clock.new_token() + clock.new_token())[:20]
    fields = {"kind": STREAM, "camera": camera.id, "epoch": epoch, "previous": camera.recorder_task}
    # Cameras have a limit of their own, and a handover must not wait for a slot.
    create = new_task(RECORDER, task_id, camera.owner, fields, clock.now(), in_slot=False)
    return create, {"recorder_task": task_id, "epoch": epoch}


def read_camera(camera_id: str) -> Flow[tuple[Camera, Doc | None]]:
    """Returns the camera, and the recorder task that holds or is to take its session. Raises
    NotFound."""
    (doc,) = yield from read(camera_path(camera_id))
    if doc is None:
        raise NotFound
    camera = Camera.from_doc(doc)
    if not camera.recorder_task:
        return camera, None
    (recorder_task,) = yield from read(task_path(RECORDER, camera.recorder_task))
    return camera, recorder_task


def announce_camera(camera_id: str) -> Flow[None]:
    """Publishes the recorder task of the camera as it is now. Raises NotFound."""
    camera, _ = yield from read_camera(camera_id)
    yield from announce(camera)


def announce(camera: Camera) -> Flow[None]:
    """Publishes the camera's recorder task. For a task that is held already this is harmless: the
    delivery waits, and finds the task finished."""
    if camera.recorder_task and camera.state is CameraState.CONNECTING:
        yield from publish([task_envelope(RECORDER, camera.recorder_task)])
