"""Extracts the frames of each window into a pack; composes the packs into a ZIP without copying."""

from shared.entrypoints.stage import UnitContext, stage
from shared.jobs.units.outcomes import UnitDone


def _part(context: UnitContext) -> UnitDone:
    # OpenCV, PyAV and NumPy are loaded with the first unit: see infra/README.md, cold starts.
    from functions.frame_extraction.part import extract_pack

    return extract_pack(context)


def _join(context: UnitContext) -> UnitDone:
    from functions.frame_extraction.join import join_packs

    return join_packs(context)


main = stage("frame_extraction", part=_part, join=_join)
