"""Record cameras: hold their sessions, and make clips of what was recorded."""

from shared.entrypoints.task import ErrandTask, errand
from shared.tasks.task import ErrandOutcome


def _attend(task: ErrandTask) -> ErrandOutcome:
    # PyAV, NumPy and Pillow are loaded with the first task: see infra/README.md, cold starts.
    from functions.recorder.tasks import attend
    from shared.media.sandbox.run import preload

    # Before the first sandbox process is started, since all of them are forked from one.
    preload("functions.recorder.clip.mux", "functions.recorder.preview.decoder")
    return attend(task)


main = errand("recorder", _attend)
