"""The part of stitching: one film, from a deck or from a picture and a sound."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from functions.stitching.film.deck_film import DeckFilm
from functions.stitching.film.still_film import StillFilm
from functions.stitching.film_cache import FilmCache
from functions.stitching.film_result import NARRATION_FILE, RenderedFilm
from shared.entrypoints.stage import UnitContext
from shared.jobs.units.outcomes import UnitDone
from shared.pipeline import FILMS_PREFIX, Bucket
from shared.recipes.results import FilmResult
from shared.recipes.stored_object import ResultKind, StoredObject
from shared.runtime.owner_cache import content_key
from shared.runtime.results_writer import find_json, find_object, write_json_once, write_once

FILM_VERSION = 7
"""Incremented when the same inputs give another film, so that older ones are not adopted."""
_BLOCK_BYTES = 1 << 20

StoredFilm = tuple[Mapping[str, Any], dict[str, StoredObject]]
"""The recorded result of a film, and its files by name."""


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
NARRATION = FilmFile(NARRATION_FILE, "narration", "audio/mp4")
FILM_FILES = (FILM, POSTER, NARRATION, VTT, SRT, CHAPTERS)
"""The files of a result in their order. A film lacks what it has no content for."""
_RESULT = "result.json"
"""The result and the warnings of the part, for an attempt that adopts the film."""


def render_film(context: UnitContext) -> UnitDone:
    """Renders and stores the film, or adopts that of an earlier attempt or another job."""
    film = (
        StillFilm.from_context(context)
        if context.spec["film"] == "still"
        else DeckFilm.from_context(context)
    )
    spec = content_key(FILM_VERSION, film.content)
    cache = FilmCache(film.cache, spec)
    found = _find_film(context, spec)
    is_adopted = found is not None
    if found is None:
        found = _copy_cached(context, spec, cache)
    is_reused = found is not None
    if found is None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / FILM.name
            rendered = film.write(path, context.check)
            # Before the film exists: an attempt that adopts the film adopts the other files too.
            record = _write_files(context, spec, rendered)
            stored = _write_path(context, spec, FILM, path)
        found = record, _find_files(context, spec, stored)
        cache.add(*found)
    record, files = found
    stored = files[FILM.name]
    artifacts = [
        files[file.name].to_artifact(file.name, file.kind)
        for file in FILM_FILES
        if file.name in files
    ]
    result = FilmResult.from_dict(record["facts"])
    if is_reused and result.slides is not None:
        result = replace(result, scenes_encoded=0, scenes_reused=result.slides)
    facts = result.to_dict()
    figures = {name: value for name, value in facts.items() if name != "spec"}
    context.log("film.rendered", size_bytes=stored.size_bytes, reused=is_reused, **figures)
    return UnitDone(
        tuple(artifacts),
        facts=facts,
        warnings=tuple(record["warnings"]),
        adopted=is_adopted,
    )


def _find_film(context: UnitContext, spec: str) -> StoredFilm | None:
    """Returns the film that an earlier attempt completed, or None."""
    name = _object_name(context, spec, FILM.name)
    stored = find_object(context.objects, Bucket.WORK, name, spec)
    if stored is None:
        return None
    # It recorded the result before the film.
    record = find_json(context.objects, Bucket.WORK, _object_name(context, spec, _RESULT), spec)
    return None if record is None else (record, _find_files(context, spec, stored))


def _find_files(context: UnitContext, spec: str, film: StoredObject) -> dict[str, StoredObject]:
    """Returns the film and the files beside it that exist."""
    files = {FILM.name: film}
    for file in FILM_FILES:
        if file is not FILM:
            name = _object_name(context, spec, file.name)
            stored = find_object(context.objects, Bucket.WORK, name, spec)
            if stored is not None:
                files[file.name] = stored
    return files


def _copy_cached(context: UnitContext, spec: str, cache: FilmCache) -> StoredFilm | None:
    """Copies the film of another job of the owner. Its result is not recorded: another attempt
    copies it again."""
    return cache.copy_to(_object_name(context, spec, ""))


def _write_files(context: UnitContext, spec: str, rendered: RenderedFilm) -> Mapping[str, Any]:
    """Writes the files beside the film, and the result last. Returns the result as recorded."""
    files = {
        POSTER: rendered.poster,
        VTT: rendered.vtt.encode(),
        SRT: rendered.srt.encode(),
        CHAPTERS: rendered.chapters.encode(),
    }
    for file, data in files.items():
        if data:
            _write_once(context, spec, file, data)
    if rendered.narration is not None:
        _write_path(context, spec, NARRATION, rendered.narration)
    facts = replace(rendered.result, spec=spec).to_dict()
    record = {"facts": facts, "warnings": list(rendered.warnings)}
    name = _object_name(context, spec, _RESULT)
    write_json_once(context.objects, Bucket.WORK, name, record, spec=spec)
    return record


def _write_path(context: UnitContext, spec: str, file: FilmFile, path: Path) -> StoredObject:
    name = _object_name(context, spec, file.name)
    with (
        context.objects.create(
            Bucket.WORK, name, content_type=file.content_type, spec=spec
        ) as writer,
        path.open("rb") as content,
    ):
        while block := content.read(_BLOCK_BYTES):
            context.check()
            writer.write(block)
    return writer.stored_object


def _write_once(context: UnitContext, spec: str, file: FilmFile, data: bytes) -> None:
    write_once(
        context.objects,
        Bucket.WORK,
        _object_name(context, spec, file.name),
        data,
        content_type=file.content_type,
        spec=spec,
    )


def _object_name(context: UnitContext, spec: str, name: str) -> str:
    return f"{FILMS_PREFIX}{context.job.id}/{spec[:12]}/{name}"
