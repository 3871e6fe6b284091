"""A part of stitching: one film, out of a deck or out of a picture and a sound."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from functions.stitching.film.deck_film import DeckFilm
from functions.stitching.film.still_film import StillFilm
from shared.entrypoints.stage import Task
from shared.jobs.claims import Finished
from shared.pipeline import FILMS_PREFIX, Bucket
from shared.recipes.stored_object import StoredObject
from shared.runtime.results_writer import write_once

RECIPE_OF_FILMS = 2
"""Raised when the same inputs would give another film, so that older ones are not adopted."""
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that a film comes with: its name, its kind for the ledger and its media type."""

    name: str
    kind: str
    content_type: str


FILM = Piece("film.mp4", "film", "video/mp4")
POSTER = Piece("poster.jpg", "poster", "image/jpeg")
VTT = Piece("subtitles.vtt", "subtitles", "text/vtt; charset=utf-8")
SRT = Piece("subtitles.srt", "subtitles", "application/x-subrip; charset=utf-8")
CHAPTERS = Piece("chapters.vtt", "chapters", "text/vtt; charset=utf-8")


def make(task: Task) -> Finished:
    """Make the film in a folder of this machine, then write it once."""
    film = StillFilm.of(task) if task.spec["film"] == "still" else DeckFilm.of(task)
    content = [RECIPE_OF_FILMS, film.content]
    spec = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    there = task.objects.stat(Bucket.WORK, _name(task, spec, FILM))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILM.name
        made = film.write(path, task.check) if there is None else film.describe()
        stored = there or _write_file(task, spec, path)
    pieces = {
        POSTER: made.poster,
        VTT: made.vtt.encode(),
        SRT: made.srt.encode(),
        CHAPTERS: made.chapters.encode(),
    }
    artefacts = [stored.artefact(FILM.name, FILM.kind)]
    artefacts += [
        _write(task, spec, piece, data).artefact(piece.name, piece.kind)
        for piece, data in pieces.items()
        if data
    ]
    result = replace(made.film, spec=spec).to_dict()
    figures = {name: value for name, value in result.items() if name != "spec"}
    task.log("film.made", size_bytes=stored.size_bytes, found=there is not None, **figures)
    return Finished(tuple(artefacts), facts=result, warnings=made.warnings)


def _write_file(task: Task, spec: str, path: Path) -> StoredObject:
    name = _name(task, spec, FILM)
    with (
        task.objects.create(Bucket.WORK, name, content_type=FILM.content_type, spec=spec) as writer,
        path.open("rb") as file,
    ):
        while block := file.read(_BLOCK_BYTES):
            task.check()
            writer.write(block)
    return writer.stored


def _write(task: Task, spec: str, piece: Piece, data: bytes) -> StoredObject:
    return write_once(
        task.objects,
        Bucket.WORK,
        _name(task, spec, piece),
        data,
        content_type=piece.content_type,
        spec=spec,
    )


def _name(task: Task, spec: str, piece: Piece) -> str:
    return f"{FILMS_PREFIX}{task.job.id}/{spec[:12]}/{piece.name}"
