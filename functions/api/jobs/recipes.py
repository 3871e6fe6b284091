"""What recipes there are, and how the options of each are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.errors import InvalidOption, NotAvailableYet
from shared.http.problems import InvalidFields
from shared.http.request import ApiRequest, ApiResponse
from shared.http.schemas import ResponseModel
from shared.pipeline import RECIPES, Input, Recipe
from shared.recipes.emotions.options import EMOTION_OPTION_NAMES, EmotionOptions
from shared.recipes.films.deck_options import DeckOptions
from shared.recipes.films.options import FILM_OPTION_NAMES, FilmOptions, StillOptions
from shared.recipes.frames.windows import FrameOptions
from shared.runtime.settings import Settings

MEGABYTE = 1_000_000


def _frames(given: Mapping[str, Any], _settings: Settings) -> dict[str, Any]:
    return FrameOptions.parse(given).to_dict()


def _emotions(given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    allowed = settings.allow_medical_safety
    return EmotionOptions.parse(given, allow_medical_safety=allowed).to_dict()


def _presentation(given: Mapping[str, Any], _settings: Settings) -> dict[str, Any]:
    film = {name: given[name] for name in FILM_OPTION_NAMES if name in given}
    deck = {name: value for name, value in given.items() if name not in FILM_OPTION_NAMES}
    return DeckOptions.parse(deck).to_dict() | FilmOptions.from_job(film).to_dict()


def _recap(given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    scored = {name: value for name, value in given.items() if name in EMOTION_OPTION_NAMES}
    told = {name: value for name, value in given.items() if name not in EMOTION_OPTION_NAMES}
    return _emotions(scored, settings) | _presentation(told, settings)


def _still(given: Mapping[str, Any], _settings: Settings) -> dict[str, Any]:
    return StillOptions.parse(given).to_dict()


OPTION_PARSERS: Mapping[str, Callable[[Mapping[str, Any], Settings], dict[str, Any]]] = {
    "frames": _frames,
    "emotions": _emotions,
    "recap": _recap,
    "presentation": _presentation,
    "still": _still,
}
"""How a recipe's options are read: → as they stand in the job. Raises ValueError, or a refusal
that names its cause itself."""


class InputView(ResponseModel):
    """One thing that a recipe takes in. `kinds` are the leading parts of media types; `names` is
    what may be given for it, each once."""

    name: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    max_bytes: int
    optional: bool


class RecipeView(ResponseModel):
    """One recipe. `stages` in the order in which they run."""

    name: str
    sentence: str
    available: bool
    inputs: tuple[InputView, ...]
    stages: tuple[str, ...]


class RecipeList(ResponseModel):
    """All recipes."""

    recipes: tuple[RecipeView, ...]


def list_recipes(request: ApiRequest) -> ApiResponse:
    """All rows of the table, also those that are still to come."""
    return ApiResponse(
        RecipeList(recipes=tuple(_view(one, request.settings) for one in RECIPES.values()))
    )


def max_input_bytes(recipe_input: Input, settings: Settings) -> int:
    """How large an input may be: what the settings allow its kind, and never more than its row."""
    by_kind = {
        "image": settings.max_image_mb,
        "audio": settings.max_audio_mb,
        "video": settings.max_video_mb,
    }
    allowed = [by_kind.get(kind, recipe_input.max_mb) for kind in recipe_input.kinds]
    return min(recipe_input.max_mb, max(allowed)) * MEGABYTE


def find_recipe(name: str) -> Recipe:
    """The recipe. Raises InvalidFields with all names, NotAvailableYet."""
    recipe = RECIPES.get(name)
    if recipe is None:
        raise InvalidFields(
            [("recipe", f"There is no such recipe; there are {', '.join(RECIPES)}.")]
        )
    if not recipe.is_available or name not in OPTION_PARSERS:
        raise NotAvailableYet(f"The recipe {name} is not available yet.")
    return recipe


def read_options(recipe: Recipe, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The options as the stages read them. Raises InvalidOption with a sentence."""
    try:
        return OPTION_PARSERS[recipe.name](values, settings)
    except ValueError as wrong:
        raise InvalidOption(str(wrong)) from wrong


def _view(recipe: Recipe, settings: Settings) -> RecipeView:
    return RecipeView(
        name=recipe.name,
        sentence=recipe.description,
        available=recipe.is_available,
        inputs=tuple(
            InputView(
                name=one.name,
                names=one.names,
                kinds=one.kinds,
                max_bytes=max_input_bytes(one, settings),
                optional=one.optional,
            )
            for one in recipe.inputs
        ),
        stages=recipe.stages,
    )
