"""Put pictures and sound together into a film; hand it out with all that belongs to it."""

from shared.domain.effects import Finished
from shared.stage import Task, stage


def _part(task: Task) -> Finished:
    # PyAV, NumPy and Pillow are loaded with the first unit: see infra/README.md, cold starts.
    from functions.stitching.making import make

    return make(task)


def _join(task: Task) -> Finished:
    from functions.stitching.presenting import present

    return present(task)


main = stage("stitching", part=_part, join=_join)
