"""Records cameras: STREAM tasks keep connections, FINALIZE tasks write the clips."""

from shared.entrypoints.task import TaskContext, task
from shared.tasks.task import TaskOutcome


def _run(context: TaskContext) -> TaskOutcome:
    # PyAV and NumPy are loaded with the first task: see infra/README.md, cold starts.
    from functions.recorder.tasks import run

    return run(context)


main = task("recorder", _run)
