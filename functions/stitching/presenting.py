"""The join of stitching: what people take away, copied to where they find it."""

from __future__ import annotations

from functions.stitching.making import CHAPTERS, FILM, POSTER, SRT, VTT
from shared.domain.effects import Finished
from shared.domain.job import Artefact
from shared.domain.pipeline import RESULTS_PREFIX, Bucket
from shared.ports import Stored
from shared.stage import Task


def present(task: Task) -> Finished:
    """Copy the film and what belongs to it, on the store's side."""
    (unit,) = task.part_units()
    spec = str(unit.facts["spec"])
    artefacts = []
    for one in unit.artefacts:
        task.check()
        name = f"{RESULTS_PREFIX}{task.job.id}/{spec[:12]}/{one.name}"
        result, _ = task.objects.copy(_stored(one), Bucket.OUTPUTS, name, spec=spec)
        artefacts.append(result.artefact(one.name, one.kind))
    # A film in which nothing is said any more has no subtitles: those of before are not its own.
    names = tuple(piece.name for piece in (FILM, POSTER, VTT, SRT, CHAPTERS))
    return Finished(tuple(artefacts), facts=dict(unit.facts), replaces=names)


def _stored(one: Artefact) -> Stored:
    return Stored(
        bucket=Bucket(one.bucket),
        name=one.object,
        generation=one.generation,
        size_bytes=one.size_bytes,
        content_type=one.content_type,
        crc32c="",
        spec="",
    )
