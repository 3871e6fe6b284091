"""The errors of request models as sentences for users, without the values that were sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shared.http.problems import InvalidFields

_SENTENCES: Mapping[str, str] = {
    "missing": "{field} is missing.",
    "extra_forbidden": "There is no field {field} here.",
    "string_type": "{field} must be a text.",
    "string_unicode": "{field} must be a text in Unicode.",
    "string_too_long": "{field} must have at most {max_length} {characters}.",
    "string_too_short": "{field} must have at least {min_length} {characters}.",
    "string_pattern_mismatch": "{field} does not have the required form.",
    "too_long": "{field} must have at most {max_length} {elements}.",
    "too_short": "{field} must have at least {min_length} {elements}.",
    "int_type": "{field} must be a whole number.",
    "int_parsing": "{field} must be a whole number.",
    "int_parsing_size": "{field} is too large.",
    "int_from_float": "{field} must be a whole number.",
    "float_type": "{field} must be a number.",
    "float_parsing": "{field} must be a number.",
    "finite_number": "{field} must be a finite number.",
    "bool_type": "{field} must be true or false.",
    "bool_parsing": "{field} must be true or false.",
    "greater_than": "{field} must be greater than {gt}.",
    "greater_than_equal": "{field} must be at least {ge}.",
    "less_than": "{field} must be less than {lt}.",
    "less_than_equal": "{field} must be at most {le}.",
    "literal_error": "{field} must be {expected}.",
    "enum": "{field} must be {expected}.",
    "list_type": "{field} must be a list.",
    "tuple_type": "{field} must be a list.",
    "dict_type": "{field} must be an object.",
    "model_type": "{field} must be an object.",
    "model_attributes_type": "{field} must be an object.",
    "none_required": "{field} must be null.",
    "union_tag_invalid": "{discriminator} in {field} must be one of {expected_tags}.",
    "union_tag_not_found": "{discriminator} is missing in {field}.",
    "control": "{field} must not contain control characters.",
    "blank": "{field} must not be blank.",
    **dict.fromkeys(
        (
            "time",
            "timezone_aware",
            "datetime_type",
            "datetime_parsing",
            "datetime_object_invalid",
            "datetime_from_date_parsing",
        ),
        "{field} must be a time with its offset, such as 2026-11-30T12:00:00Z.",
    ),
    "scalar": "{field} must be a text, a number, true, false or null.",
}
"""The sentence of each type of error of Pydantic and of `functions.api.fields`."""
_LIMITS = (
    "max_length", "min_length", "gt", "ge", "lt", "le", "expected", "expected_tags",
    "discriminator",
)  # fmt: skip
"""What a sentence takes from the model. The rest of an error's context may repeat what was sent."""
_OURS = frozenset({"value_error", "assertion_error"})
"""Errors of validators of ours, with our own messages."""


def to_invalid_fields(error: ValidationError) -> InvalidFields:
    """Returns the field paths and sentences of validation errors, without the sent values."""
    return InvalidFields(
        [_describe(details) for details in error.errors(include_url=False, include_input=False)]
    )


def _describe(details: Mapping[str, Any]) -> tuple[str, str]:
    # The key of an object is at the path of the object, with a marker.
    steps = [str(step) for step in details["loc"] if step != "[key]"]
    path = ".".join(steps) or "body"
    sentence = _SENTENCES.get(details["type"])
    if sentence is None:
        message = details["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        is_ours = details["type"] in _OURS or "ctx" not in details
        return path, f"{path}: {message.rstrip('.')}." if is_ours else f"{path} cannot be used."
    context = details.get("ctx", {})
    limits = {name: context[name] for name in _LIMITS if name in context}
    is_one = 1 in limits.values()
    characters, entries = ("character", "entry") if is_one else ("characters", "entries")
    return path, sentence.format(
        field=path if path != "body" else "The body",
        characters=characters,
        # Pydantic counts a text that a validator returns like the elements of a list.
        elements=characters if context.get("field_type") == "Value" else entries,
        **limits,
    )
