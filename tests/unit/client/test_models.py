"""The models of the client are those of the OpenAPI document."""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from functions.api.routes import DOCUMENTATION, ROUTES
from moodreel import models
from moodreel.models import Model
from tests.fakes.application import SETTINGS

SCHEMAS: dict[str, Any] = DOCUMENTATION.build_document(SETTINGS.public_url)["components"]["schemas"]
ROOTS = sorted(
    route.response_model.__name__
    for route in ROUTES
    if route.response_model is not None and hasattr(models, route.response_model.__name__)
)
JSON_TYPES = {
    "str": "string", "int": "integer", "float": "number", "bool": "boolean", "date": "string",
    "datetime": "string", "tuple": "array", "dict": "object",
}  # fmt: skip


def test_every_response_that_the_client_reads_has_a_model() -> None:
    read = {
        "CreatedJob", "JobView", "JobPage", "KeyList", "NewKeyView", "RecipeList",
        "RecordingPage", "RecordingView", "SessionView", "UploadGrant", "UsageView",
    }  # fmt: skip

    assert read <= set(ROOTS)


@pytest.mark.parametrize("root", ROOTS)
def test_members_are_those_of_the_document(root: str) -> None:
    errors: list[str] = []
    check_model(getattr(models, root), SCHEMAS[root], errors, set())

    assert not errors


def check_model(
    model: type[Model], schema: dict[str, Any], errors: list[str], seen: set[type]
) -> None:
    """Adds the members of a model that the schema, or one of its `oneOf`, does not have in
    this type."""
    if model in seen:
        return
    seen.add(model)
    for option in schema.get("oneOf", [schema]):
        reference = option.get("$ref", "").rpartition("/")[2]
        check_members(model, SCHEMAS.get(reference, option), errors, seen)


def check_members(
    model: type[Model], schema: dict[str, Any], errors: list[str], seen: set[type]
) -> None:
    for name, field in model.model_fields.items():
        if name in schema["properties"]:
            where = f"{model.__name__}.{name}"
            check_type(where, field.annotation, schema["properties"][name], errors, seen)
        elif field.is_required():
            # A member that a version lacks has a default.
            errors.append(f"{model.__name__}.{name} does not exist")
        check_required(model, name, field, schema, errors)


def check_required(
    model: type[Model], name: str, field: FieldInfo, schema: dict[str, Any], errors: list[str]
) -> None:
    if field.is_required() and name not in schema.get("required", ()):
        errors.append(f"{model.__name__}.{name} can be missing")


def check_type(
    where: str, annotation: Any, schema: dict[str, Any], errors: list[str], seen: set[type]
) -> None:
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    options = schema.get("anyOf", [schema])
    accepts_null = any(option.get("type") == "null" for option in options)
    members = get_args(annotation) if is_union(annotation) else (annotation,)
    if accepts_null and type(None) not in members and annotation is not Any:
        errors.append(f"{where} can be null")
    (schema, *_) = [option for option in options if option.get("type") != "null"]
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    (expected, *_) = [member for member in members if member is not type(None)]
    if isinstance(expected, type) and issubclass(expected, Model):
        check_model(expected, schema, errors, seen)
    elif expected is not Any:
        name = (get_origin(expected) or expected).__name__
        if JSON_TYPES[name] != schema.get("type"):
            errors.append(f"{where} is {schema.get('type')}, not {name}")
        if name == "tuple":
            check_type(where, get_args(expected)[0], schema["items"], errors, seen)


def is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def test_check_finds_wrong_members() -> None:
    class JobPage(Model):
        jobs: tuple[int, ...]
        next_cursor: str
        total: int

    errors: list[str] = []
    check_model(JobPage, SCHEMAS["JobPage"], errors, set())

    assert errors == [
        "JobPage.jobs is object, not int",
        "JobPage.next_cursor can be null",
        "JobPage.total does not exist",
        "JobPage.total can be missing",
    ]


def test_members_of_later_versions_are_kept() -> None:
    counts = models.JobCounts.model_validate(
        {"open": 1, "done": 2, "failed": 3, "cancelled": 4, "expired": 5}
    )

    assert counts.model_extra == {"expired": 5}
    with pytest.raises(ValidationError):
        models.JobCounts.model_validate({"open": 1})
