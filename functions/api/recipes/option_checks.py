"""The check of the options of a new job, also against the services that speak and recognize."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.api.jobs.recipes import read_options
from functions.api.jobs.voices import check_voice
from functions.api.recognition.handlers import check_language
from shared.errors import InvalidOption
from shared.pipeline import Recipe
from shared.runtime.settings import Settings


def check_options(recipe: Recipe, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Returns the options as the stages read them. Raises InvalidOption with all problems."""
    try:
        options = read_options(recipe, values, settings)
    except InvalidOption as error:
        raise _add_service_problems(error, recipe, values, settings) from error
    _check_services(recipe, options)
    return options


def _add_service_problems(
    error: InvalidOption, recipe: Recipe, values: Mapping[str, Any], settings: Settings
) -> InvalidOption:
    """Returns the error with the problems of the other options that only a service knows."""
    invalid = {name for name, _ in error.problems}
    others = {name: value for name, value in values.items() if name not in invalid}
    try:
        _check_services(recipe, read_options(recipe, others, settings))
    except InvalidOption as more:
        problems = [*error.problems, *(row for row in more.problems if row[0] in others)]
        message = " ".join(dict.fromkeys(sentence for _, sentence in problems))
        return type(error)(message, problems)
    return error


def _check_services(recipe: Recipe, options: Mapping[str, Any]) -> None:
    if "text_to_speech" in recipe.stages:
        # The language of captions is that of the uploaded sound.
        check_voice(options)
    check_language(recipe, options)
