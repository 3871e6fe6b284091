"""The result of rendering a film, except for the film itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shared.recipes.results import FilmResult

NARRATION_FILE = "narration.m4a"


@dataclass(frozen=True, slots=True)
class RenderedFilm:
    """The poster as JPEG, the recorded result, subtitles and chapters as text (empty for none), and
    the file of the narration beside the film (None if nothing is spoken)."""

    poster: bytes
    result: FilmResult
    vtt: str = ""
    srt: str = ""
    chapters: str = ""
    narration: Path | None = None
    warnings: tuple[str, ...] = ()
