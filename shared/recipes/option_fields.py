"""What a field of an options class means and accepts, stated at the field itself.

The documentation of the API, its schemas and the form of the console are derived from it.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

Limits = range | tuple[float | Fraction, float | Fraction]


class OptionType(StrEnum):
    """The type of an option."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    SECONDS = "seconds"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Option:
    """Annotates a field of an options class.

    Attributes:
        sentence: What the option does.
        unit: The unit of its value; "" for none.
        limits: The smallest and the largest value.
        choices: The accepted texts, for a field of type `str`.
        max_chars: The maximum length of a text.
        pattern: A regular expression that every accepted text matches; "" for none.
        required: Whether it must be given.
    """

    sentence: str
    unit: str = ""
    limits: Limits | None = None
    choices: Sequence[str] = ()
    max_chars: int | None = None
    pattern: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class OptionDescription:
    """An option as users see it. `default` is a JSON value. `needs` is the option that must be true
    when this one is given; "" for none. The other fields are as in `Option`, with None for a limit
    that the option does not have."""

    name: str
    type: OptionType
    default: Any
    required: bool
    sentence: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    max_chars: int | None = None
    pattern: str = ""
    needs: str = ""


def describe_fields(options_class: Any) -> tuple[OptionDescription, ...]:
    """Returns the options of a dataclass: its fields that are annotated with an `Option`."""
    hints = get_type_hints(options_class, include_extras=True)
    described = []
    for field in fields(options_class):
        hint = hints[field.name]
        if get_origin(hint) is Annotated:
            python_type, option = get_args(hint)
            default = None if field.default is MISSING else field.default
            described.append(describe(field.name, python_type, option, default))
    return tuple(described)


def describe(name: str, python_type: Any, option: Option, default: Any) -> OptionDescription:
    """Returns the description of one option.

    Raises:
        TypeError: When the type cannot be described, or a number has no limits.
    """
    if get_origin(python_type) in (Union, types.UnionType):
        (python_type,) = (row for row in get_args(python_type) if row is not type(None))
    literals = get_args(python_type) if get_origin(python_type) is Literal else ()
    choices = tuple(option.choices) or literals
    option_type = OptionType.CHOICE if choices else _TYPES.get(python_type)
    if option_type is None:
        raise TypeError(f"The option {name} has the type {python_type}, which no option has.")
    if option.limits is None and option_type in (OptionType.INTEGER, OptionType.NUMBER):
        raise TypeError(f"The option {name} has no limits.")
    minimum, maximum = _read_limits(option.limits)
    return OptionDescription(
        name=name,
        type=option_type,
        default=str(default) if isinstance(default, Fraction) else default,
        required=option.required,
        sentence=option.sentence,
        unit=option.unit,
        minimum=minimum,
        maximum=maximum,
        choices=choices,
        max_chars=option.max_chars,
        pattern=option.pattern,
    )


_TYPES = {
    int: OptionType.INTEGER,
    float: OptionType.NUMBER,
    bool: OptionType.BOOLEAN,
    Fraction: OptionType.SECONDS,
    str: OptionType.TEXT,
}


def _read_limits(limits: Limits | None) -> tuple[float | None, float | None]:
    if limits is None:
        return None, None
    if isinstance(limits, range):
        return limits.start, limits.stop - 1
    low, high = (float(value) if isinstance(value, Fraction) else value for value in limits)
    return low, high
