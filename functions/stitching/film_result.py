"""The result of rendering a film, except for the film itself."""

from __future__ import annotations

from dataclasses import dataclass

from shared.recipes.results import FilmResult


@dataclass(frozen=True, slots=True)
class RenderedFilm:
    """The poster as JPEG, the recorded result, subtitles and chapters as text (empty for none)."""

    poster: bytes
    result: FilmResult
    vtt: str = ""
    srt: str = ""
    chapters: str = ""
    warnings: tuple[str, ...] = ()
