"""STREAM task: hold a camera's session for the duration of one invocation."""

from __future__ import annotations

from functions.recorder.camera.open_camera import open_camera
from functions.recorder.capture.session import Session
from functions.recorder.clock import SteadyClock
from shared.cameras.camera import Camera, camera_path
from shared.entrypoints.encryption import camera_decrypter
from shared.entrypoints.task import TaskContext
from shared.tasks.task import TaskDone, TaskOutcome

SHUTDOWN_MARGIN_S = 20.0
"""A task without a successor stops this long before its deadline, to write its last segments."""


def stream_camera(context: TaskContext) -> TaskOutcome:
    """Runs the session, unless a newer task holds the camera."""
    (doc,) = context.services.store.read([camera_path(context.task.data["camera"])])
    if doc is None:
        return TaskDone()
    camera = Camera.from_doc(doc)
    if camera.live_epoch > context.task.data["epoch"] or not camera.recorder_task:
        return TaskDone()
    settings = context.settings
    clock = SteadyClock()
    session = Session(
        camera,
        context.task,
        context.services,
        settings,
        decrypt=camera_decrypter(settings, context.services.log),
        open_reader=lambda source: open_camera(source, settings, clock.now),
        clock=clock,
        check=context.check,
        ends_at=context.deadline - SHUTDOWN_MARGIN_S,
    )
    session.run()
    return TaskDone()
