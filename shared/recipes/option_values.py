"""Parsers of option values as a user writes them.

They raise ValueError with a message that states the error and the accepted values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def check_option_names(options: Mapping[str, Any], known: Sequence[str], listing: str) -> None:
    """Raises ValueError for the first unknown option in alphabetical order.

    Args:
        options: The options by name.
        known: The names that exist.
        listing: These names as the message lists them.
    """
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(f"The option {unknown[0]!r} does not exist; the options are {listing}.")


def parse_choice(name: str, value: object, allowed: Sequence[str]) -> str:
    """Returns one of at least two allowed texts."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} is {str(value)[:40]!r}; it can be {join_words(allowed, 'or')}.")
    return value


def parse_int(name: str, value: object, allowed: range) -> int:
    """Returns a whole number, which can be given as up to nine ASCII digits."""
    text = str(value).strip()
    is_number = isinstance(value, int | str) and not isinstance(value, bool)
    is_number = is_number and text.isascii() and text.isdecimal() and len(text) < 10
    if not is_number or int(text) not in allowed:
        raise ValueError(
            f"{name} is {str(value)[:40]!r}; it must be a whole number from {allowed.start} "
            f"to {allowed.stop - 1}."
        )
    return int(text)


def parse_number(name: str, value: Any, limits: tuple[float, float]) -> float:
    """Returns a number within the limits, rounded to three decimals."""
    low, high = limits
    try:
        number = float(value) if not isinstance(value, bool) else low - 1
    except (TypeError, ValueError):
        number = low - 1
    if not low <= number <= high:
        raise ValueError(
            f"{name} is {str(value)[:40]!r}; it must be a number from {low:g} to {high:g}."
        )
    return round(number, 3)


def parse_bool(name: str, value: object) -> bool:
    """Returns a truth value, which can be given as text in any case."""
    text = str(value).strip().lower()
    if text not in ("true", "false"):
        raise ValueError(f"{name} is {text[:40]!r}; it can be true or false.")
    return text == "true"


def join_words(words: Sequence[str], conjunction: str) -> str:
    """Returns "a, b and c" for the conjunction "and"."""
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"
