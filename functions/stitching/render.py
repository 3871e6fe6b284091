"""The part of stitching: one film, from a deck or from a picture and a sound."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from functions.stitching.film.deck_film import DeckFilm
from functions.stitching.film.still_film import StillFilm
from shared.entrypoints.stage import UnitContext
from shared.jobs.claims import UnitDone
from shared.pipeline import FILMS_PREFIX, Bucket
from shared.recipes.stored_object import ResultKind, StoredObject
from shared.runtime.results_writer import write_once

FILM_VERSION = 2
"""Incremented when the same inputs give another film, so that older ones are not adopted."""
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FilmFile:
    """A file of the result: its name, its kind as an artifact, and its media type."""

    name: str
    kind: ResultKind
    content_type: str


FILM = FilmFile("film.mp4", "film", "video/mp4")
POSTER = FilmFile("poster.jpg", "poster", "image/jpeg")
VTT = FilmFile("subtitles.vtt", "subtitles", "text/vtt; charset=utf-8")
SRT = FilmFile("subtitles.srt", "subtitles", "application/x-subrip; charset=utf-8")
CHAPTERS = FilmFile("chapters.vtt", "chapters", "text/vtt; charset=utf-8")


def render_film(context: UnitContext) -> UnitDone:
    """Renders and stores the film, or adopts the film of an earlier attempt."""
    film = StillFilm.of(context) if context.spec["film"] == "still" else DeckFilm.of(context)
    content = [FILM_VERSION, film.content]
    spec = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    existing = context.objects.stat(Bucket.WORK, _object_name(context, spec, FILM))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILM.name
        rendered = film.write(path, context.check) if existing is None else film.describe()
        stored = existing or _write_film(context, spec, path)
    files = {
        POSTER: rendered.poster,
        VTT: rendered.vtt.encode(),
        SRT: rendered.srt.encode(),
        CHAPTERS: rendered.chapters.encode(),
    }
    artifacts = [stored.to_artifact(FILM.name, FILM.kind)]
    artifacts += [
        _write_once(context, spec, file, data).to_artifact(file.name, file.kind)
        for file, data in files.items()
        if data
    ]
    result = replace(rendered.result, spec=spec).to_dict()
    figures = {name: value for name, value in result.items() if name != "spec"}
    context.log(
        "film.rendered", size_bytes=stored.size_bytes, reused=existing is not None, **figures
    )
    return UnitDone(tuple(artifacts), facts=result, warnings=rendered.warnings)


def _write_film(context: UnitContext, spec: str, path: Path) -> StoredObject:
    name = _object_name(context, spec, FILM)
    with (
        context.objects.create(
            Bucket.WORK, name, content_type=FILM.content_type, spec=spec
        ) as writer,
        path.open("rb") as file,
    ):
        while block := file.read(_BLOCK_BYTES):
            context.check()
            writer.write(block)
    return writer.stored_object


def _write_once(context: UnitContext, spec: str, file: FilmFile, data: bytes) -> StoredObject:
    return write_once(
        context.objects,
        Bucket.WORK,
        _object_name(context, spec, file),
        data,
        content_type=file.content_type,
        spec=spec,
    )


def _object_name(context: UnitContext, spec: str, file: FilmFile) -> str:
    return f"{FILMS_PREFIX}{context.job.id}/{spec[:12]}/{file.name}"
