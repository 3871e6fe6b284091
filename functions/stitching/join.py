"""The join of stitching: what people take away, copied to where they find it."""

from __future__ import annotations

from functions.stitching.render import CHAPTERS, FILM, POSTER, SRT, VTT
from shared.entrypoints.stage import Task
from shared.jobs.claims import Finished
from shared.recipes.results import FilmResult
from shared.runtime.results_writer import ResultsWriter


def present(task: Task) -> Finished:
    """Copy the film and what belongs to it, on the store's side."""
    (unit,) = task.part_units()
    film = FilmResult.from_dict(unit.facts)
    results = ResultsWriter(task.objects, task.job.id, film.spec)
    artefacts = []
    for one in unit.artefacts:
        task.check()
        artefacts.append(results.copy(one.stored, one.name, one.kind))
    # A film in which nothing is said any more has no subtitles: those of before are not its own.
    names = tuple(piece.name for piece in (FILM, POSTER, VTT, SRT, CHAPTERS))
    return Finished(tuple(artefacts), facts=film.to_dict(), replaces=names)
