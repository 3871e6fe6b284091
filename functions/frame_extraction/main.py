"""Pick a window's frames into a pack; join the packs into a ZIP without moving a byte."""

from shared.entrypoints.stage import Task, stage
from shared.jobs.claims import Finished


def _part(task: Task) -> Finished:
    # OpenCV, PyAV and NumPy are loaded with the first unit: see infra/README.md, cold starts.
    from functions.frame_extraction.part import extract

    return extract(task)


def _join(task: Task) -> Finished:
    from functions.frame_extraction.join import join_packs

    return join_packs(task)


main = stage("frame_extraction", part=_part, join=_join)
