"""Parsers of option values as a user writes them.

They raise ValueError with a message that states the error and the accepted values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from shared.errors import InvalidOption

T = TypeVar("T")


class InvalidOptions(ValueError):
    """Options are invalid. `problems` are pairs of the name of an option and a sentence."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__(_join_sentences(self.problems))


class OptionErrors:
    """Collects the errors of options, so that all of them are reported at once."""

    def __init__(self) -> None:
        self._problems: list[tuple[str, str]] = []
        self._error_class: type[InvalidOption] | None = None

    def read(self, name: str, default: T, parse: Callable[[], T]) -> T:
        """Returns what `parse` returns. Collects its error for `name` and returns the default."""
        try:
            return parse()
        except InvalidOptions as error:
            self._problems += error.problems
        except InvalidOption as error:
            self._error_class = type(error)
            self._problems += error.problems or [(name, str(error))]
        except ValueError as error:
            self._problems.append((name, str(error)))
        return default

    def raise_collected(self) -> None:
        """Raises InvalidOptions with all errors. If one of them was an InvalidOption with a code of
        its own, raises an error of this class instead."""
        if self._error_class is not None:
            raise self._error_class(_join_sentences(self._problems), self._problems)
        if self._problems:
            raise InvalidOptions(self._problems)


def _join_sentences(problems: Sequence[tuple[str, str]]) -> str:
    return " ".join(dict.fromkeys(sentence for _, sentence in problems))


def check_option_names(options: Mapping[str, Any], known: Sequence[str], listing: str) -> None:
    """Raises InvalidOptions for the unknown options, in alphabetical order.

    Args:
        options: The options by name.
        known: The names that exist.
        listing: These names as the message lists them.
    """
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise InvalidOptions(
            [
                (name, f"The option {name!r} does not exist; the options are {listing}.")
                for name in unknown
            ]
        )


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
    except (TypeError, ValueError, OverflowError):
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
