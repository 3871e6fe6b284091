"""Score the faces of a pack of frames; merge the parts into a timeline."""

from shared.entrypoints.stage import Task, stage
from shared.jobs.claims import Finished


def _part(task: Task) -> Finished:
    # OpenCV, PyAV and NumPy are loaded with the first unit: see infra/README.md, cold starts.
    from functions.emotion_scoring.part import score_pack

    return score_pack(task)


def _join(task: Task) -> Finished:
    from functions.emotion_scoring.join import join_scores

    return join_scores(task)


main = stage("emotion_scoring", part=_part, join=_join)
