"""Which of the recorder's errands it is."""

from __future__ import annotations

from functions.recorder.capture.stream import stream_camera
from functions.recorder.clip.finalize import process_recording
from shared.cameras.session import FINALIZE, STREAM
from shared.entrypoints.task import TaskContext
from shared.tasks.task import TaskOutcome

HANDLERS = {STREAM: stream_camera, FINALIZE: process_recording}


def run(context: TaskContext) -> TaskOutcome:
    """Hold a camera, or look after a recording."""
    return HANDLERS[context.task.data["kind"]](context)
