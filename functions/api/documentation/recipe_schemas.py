"""Schemas of jobs by recipe, for the OpenAPI document.

Requests and responses have one model for all recipes, because a field of one kind is checked by the
same code. Its schema becomes a `oneOf` with the discriminator `recipe`, so that generated clients
have typed options and inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.api.jobs.requests import EXAMPLES
from shared.pipeline import RECIPES, Recipe
from shared.recipes.option_fields import OptionDescription, OptionType
from shared.recipes.recipe_options import describe_options

_REF = "#/components/schemas/"
_PROMPT_INPUT, _PROMPT_FIELDS = "prompt", ("prompt", "text")
_TYPES = {
    OptionType.INTEGER: "integer",
    OptionType.NUMBER: "number",
    OptionType.BOOLEAN: "boolean",
    OptionType.CHOICE: "string",
    OptionType.SECONDS: "number",
    OptionType.TEXT: "string",
}
"""The JSON type of an option in a request. A command line or a spreadsheet has only texts, so the
API accepts a text for each of them."""


def split_by_recipe(document: dict[str, Any]) -> None:
    """Replaces the schemas of new jobs, of jobs and of new recordings in a document by one for each
    recipe, and adds an example of each recipe to the request that creates a job."""
    schemas = document["components"]["schemas"]
    body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]
    body["examples"] = {
        name: {"summary": RECIPES[name].description, "value": example}
        for name, example in EXAMPLES.items()
    }
    inputs = schemas["NewJob"]["properties"]["inputs"]
    schemas["NewJobInput"] = _reference_titles(inputs["additionalProperties"], schemas)
    for name, recipe in RECIPES.items():
        title = name.capitalize()
        options = describe_options(name)
        for option in options:
            if option.choices:
                schemas[_choice_name(option)] = {"type": "string", "enum": [*option.choices]}
        schemas[f"{title}Options"] = _request_options(recipe, options)
        schemas[f"{title}JobOptions"] = _stored_options(recipe, options)
        schemas[f"New{title}Job"] = _new_job(schemas["NewJob"], recipe)
        schemas[f"{title}Job"] = _job(schemas["JobView"], recipe)
    new_job, job = schemas["NewJob"], schemas["JobView"]
    schemas["NewJob"] = _one_of(new_job["description"], "New{}Job")
    schemas["JobView"] = _one_of(job["description"], "{}Job")
    recording = schemas["NewRecording"]["properties"]
    recordable = recording["recipe"]["anyOf"][0]["enum"]
    recording["options"] = {
        "anyOf": [{"$ref": f"{_REF}{name.capitalize()}Options"} for name in recordable],
        "description": "The options of the recipe.",
    }


def _one_of(description: str, name: str) -> dict[str, Any]:
    mapping = {recipe: _REF + name.format(recipe.capitalize()) for recipe in RECIPES}
    return {
        "description": description,
        "oneOf": [{"$ref": reference} for reference in mapping.values()],
        "discriminator": {"propertyName": "recipe", "mapping": mapping},
    }


def _reference_titles(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a choice of schemas with references to those of its objects that are components."""
    return {
        "anyOf": [
            {"$ref": _REF + option["title"]} if option.get("title") in schemas else option
            for option in schema["anyOf"]
        ]
    }


def _new_job(schema: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    title = recipe.name.capitalize()
    properties = dict(schema["properties"])
    properties["recipe"] = {"type": "string", "const": recipe.name}
    properties["options"] = {"$ref": f"{_REF}{title}Options"}
    properties["inputs"] = {
        "type": "object",
        "properties": {
            name: {"$ref": f"{_REF}NewJobInput"} for item in recipe.inputs for name in item.names
        },
        "additionalProperties": False,
    }
    if recipe.find_input(_PROMPT_INPUT) is None:
        for field in _PROMPT_FIELDS:
            del properties[field]
    needs_options = any(option.required for option in describe_options(recipe.name))
    return {
        "type": "object",
        "title": f"New{title}Job",
        "description": recipe.description,
        "properties": properties,
        "required": ["recipe", *(["options"] if needs_options else [])],
        "additionalProperties": False,
        "examples": [EXAMPLES[recipe.name]],
    }


def _job(schema: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    title = recipe.name.capitalize()
    properties = dict(schema["properties"])
    properties["recipe"] = {"type": "string", "const": recipe.name}
    properties["options"] = {"$ref": f"{_REF}{title}JobOptions"}
    description = f"A job of the recipe `{recipe.name}`."
    return {**schema, "title": f"{title}Job", "description": description, "properties": properties}


def _request_options(recipe: Recipe, options: tuple[OptionDescription, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "title": f"{recipe.name.capitalize()}Options",
        "description": f"The options of the recipe `{recipe.name}`. Numbers and truth values can "
        "also be texts; null is the default.",
        "properties": {option.name: _request_option(option) for option in options},
        "required": [option.name for option in options if option.required],
        "additionalProperties": False,
    }


def _stored_options(recipe: Recipe, options: tuple[OptionDescription, ...]) -> dict[str, Any]:
    """Returns the schema of the options of a job. A job that an earlier version created can lack
    options of today, and have others."""
    return {
        "type": "object",
        "title": f"{recipe.name.capitalize()}JobOptions",
        "description": f"The options of a job of the recipe `{recipe.name}`, with their defaults.",
        "properties": {option.name: _stored_option(option) for option in options},
    }


def _request_option(option: OptionDescription) -> dict[str, Any]:
    json_type = _TYPES[option.type]
    types = [json_type] if json_type == "string" else [json_type, "string"]
    schema: dict[str, Any] = {"description": _describe(option)}
    # A client that sends defaults must not send one that needs an option that is not given.
    has_default = option.default is not None and not option.needs
    default = {"default": option.default} if has_default else {}
    if option.choices:
        choices = {"$ref": _REF + _choice_name(option)}
        return {"anyOf": [choices, {"type": "null"}], **schema, **default}
    limits = {
        "minimum": option.minimum,
        "maximum": option.maximum,
        "maxLength": option.max_chars,
        "pattern": option.pattern or None,
    }
    schema |= {name: value for name, value in limits.items() if value is not None}
    types += [] if option.required else ["null"]
    return {"type": types if types[1:] else types[0], **schema, **default}


def _stored_option(option: OptionDescription) -> dict[str, Any]:
    json_type = "string" if option.type is OptionType.SECONDS else _TYPES[option.type]
    is_nullable = option.default is None and not option.required
    described = {"description": _describe(option)}
    if option.choices:
        return {"$ref": _REF + _choice_name(option), **described}
    return {"type": [json_type, "null"] if is_nullable else json_type, **described}


def _choice_name(option: OptionDescription) -> str:
    """Returns the name of the schema of an option with choices, which are the same in all recipes
    that have it."""
    return "".join(word.capitalize() for word in option.name.split("_")) + "Option"


def _describe(option: OptionDescription) -> str:
    unit = f" Unit: {option.unit}." if option.unit else ""
    needs = f" Needs `{option.needs}`." if option.needs else ""
    return f"{option.sentence}{unit}{needs}"
