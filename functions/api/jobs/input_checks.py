"""The validation of inputs against a recipe and the limits."""

from __future__ import annotations

from collections.abc import Mapping

from functions.api.jobs.recipes import MEGABYTE, max_input_bytes
from functions.api.jobs.sources import InputSource, kind_of
from shared.http.problems import InvalidFields
from shared.pipeline import Input, Recipe
from shared.runtime.settings import Settings


def check_inputs(recipe: Recipe, sources: Mapping[str, InputSource], settings: Settings) -> None:
    """Checks the inputs of a new job.

    Raises InvalidFields, which lists every input that is missing, unknown, too large or of another
    media type.
    """
    errors: list[tuple[str, str]] = [
        (f"inputs.{item.name}", f"The recipe {recipe.name} needs the input {item.name}.")
        for item in recipe.inputs
        if item.name not in sources and not item.optional
    ]
    for name, source in sources.items():
        recipe_input = recipe.find_input(name)
        if recipe_input is None:
            errors.append((f"inputs.{name}", describe_inputs(recipe)))
        else:
            errors += [
                (f"inputs.{name}.{field}", message)
                for field, message in find_input_errors(recipe_input, source, settings)
            ]
    if errors:
        raise InvalidFields(errors)


def find_input_errors(
    recipe_input: Input, source: InputSource, settings: Settings
) -> list[tuple[str, str]]:
    """Returns what is invalid about a file for an input, as pairs of a field and a message."""
    errors = []
    if kind_of(source.content_type) not in recipe_input.kinds:
        kinds = " or ".join(f"{kind}/*" for kind in recipe_input.kinds)
        errors.append(
            (
                "content_type",
                f"The input {recipe_input.name} must have the media type {kinds}, "
                f"not {source.content_type}.",
            )
        )
    max_bytes = max_input_bytes(recipe_input, settings)
    if source.size_bytes > max_bytes:
        errors.append(
            (
                "size_bytes",
                f"The input {recipe_input.name} may have at most {max_bytes // MEGABYTE} MB; "
                f"this file has {source.size_bytes / MEGABYTE:.1f} MB.",
            )
        )
    return errors


def describe_inputs(recipe: Recipe) -> str:
    """Returns an error message that lists the inputs of the recipe."""
    names = ", ".join(
        item.name if item.max_count == 1 else f"{item.names[0]} to {item.names[-1]}"
        for item in recipe.inputs
    )
    return f"The recipe {recipe.name} has these inputs: {names}."
