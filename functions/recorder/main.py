"""Record cameras: hold their sessions, and make clips of what was recorded."""

from shared.domain.errand import ErrandOutcome
from shared.stage import ErrandTask, errand


def _attend(task: ErrandTask) -> ErrandOutcome:
    # PyAV, NumPy and Pillow are loaded with the first task: see infra/README.md, cold starts.
    from functions.recorder.errands import attend
    from shared.media.confined import preload

    # Before the first sandbox process is started, since all of them are forked from one.
    preload("functions.recorder.muxing", "functions.recorder.develop")
    return attend(task)


main = errand("recorder", _attend)
