"""The recipes, and the parsers of their options."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from shared.errors import InvalidOption
from shared.http.problems import InvalidFields
from shared.pipeline import RECIPES, Input, Recipe
from shared.recipes.captions.options import CaptionOptions
from shared.recipes.emotions.options import (
    EMOTION_OPTION_NAMES,
    EmotionOptions,
    is_consent_missing,
    parse_without_consent,
)
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.options import FilmOptions, StillOptions
from shared.recipes.films.recap_options import RecapOptions
from shared.recipes.frames.options import FrameOptions
from shared.recipes.option_values import InvalidOptions, OptionErrors, check_option_names
from shared.recipes.recipe_options import describe_options
from shared.runtime.settings import Settings

MEGABYTE = 1_000_000


def _frames(values: Mapping[str, Any], _allow_medical_safety: bool) -> dict[str, Any]:
    return FrameOptions.parse(values).to_dict()


def _emotions(values: Mapping[str, Any], allow_medical_safety: bool) -> dict[str, Any]:
    return EmotionOptions.parse(values, allow_medical_safety=allow_medical_safety).to_dict()


def _presentation(values: Mapping[str, Any], _allow_medical_safety: bool) -> dict[str, Any]:
    errors = OptionErrors()
    _check_names(errors, values, "presentation")
    options = _parse_film(errors, values)
    errors.raise_collected()
    return options


def _recap(values: Mapping[str, Any], allow_medical_safety: bool) -> dict[str, Any]:
    errors = OptionErrors()
    _check_names(errors, values, "recap")
    names = set(EMOTION_OPTION_NAMES) - {"transcript"}
    emotions = {name: value for name, value in values.items() if name in names}
    # Without consent the film shows scenes, and no face is scored.
    options = errors.read(
        "options",
        dict[str, Any](),
        lambda: (
            parse_without_consent(emotions)
            if is_consent_missing(emotions)
            else _emotions(emotions, allow_medical_safety)
        ),
    )
    options |= _parse_film(errors, values)
    options |= errors.read(
        "options", dict[str, Any](), lambda: RecapOptions.from_job(values).to_dict()
    )
    errors.raise_collected()
    return options


def _parse_film(errors: OptionErrors, values: Mapping[str, Any]) -> dict[str, Any]:
    deck = errors.read("options", dict[str, Any](), lambda: DeckOptions.from_job(values).to_dict())
    return deck | errors.read(
        "options", dict[str, Any](), lambda: FilmOptions.from_job(values).to_dict()
    )


def _check_names(errors: OptionErrors, values: Mapping[str, Any], recipe: str) -> None:
    names = [option.name for option in describe_options(recipe)]
    errors.read("options", None, lambda: check_option_names(values, names, ", ".join(names)))


def _still(values: Mapping[str, Any], _allow_medical_safety: bool) -> dict[str, Any]:
    return StillOptions.parse(values).to_dict()


def _captions(values: Mapping[str, Any], _allow_medical_safety: bool) -> dict[str, Any]:
    return CaptionOptions.parse(values).to_dict()


OPTION_PARSERS: Mapping[str, Callable[[Mapping[str, Any], bool], dict[str, Any]]] = {
    "frames": _frames,
    "emotions": _emotions,
    "recap": _recap,
    "presentation": _presentation,
    "still": _still,
    "captions": _captions,
}
"""Parsers of the options by recipe. The second argument is whether the operator allows medical and
safety purposes. Each returns the options as stored in the job. Raises
InvalidOptions, or an InvalidOption with a code of its own such as ProhibitedPurpose."""


def max_input_bytes(recipe_input: Input, settings: Settings) -> int:
    """Returns the maximum size of an input: the setting of its kind, capped by the recipe."""
    by_kind = {
        "image": settings.max_image_mb,
        "audio": settings.max_audio_mb,
        "video": settings.max_video_mb,
    }
    limits = [by_kind.get(kind, recipe_input.max_mb) for kind in recipe_input.kinds]
    return min(recipe_input.max_mb, max(limits)) * MEGABYTE


def find_recipe(name: str) -> Recipe:
    """Returns the recipe. Raises InvalidFields."""
    recipe = RECIPES.get(name)
    if recipe is None:
        raise InvalidFields([("recipe", f"Unknown recipe; the recipes are {', '.join(RECIPES)}.")])
    return recipe


def read_options(recipe: Recipe, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Returns the options as the stages read them. Raises InvalidOption with all problems."""
    try:
        return OPTION_PARSERS[recipe.name](values, settings.allow_medical_safety)
    except InvalidOptions as error:
        raise InvalidOption(str(error), error.problems) from error


def find_option_error(recipe: Recipe, values: Mapping[str, Any]) -> InvalidOption | None:
    """Returns the error of options, or None. A purpose that only the operator can allow counts as
    allowed."""
    try:
        OPTION_PARSERS[recipe.name](values, True)
    except InvalidOptions as error:
        return InvalidOption(str(error), error.problems)
    except InvalidOption as error:
        return error
    return None


def find_name_errors(recipe: Recipe, names: Collection[str]) -> list[tuple[str, str]]:
    """Returns the inputs that are missing or unknown, as pairs of a field and a message."""
    missing = [
        (f"inputs.{item.name}", f"The recipe {recipe.name} needs the input {item.name}.")
        for item in recipe.inputs
        if not item.optional and item.name not in names
    ]
    unknown = [name for name in names if recipe.find_input(name) is None]
    return missing + [(f"inputs.{name}", describe_inputs(recipe)) for name in unknown]


def describe_inputs(recipe: Recipe) -> str:
    """Returns an error message that lists the inputs of the recipe."""
    names = ", ".join(
        item.name if item.max_count == 1 else f"{item.names[0]} to {item.names[-1]}"
        for item in recipe.inputs
    )
    return f"The recipe {recipe.name} has these inputs: {names}."
