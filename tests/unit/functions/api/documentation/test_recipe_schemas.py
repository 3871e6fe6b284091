"""Tests that the schemas of jobs by recipe agree with what the API accepts and returns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from functions.api.jobs.recipes import OPTION_PARSERS
from functions.api.jobs.requests import EXAMPLES
from functions.api.routes import DOCUMENTATION
from shared.errors import InvalidOption
from shared.pipeline import RECIPES
from shared.recipes.option_fields import OptionDescription, OptionType
from shared.recipes.option_values import InvalidOptions
from shared.recipes.recipe_options import describe_options
from tests.fakes.application import SETTINGS

CONSENT = {"consent": True, "purpose": "research"}
TRIED: tuple[Any, ...] = (
    None, True, False, "true", "FALSE", 0, 1, -1, 0.04, 0.5, 2, 20, -20, 99, 10**6, 1e300, "", "0",
    "1", " 7 ", "12", "0.5", "1/3", "7e0", "1_0", "-5", "nan", "auto", "en", "pt-BR", "DE",
    "x" * 80, "x" * 81, "x" * 160, "x" * 161, "x" * 200, "x" * 201, " x " * 27,
    "en-US-Neural2-C", "soft",
)  # fmt: skip


@cache
def get_document() -> Mapping[str, Any]:
    return DOCUMENTATION.build_document(SETTINGS.public_url)


def validator(name: str) -> Draft202012Validator:
    """Returns the validator of a schema of the document."""
    reference = {"$ref": f"#/components/schemas/{name}"}
    return Draft202012Validator(reference | {"components": get_document()["components"]})


def title(recipe: str) -> str:
    return recipe.capitalize()


def accepts(recipe: str, options: Mapping[str, Any]) -> bool:
    """Returns whether the API accepts the options."""
    try:
        OPTION_PARSERS[recipe](options, True)
    except (InvalidOptions, InvalidOption):
        return False
    return True


def allowed_values(option: OptionDescription) -> list[Any]:
    """Returns values of the option's own type at its limits."""
    if option.type is OptionType.CHOICE:
        return list(option.choices)
    if option.type is OptionType.BOOLEAN:
        return [True] if option.name == "consent" else [True, False]
    if option.type is OptionType.TEXT:
        if option.max_chars is None:
            return ["en-US-Standard-C" if option.name == "voice" else "pt-BR"]
        return ["a", "x" * option.max_chars]
    # `end` must come after `start`, and both are from 0.
    return [option.maximum] if option.name == "end" else [option.minimum, option.maximum]


@pytest.mark.parametrize("recipe", RECIPES)
def test_api_accepts_no_option_that_its_schema_forbids(recipe: str) -> None:
    schema = validator(f"{title(recipe)}Options")
    options = describe_options(recipe)
    consent = CONSENT if any(option.name == "consent" for option in options) else {}
    for option in options:
        for value in TRIED:
            given = consent | {option.name: value}
            assert schema.is_valid(given) or not accepts(recipe, given), given
        for value in allowed_values(option):
            given = consent | {option.name: value}
            assert schema.is_valid(given), given
            assert accepts(recipe, given), given
    assert not schema.is_valid(consent | {"fps": 1})
    assert schema.is_valid({}) is accepts(recipe, {})


@pytest.mark.parametrize("recipe", RECIPES)
def test_options_of_a_job_have_the_types_of_its_schema(recipe: str) -> None:
    schema = validator(f"{title(recipe)}JobOptions")
    consent = CONSENT if recipe == "emotions" else {}
    stored = OPTION_PARSERS[recipe](consent, True)

    schema.validate(stored)
    names = {option.name for option in describe_options(recipe)}
    assert stored.keys() <= names
    # Jobs of an earlier version can lack options of today, and have others.
    schema.validate({})
    schema.validate(stored | {"former": "option"})


def test_examples_are_valid_and_each_is_of_its_recipe() -> None:
    schemas = get_document()["components"]["schemas"]
    assert EXAMPLES.keys() == RECIPES.keys()
    for recipe in RECIPES:
        examples = schemas[f"New{title(recipe)}Job"]["examples"]
        assert examples
        for example in examples:
            validator("NewJob").validate(example)
            assert accepts(recipe, example["options"])


@pytest.mark.parametrize("name", ["NewJob", "JobView"])
def test_recipe_is_the_discriminator(name: str) -> None:
    schemas = get_document()["components"]["schemas"]
    discriminator = schemas[name]["discriminator"]
    assert discriminator["propertyName"] == "recipe"
    assert discriminator["mapping"].keys() == RECIPES.keys()
    for recipe, reference in discriminator["mapping"].items():
        variant = schemas[reference.rpartition("/")[2]]
        assert variant["properties"]["recipe"]["const"] == recipe
        assert "recipe" in variant["required"]


def test_a_job_takes_only_the_inputs_of_its_recipe() -> None:
    file = {"filename": "a.mp4", "size_bytes": 1}
    new_job = validator("NewJob")

    assert new_job.is_valid({"recipe": "frames", "inputs": {"video": file}})
    assert new_job.is_valid({"recipe": "frames", "inputs": {"video": "latest"}})
    assert not new_job.is_valid({"recipe": "frames", "inputs": {"sound": file}})
    assert not new_job.is_valid({"recipe": "frames", "prompt": "a film"})
    assert new_job.is_valid({"recipe": "presentation", "prompt": "a film"})
    assert not new_job.is_valid({"recipe": "emotions"})
    assert not new_job.is_valid({"recipe": "frames", "options": {"slides": 3}})
