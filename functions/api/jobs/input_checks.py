"""The validation of inputs against a recipe and the limits."""

from __future__ import annotations

from collections.abc import Mapping

from functions.api.jobs.recipes import MEGABYTE, find_name_errors, max_input_bytes
from functions.api.jobs.sources import InputSource
from shared.pipeline import Input, Recipe
from shared.runtime.settings import Settings


def find_errors(
    recipe: Recipe, sources: Mapping[str, InputSource], settings: Settings
) -> list[tuple[str, str]]:
    """Returns every input that is missing, unknown or too large, as pairs of a field and a message.

    The media type is not checked: it is a hint, and the bytes decide when they are examined.
    """
    errors = find_name_errors(recipe, sources)
    for name, source in sources.items():
        recipe_input = recipe.find_input(name)
        if recipe_input is not None:
            errors += [
                (f"inputs.{name}.{field}", message)
                for field, message in find_input_errors(recipe_input, source, settings)
            ]
    return errors


def find_input_errors(
    recipe_input: Input, source: InputSource, settings: Settings
) -> list[tuple[str, str]]:
    """Returns what is invalid about a file for an input, as pairs of a field and a message."""
    max_bytes = max_input_bytes(recipe_input, settings)
    if source.size_bytes <= max_bytes:
        return []
    message = (
        f"The input {recipe_input.name} may have at most {max_bytes // MEGABYTE} MB; "
        f"this file has {source.size_bytes / MEGABYTE:.1f} MB."
    )
    return [("size_bytes", message)]
