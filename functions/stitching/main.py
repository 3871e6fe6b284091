"""Encodes a film from pictures and sound, and publishes it as the result of the job."""

from shared.entrypoints.stage import UnitContext, stage
from shared.jobs.units.outcomes import UnitDone


def _part(context: UnitContext) -> UnitDone:
    # PyAV, NumPy and Pillow are loaded with the first unit: see infra/README.md, cold starts.
    from functions.stitching.render import render_film

    return render_film(context)


def _join(context: UnitContext) -> UnitDone:
    from functions.stitching.join import copy_results

    return copy_results(context)


main = stage("stitching", part=_part, join=_join)
