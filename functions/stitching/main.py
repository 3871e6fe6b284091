"""Encodes a film from pictures and sound, or draws captions into a video, and publishes it."""

from shared.entrypoints.stage import UnitContext, stage
from shared.jobs.units.outcomes import UnitDone
from shared.recipes.captions.results import CAPTIONS_FILM


def _part(context: UnitContext) -> UnitDone:
    # PyAV, NumPy and Pillow are loaded with the first unit: see infra/README.md, cold starts.
    if context.spec["film"] == CAPTIONS_FILM:
        from functions.stitching.captions.burned_video import burn_window

        return burn_window(context)
    from functions.stitching.render import render_film

    return render_film(context)


def _join(context: UnitContext) -> UnitDone:
    if context.stage.parts[0]["film"] == CAPTIONS_FILM:
        from functions.stitching.captions.burned_video import join_windows

        return join_windows(context)
    from functions.stitching.join import copy_results

    return copy_results(context)


main = stage("stitching", part=_part, join=_join)
