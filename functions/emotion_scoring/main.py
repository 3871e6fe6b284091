"""Scores the faces of a frame pack; merges the parts into a timeline."""

from shared.entrypoints.stage import UnitContext, stage
from shared.jobs.units.outcomes import UnitDone


def _part(context: UnitContext) -> UnitDone:
    # OpenCV, PyAV and NumPy are imported with the first unit: see infra/README.md, cold starts.
    from functions.emotion_scoring.part import score_pack

    return score_pack(context)


def _join(context: UnitContext) -> UnitDone:
    from functions.emotion_scoring.join import join_scores

    return join_scores(context)


main = stage("emotion_scoring", part=_part, join=_join)
