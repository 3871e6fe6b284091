"""Typed values that are stored as JSON objects under the names of their fields."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Self, get_args, get_origin, get_type_hints


class InvalidRecord(ValueError):
    """A stored value lacks a field, or a field has another type."""


class Record:
    """Base class of frozen dataclasses. A field that defaults to None is omitted while it is None.

    Field types: int, float, str, bool, a StrEnum, a class with `to_dict` and `from_dict`,
    `tuple[X, ...]` (stored as a list), `Mapping[str, X]`, `X | None`, and Any.
    """

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns the record as it is stored."""
        values = ((field, getattr(self, field.name)) for field in _fields(type(self)))
        return {
            field.name: _to_json_value(value)
            for field, value in values
            if value is not None or field.default is not None
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote. Unknown fields are ignored.

        Raises:
            InvalidRecord: When a field is missing or has another type.
        """
        hints = _type_hints(cls)  # type: ignore[arg-type]  # a class is hashable
        values = dict[str, Any]()
        for field in _fields(cls):
            if field.name in data:
                location = f"{cls.__name__}.{field.name}"
                values[field.name] = _parse(hints[field.name], data[field.name], location)
            elif field.default is MISSING and field.default_factory is MISSING:
                raise InvalidRecord(f"{cls.__name__} has no {field.name}.")
        return cls(**values)


def _fields(kind: type[Record]) -> tuple[Field[Any], ...]:
    return fields(kind)  # type: ignore[arg-type]  # every subclass is a dataclass


@cache
def _type_hints(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(kind)


def _to_json_value(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_to_json_value(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _to_json_value(item) for name, item in value.items()}
    return value.to_dict() if hasattr(value, "to_dict") else value


def _parse(kind: Any, value: Any, location: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin is UnionType:
        if value is None:
            return None
        (kind,) = (argument for argument in arguments if argument is not NoneType)
        return _parse(kind, value, location)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise InvalidRecord(f"{location} is not a list.")
        return tuple(_parse(arguments[0], item, f"{location}[{n}]") for n, item in enumerate(value))
    if origin is not None:
        if not isinstance(value, Mapping):
            raise InvalidRecord(f"{location} is not an object.")
        return {
            name: _parse(arguments[1], item, f"{location}.{name}") for name, item in value.items()
        }
    if hasattr(kind, "from_dict"):
        if not isinstance(value, Mapping):
            raise InvalidRecord(f"{location} is not an object.")
        return kind.from_dict(value)
    return _parse_scalar(kind, value, location)


def _parse_scalar(kind: Any, value: Any, location: str) -> Any:
    if issubclass(kind, StrEnum):
        try:
            return kind(value)
        except ValueError as unknown:
            raise InvalidRecord(f"{location}: {unknown}.") from unknown
    # isinstance(True, int) holds: a bool is accepted only as a bool. An int is accepted as a float.
    accepted = int | float if kind is float else kind
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise InvalidRecord(f"{location} is not of type {kind.__name__}.")
    return float(value) if kind is float else value
