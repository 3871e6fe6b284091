"""The join of stitching: what people take away, copied to where they find it."""

from __future__ import annotations

from functions.stitching.render import CHAPTERS, FILM, POSTER, SRT, VTT
from shared.entrypoints.stage import UnitContext
from shared.jobs.claims import UnitDone
from shared.recipes.results import FilmResult
from shared.runtime.results_writer import ResultsWriter


def copy_results(context: UnitContext) -> UnitDone:
    """Copy the film and what belongs to it, on the store's side."""
    (unit,) = context.part_units()
    film = FilmResult.from_dict(unit.facts)
    results = ResultsWriter(context.objects, context.job.id, film.spec)
    artifacts = []
    for one in unit.artifacts:
        context.check()
        artifacts.append(results.copy(one.stored_object, one.name, one.kind))
    # A film in which nothing is said any more has no subtitles: those of before are not its own.
    names = tuple(piece.name for piece in (FILM, POSTER, VTT, SRT, CHAPTERS))
    return UnitDone(tuple(artifacts), facts=film.to_dict(), replaced_names=names)
