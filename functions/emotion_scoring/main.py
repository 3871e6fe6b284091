"""Score the faces of a pack of frames; merge the parts into a timeline."""

from shared.domain.effects import Finished
from shared.stage import Task, stage


def _part(task: Task) -> Finished:
    # OpenCV, PyAV and NumPy are loaded with the first unit: see infra/README.md, cold starts.
    from functions.emotion_scoring.part import score_pack

    return score_pack(task)


def _join(task: Task) -> Finished:
    from functions.emotion_scoring.joining import join_scores

    return join_scores(task)


main = stage("emotion_scoring", part=_part, join=_join)
