"""The recipes, and the parsers of their options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.errors import InvalidOption
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import ResponseModel
from shared.pipeline import RECIPES, Input, Recipe
from shared.recipes.emotions.options import EMOTION_OPTION_NAMES, EmotionOptions
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.options import FILM_OPTION_NAMES, FilmOptions, StillOptions
from shared.recipes.frames.options import FrameOptions
from shared.runtime.settings import Settings

MEGABYTE = 1_000_000


def _frames(values: Mapping[str, Any], _settings: Settings) -> dict[str, Any]:
    return FrameOptions.parse(values).to_dict()


def _emotions(values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    allowed = settings.allow_medical_safety
    return EmotionOptions.parse(values, allow_medical_safety=allowed).to_dict()


def _presentation(values: Mapping[str, Any], _settings: Settings) -> dict[str, Any]:
    film = {name: values[name] for name in FILM_OPTION_NAMES if name in values}
    deck = {name: value for name, value in values.items() if name not in FILM_OPTION_NAMES}
    return DeckOptions.parse(deck).to_dict() | FilmOptions.from_job(film).to_dict()


def _recap(values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    emotions = {name: value for name, value in values.items() if name in EMOTION_OPTION_NAMES}
    presentation = {
        name: value for name, value in values.items() if name not in EMOTION_OPTION_NAMES
    }
    return _emotions(emotions, settings) | _presentation(presentation, settings)


def _still(values: Mapping[str, Any], _settings: Settings) -> dict[str, Any]:
    return StillOptions.parse(values).to_dict()


OPTION_PARSERS: Mapping[str, Callable[[Mapping[str, Any], Settings], dict[str, Any]]] = {
    "frames": _frames,
    "emotions": _emotions,
    "recap": _recap,
    "presentation": _presentation,
    "still": _still,
}
"""Parsers of the options by recipe. Each returns the options as stored in the job. Raises
ValueError for an invalid option, or a PermanentError such as ProhibitedPurpose."""


class InputView(ResponseModel):
    """An input of a recipe. `kinds` are the top-level media types that it takes; `names` are the
    input names that can be used for it, each once."""

    name: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    max_bytes: int
    optional: bool


class RecipeView(ResponseModel):
    """A recipe. `stages` are in the order in which they run. `available` is always true."""

    name: str
    sentence: str
    available: bool
    inputs: tuple[InputView, ...]
    stages: tuple[str, ...]


class RecipeList(ResponseModel):
    """All recipes."""

    recipes: tuple[RecipeView, ...]


def list_recipes(request: ApiRequest) -> ApiResponse:
    """Lists all recipes."""
    recipes = tuple(_view(recipe, request.settings) for recipe in RECIPES.values())
    return ApiResponse(RecipeList(recipes=recipes))


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
    """Returns the options as the stages read them. Raises InvalidOption."""
    try:
        return OPTION_PARSERS[recipe.name](values, settings)
    except ValueError as error:
        raise InvalidOption(str(error)) from error


def _view(recipe: Recipe, settings: Settings) -> RecipeView:
    return RecipeView(
        name=recipe.name,
        sentence=recipe.description,
        available=True,
        inputs=tuple(
            InputView(
                name=item.name,
                names=item.names,
                kinds=item.kinds,
                max_bytes=max_input_bytes(item, settings),
                optional=item.optional,
            )
            for item in recipe.inputs
        ),
        stages=recipe.stages,
    )
