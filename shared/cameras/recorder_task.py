"""Recorder tasks (`recorder_tasks/{id}`).

A STREAM task holds a camera's session for one invocation. An invocation is limited to minutes, a
recording is not: before an invocation ends it creates the next task, with a higher epoch, and
continues until that task has pictures. A FINALIZE task belongs to one recording and has the
recording's id. It exists from the start of the recording to its end: it checks the running
recording, writes the clip when the recording has stopped, and deletes the recording when it
expires. So no recording depends on a single process or message.
"""

from __future__ import annotations

from typing import Any

from shared.cameras.camera import Camera
from shared.flows.documents import Create
from shared.flows.effects import ClockAndIds
from shared.tasks.task import new_task

RECORDER = "recorder"
STREAM, FINALIZE = "stream", "finalize"
CHECK_INTERVAL_S = 120
"""The interval in which the FINALIZE task checks a running recording."""


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
