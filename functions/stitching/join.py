"""The join of stitching: copies the film and its files to the results of the job."""

from __future__ import annotations

from typing import cast

from functions.stitching.render import FILM_FILES
from shared.entrypoints.stage import UnitContext
from shared.jobs.units.outcomes import UnitDone
from shared.recipes.results import FilmResult
from shared.recipes.stored_object import ResultKind
from shared.runtime.results_writer import ResultsWriter


def copy_results(context: UnitContext) -> UnitDone:
    """Copies the film and the files beside it within Cloud Storage."""
    (unit,) = context.part_units()
    film = FilmResult.from_dict(unit.facts)
    results = ResultsWriter(context.objects, context.job.id, film.spec, context.envelope.revision)
    artifacts = []
    for number, artifact in enumerate(unit.artifacts, start=1):
        context.check()
        context.report_progress(number / (len(unit.artifacts) + 1))
        # The part took the kind from a FilmFile.
        kind = cast("ResultKind", artifact.kind)
        artifacts.append(results.copy(artifact.stored_object, artifact.name, kind))
    # An edited film may have no speech and so no subtitles: earlier ones are replaced as well.
    names = tuple(file.name for file in FILM_FILES)
    return UnitDone(tuple(artifacts), facts=film.to_dict(), replaced_names=names)
