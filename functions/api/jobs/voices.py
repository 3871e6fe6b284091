"""Checks the voice and the language of a film against the voices of the speech service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.entrypoints import bootstrap
from shared.errors import InvalidOption
from shared.recipes.films.voices import find_voice_problems


def check_voice(options: Mapping[str, Any]) -> None:
    """Raises InvalidOption with the problems that `find_problems` finds."""
    problems = find_problems(options)
    if problems:
        raise InvalidOption(" ".join(sentence for _, sentence in problems), problems)


def find_problems(options: Mapping[str, Any], language: str = "") -> list[tuple[str, str]]:
    """Returns the problems of `language` and `voice`, as pairs of an option and a sentence: no
    voice speaks the language, or the voice does not.

    If the service does not list its voices, nothing is checked: a job does not depend on another
    service when it is created, and text_to_speech fails with voice-refused.

    Args:
        options: The options of a job of any recipe.
        language: The language of a deck; "" for the one in the options.
    """
    language, voice = language or options.get("language") or "", options.get("voice") or ""
    if not language and not voice:
        return []
    voices = bootstrap.voices().read()
    return find_voice_problems(language, voice, voices) if voices else []
