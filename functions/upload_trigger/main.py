"""An upload has arrived: find out what it is, refuse what cannot be used, plan the work."""

from shared.entrypoints.stage import Task, stage
from shared.jobs.claims import Finished


def _part(task: Task) -> Finished:
    # PyAV, NumPy and Pillow are loaded with the first unit: see infra/README.md, cold starts.
    from functions.upload_trigger.intake import examine

    return examine(task)


def _join(task: Task) -> Finished:
    from functions.upload_trigger.intake import plan

    return plan(task)


main = stage("upload_trigger", part=_part, join=_join)
