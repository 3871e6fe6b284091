"""The response models of recipes."""

from __future__ import annotations

from functions.api.fields import Scalar
from functions.api.jobs.recipes import max_input_bytes
from shared.http.schemas import ResponseModel
from shared.pipeline import Recipe
from shared.recipes.option_fields import OptionDescription, OptionType
from shared.recipes.recipe_options import describe_options
from shared.runtime.settings import Settings


class InputView(ResponseModel):
    """An input of a recipe. `kinds` are the top-level media types that it takes; `names` are the
    input names that can be used for it, each once."""

    name: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    max_bytes: int
    optional: bool


class OptionView(ResponseModel):
    """An option of a recipe. It can be omitted or null, unless it is `required`: then it has its
    `default`. `choices` are all values of a `choice`. `minimum` and `maximum` are included;
    `max_chars` is the maximum length of a `text`. `seconds` are a number, or a text such as "1/3".
    Numbers, `true` and `false` can be texts as well. If it `needs` another option, that one must be
    true."""

    name: str
    type: OptionType
    required: bool
    default: Scalar
    choices: tuple[str, ...] | None
    minimum: float | None
    maximum: float | None
    max_chars: int | None
    unit: str | None
    needs: str | None
    sentence: str


class RecipeView(ResponseModel):
    """A recipe. `stages` are in the order in which they run. `available` is always true."""

    name: str
    sentence: str
    available: bool
    inputs: tuple[InputView, ...]
    options: tuple[OptionView, ...]
    stages: tuple[str, ...]


class RecipeList(ResponseModel):
    """All recipes."""

    recipes: tuple[RecipeView, ...]


def recipe_view(recipe: Recipe, settings: Settings) -> RecipeView:
    """Returns a recipe as the API shows it."""
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
        options=tuple(map(_option_view, describe_options(recipe.name))),
        stages=recipe.stages,
    )


def _option_view(option: OptionDescription) -> OptionView:
    return OptionView(
        name=option.name,
        type=option.type,
        required=option.required,
        default=option.default,
        choices=option.choices or None,
        minimum=option.minimum,
        maximum=option.maximum,
        max_chars=option.max_chars,
        unit=option.unit or None,
        needs=option.needs or None,
        sentence=option.sentence,
    )
