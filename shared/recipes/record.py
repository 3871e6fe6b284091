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
    """Base of frozen dataclasses. A field that defaults to None is left out while it is None.

    Field types: int, float, str, bool, a StrEnum, a class with `to_dict` and `from_dict`,
    `tuple[X, ...]` (stored as a list), `Mapping[str, X]`, `X | None`, and Any.
    """

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """As it is stored."""
        values = ((one, getattr(self, one.name)) for one in _fields(type(self)))
        return {
            one.name: _plain(value)
            for one, value in values
            if value is not None or one.default is not None
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reads what `to_dict` wrote. Fields that are unknown are ignored.

        Raises:
            InvalidRecord: When a field is missing or has another type.
        """
        hints = _hints(cls)  # type: ignore[arg-type]  # a class is hashable
        values = dict[str, Any]()
        for one in _fields(cls):
            if one.name in data:
                where = f"{cls.__name__}.{one.name}"
                values[one.name] = _read(hints[one.name], data[one.name], where)
            elif one.default is MISSING and one.default_factory is MISSING:
                raise InvalidRecord(f"{cls.__name__} has no {one.name}.")
        return cls(**values)


def _fields(kind: type[Record]) -> tuple[Field[Any], ...]:
    return fields(kind)  # type: ignore[arg-type]  # every subclass is a dataclass


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(kind)


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value.to_dict() if hasattr(value, "to_dict") else value


def _read(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin is UnionType:
        if value is None:
            return None
        (kind,) = (one for one in arguments if one is not NoneType)
        return _read(kind, value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise InvalidRecord(f"{where} is not a list.")
        return tuple(_read(arguments[0], one, f"{where}[{n}]") for n, one in enumerate(value))
    if origin is not None:
        if not isinstance(value, Mapping):
            raise InvalidRecord(f"{where} is not an object.")
        return {name: _read(arguments[1], one, f"{where}.{name}") for name, one in value.items()}
    if hasattr(kind, "from_dict"):
        if not isinstance(value, Mapping):
            raise InvalidRecord(f"{where} is not an object.")
        return kind.from_dict(value)
    return _scalar(kind, value, where)


def _scalar(kind: Any, value: Any, where: str) -> Any:
    if issubclass(kind, StrEnum):
        try:
            return kind(value)
        except ValueError as unknown:
            raise InvalidRecord(f"{where}: {unknown}.") from unknown
    # An int is a float, and True is an int: only the first is meant.
    fits = int | float if kind is float else kind
    if not isinstance(value, fits) or (isinstance(value, bool) and kind is not bool):
        raise InvalidRecord(f"{where} is not of type {kind.__name__}.")
    return float(value) if kind is float else value
