"""Which of the recorder's errands it is."""

from __future__ import annotations

from functions.recorder.capture.stream import watch
from functions.recorder.clip.finalize import look_after
from shared.cameras.session import JOIN, WATCH
from shared.entrypoints.task import ErrandTask
from shared.tasks.task import ErrandOutcome

DOES = {WATCH: watch, JOIN: look_after}


def attend(task: ErrandTask) -> ErrandOutcome:
    """Hold a camera, or look after a recording."""
    return DOES[task.errand.data["kind"]](task)
