"""Put pictures and sound together into a film; hand it out with all that belongs to it."""

from shared.entrypoints.stage import Task, stage
from shared.jobs.claims import Finished


def _part(task: Task) -> Finished:
    # PyAV, NumPy and Pillow are loaded with the first unit: see infra/README.md, cold starts.
    from functions.stitching.render import make

    return make(task)


def _join(task: Task) -> Finished:
    from functions.stitching.join import present

    return present(task)


main = stage("stitching", part=_part, join=_join)
