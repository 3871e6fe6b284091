"""A part of stitching: one film, out of a deck or out of a picture and a sound."""

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
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import write_once

FILM_VERSION = 2
"""Raised when the same inputs would give another film, so that older ones are not adopted."""
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FilmFile:
    """Something that a film comes with: its name, its kind for the ledger and its media type."""

    name: str
    kind: str
    content_type: str


FILM = FilmFile("film.mp4", "film", "video/mp4")
POSTER = FilmFile("poster.jpg", "poster", "image/jpeg")
VTT = FilmFile("subtitles.vtt", "subtitles", "text/vtt; charset=utf-8")
SRT = FilmFile("subtitles.srt", "subtitles", "application/x-subrip; charset=utf-8")
CHAPTERS = FilmFile("chapters.vtt", "chapters", "text/vtt; charset=utf-8")


def render_film(context: UnitContext) -> UnitDone:
    """Make the film in a folder of this machine, then write it once."""
    film = StillFilm.of(context) if context.spec["film"] == "still" else DeckFilm.of(context)
    content = [FILM_VERSION, film.content]
    spec = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    there = context.objects.stat(Bucket.WORK, _name(context, spec, FILM))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILM.name
        made = film.write(path, context.check) if there is None else film.describe()
        stored = there or _write_file(context, spec, path)
    pieces = {
        POSTER: made.poster,
        VTT: made.vtt.encode(),
        SRT: made.srt.encode(),
        CHAPTERS: made.chapters.encode(),
    }
    artifacts = [stored.to_artifact(FILM.name, FILM.kind)]
    artifacts += [
        _write(context, spec, piece, data).to_artifact(piece.name, piece.kind)
        for piece, data in pieces.items()
        if data
    ]
    result = replace(made.result, spec=spec).to_dict()
    figures = {name: value for name, value in result.items() if name != "spec"}
    context.log("film.rendered", size_bytes=stored.size_bytes, reused=there is not None, **figures)
    return UnitDone(tuple(artifacts), facts=result, warnings=made.warnings)


def _write_file(context: UnitContext, spec: str, path: Path) -> StoredObject:
    name = _name(context, spec, FILM)
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


def _write(context: UnitContext, spec: str, piece: FilmFile, data: bytes) -> StoredObject:
    return write_once(
        context.objects,
        Bucket.WORK,
        _name(context, spec, piece),
        data,
        content_type=piece.content_type,
        spec=spec,
    )


def _name(context: UnitContext, spec: str, piece: FilmFile) -> str:
    return f"{FILMS_PREFIX}{context.job.id}/{spec[:12]}/{piece.name}"
