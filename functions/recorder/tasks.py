"""The recorder's two kinds of task, and the handler of each."""

from __future__ import annotations

from functions.recorder.capture.stream import stream_camera
from functions.recorder.clip.finalize import process_recording
from shared.cameras.recorder_tasks import FINALIZE, STREAM
from shared.entrypoints.task import TaskContext
from shared.tasks.task import TaskOutcome

HANDLERS = {STREAM: stream_camera, FINALIZE: process_recording}


def run(context: TaskContext) -> TaskOutcome:
    """Runs a STREAM task (hold a camera) or a FINALIZE task (process one recording)."""
    return HANDLERS[context.task.data["kind"]](context)
