"""WATCH: hold a camera's session for as long as one invocation lasts."""

from __future__ import annotations

from functions.recorder.camera.open_camera import open_camera
from functions.recorder.capture.session import Session
from shared.cameras.camera import Camera, camera_path
from shared.entrypoints.task import ErrandTask
from shared.tasks.task import ErrandOutcome, Settled

LEAVES_S = 20.0
"""Before its time is over a shift without a successor writes its last segments."""


def watch(task: ErrandTask) -> ErrandOutcome:
    """Take the session, unless a newer shift has it."""
    (doc,) = task.world.store.read([camera_path(task.errand.data["camera"])])
    if doc is None:
        return Settled()
    camera = Camera.from_doc(doc)
    if camera.live_epoch > task.errand.data["epoch"] or not camera.shift:
        return Settled()
    settings = task.settings
    session = Session(
        camera,
        task.errand,
        task.world,
        settings,
        opening=lambda source: open_camera(source, settings),
        check=task.check,
        ends_at=task.deadline - LEAVES_S,
    )
    session.run()
    return Settled()
