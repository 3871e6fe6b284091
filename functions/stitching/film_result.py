"""What comes with a film that was made."""

from __future__ import annotations

from dataclasses import dataclass

from shared.recipes.results import FilmResult


@dataclass(frozen=True, slots=True)
class RenderedFilm:
    """The poster as JPEG, what is recorded of the film, subtitles and chapters as text
    or ""."""

    poster: bytes
    result: FilmResult
    vtt: str = ""
    srt: str = ""
    chapters: str = ""
    warnings: tuple[str, ...] = ()
