"""The inputs and options of the recipes, with what the console needs for their form fields."""

from __future__ import annotations

from typing import Any

from shared.pipeline import RECIPES, Input
from shared.recipes.emotions.options import CONSENT
from shared.recipes.option_fields import OptionDescription, OptionType
from shared.recipes.recipe_options import describe_options

_CONSENT_OPTIONS = ("consent", "purpose")
"""Rendered as `consent` of the recipe. The API requires both, or neither in a recap; they have no
default."""


def describe_recipe(name: str) -> dict[str, Any]:
    """Returns the inputs of a recipe, whether consent is "required" or "optional" (False if no face
    is scored), and its options by name."""
    options = {option.name: option for option in describe_options(name)}
    consent = options.get(CONSENT.name)
    return {
        "consent": consent is not None and ("required" if consent.required else "optional"),
        "inputs": {item.name: _describe_input(item) for item in RECIPES[name].inputs},
        "options": {
            option.name: _describe_option(option)
            for option in options.values()
            if option.name not in _CONSENT_OPTIONS
        },
    }


def _describe_input(item: Input) -> dict[str, Any]:
    return {"kinds": list(item.kinds), "optional": item.optional, "maxCount": item.max_count}


def _describe_option(option: OptionDescription) -> dict[str, Any]:
    """Returns the type of an option, its default and what it accepts."""
    described: dict[str, Any] = {"type": option.type.value, "default": option.default}
    if option.choices:
        described["choices"] = list(option.choices)
    if option.type in (OptionType.INTEGER, OptionType.NUMBER):
        described |= {"min": option.minimum, "max": option.maximum}
    if option.max_chars is not None:
        described["maxChars"] = option.max_chars
    return described
