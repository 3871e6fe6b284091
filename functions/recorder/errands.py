"""Which of the recorder's errands it is."""

from __future__ import annotations

from functions.recorder.joining import look_after
from functions.recorder.watching import watch
from shared.domain.errand import ErrandOutcome
from shared.domain.shifts import JOIN, WATCH
from shared.stage import ErrandTask

DOES = {WATCH: watch, JOIN: look_after}


def attend(task: ErrandTask) -> ErrandOutcome:
    """Hold a camera, or look after a recording."""
    return DOES[task.errand.data["kind"]](task)
