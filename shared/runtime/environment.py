"""The fields of `Settings`: the environment variable of each, how its text is parsed, its defaults.

A parser takes the text of a variable and returns its value. It raises ValueError with the expected
form, to which `EnvVariable.read` adds the name of the variable and the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from ipaddress import ip_network
from typing import Any, TypeVar

from shared.errors import ConfigurationError

T = TypeVar("T")
_KEY = "environment"
EMULATOR_VARIABLES = (
    "FIRESTORE_EMULATOR_HOST",
    "PUBSUB_EMULATOR_HOST",
    "FIREBASE_AUTH_EMULATOR_HOST",
    "STORAGE_EMULATOR_HOST",
)
LOCAL_VARIABLES = (*EMULATOR_VARIABLES, "MOODREEL_SIGNER_KEY")
"""The variables that must be set in the local suite."""


@dataclass(frozen=True, slots=True)
class EnvVariable:
    """The environment variable of a setting. An empty variable counts as not set.

    Attributes:
        name: The name of the variable.
        parse: Returns the value of a text, or raises ValueError with the expected form.
        default: The value in the cloud when the variable is not set.
        local_default: The value in the local suite when the variable is not set.
        default_from: Computes the default from the settings that are declared above this one.
        is_required: Whether a missing variable is an error.
        is_local_only: Whether the variable is read in the local suite only.
        is_secret: Whether the value is a secret, which is never printed.
    """

    name: str
    parse: Callable[[str], Any] = str
    default: Any = None
    local_default: Any = None
    default_from: Callable[[Mapping[str, Any]], Any] | None = None
    is_required: bool = False
    is_local_only: bool = False
    is_secret: bool = False

    def read(self, env: Mapping[str, str], values: Mapping[str, Any], *, local: bool) -> Any:
        """Returns the value of the setting. `values` are the settings that were read before it.
        Raises ConfigurationError."""
        text = env.get(self.name, "") if local or not self.is_local_only else ""
        if text:
            try:
                return self.parse(text)
            except ValueError as error:
                message = f"{self.name} must be {error}, not {text!r}."
                raise ConfigurationError(message) from error
        if self.default_from is not None:
            return self.default_from(values)
        return self.local_default if local else self.default


def required(name: str, parse: Callable[[str], Any] = str) -> Mapping[str, EnvVariable]:
    """Returns the metadata of a field whose variable must be set."""
    return {_KEY: EnvVariable(name, parse, is_required=True)}


def setting(
    name: str,
    default: T,
    parse: Callable[[str], Any] | None = None,
    *,
    local_default: T | None = None,
    default_from: Callable[[Mapping[str, Any]], T] | None = None,
    local_only: bool = False,
    secret: bool = False,
) -> T:
    """Returns a dataclass field that is read from the variable `name`. Without `parse` the type of
    `default` selects the parser. See `EnvVariable` for the other arguments."""
    variable = EnvVariable(
        name,
        parse or _PARSERS.get(type(default), str),
        default,
        default if local_default is None else local_default,
        default_from,
        is_local_only=local_only,
        is_secret=secret,
    )
    result: T = field(default=default, repr=not secret, metadata={_KEY: variable})
    return result


def list_variables(settings: type[Any]) -> Iterator[tuple[str, EnvVariable]]:
    """Yields the name and the variable of each field that has one, in the order of the class."""
    for item in fields(settings):
        if _KEY in item.metadata:
            yield item.name, item.metadata[_KEY]


def whole_number(minimum: int) -> Callable[[str], int]:
    """Returns a parser of whole numbers from `minimum`."""

    def parse(text: str) -> int:
        if not text.isdigit() or int(text) < minimum:
            raise ValueError(f"a whole number above {minimum - 1}")
        return int(text)

    return parse


def flag(text: str) -> bool:
    """Returns whether the text is 1."""
    return text == "1"


def base_url(text: str) -> str:
    """Returns a URL without a trailing slash."""
    return text.rstrip("/")


def comma_separated(text: str) -> tuple[str, ...]:
    """Returns the items of a list, without spaces around them and without empty items."""
    return tuple(filter(None, (item.strip() for item in text.split(","))))


def networks(text: str) -> tuple[str, ...]:
    """Returns IP networks. Raises ValueError."""
    items = comma_separated(text)
    for item in items:
        try:
            ip_network(item)
        except ValueError as error:
            raise ValueError(
                f"a list of networks such as 10.1.0.0/16 ({item!r} is none)"
            ) from error
    return items


def choice(kind: type[StrEnum]) -> Callable[[str], StrEnum]:
    """Returns a parser of the values of `kind`."""

    def parse(text: str) -> StrEnum:
        if text not in list(kind):
            raise ValueError(" or ".join(kind))
        return kind(text)

    return parse


_PARSERS: Mapping[type[Any], Callable[[str], Any]] = {bool: flag, int: whole_number(1)}


def check_present(env: Mapping[str, str], names: Iterable[str]) -> None:
    """Raises ConfigurationError, which names all missing variables."""
    if missing := [name for name in names if not env.get(name)]:
        raise ConfigurationError(f"These settings are missing: {', '.join(missing)}.")


def check_traces(traces: str, *, local: bool) -> None:
    """Raises ConfigurationError when spans would go to Google from the local suite, or to a folder
    in the cloud."""
    if traces and (traces == "cloud") == local:
        raise ConfigurationError(
            f"MOODREEL_TRACES is {traces!r}; it is empty, `cloud` in the cloud, or a local folder."
        )


def check_emulator_variables(env: Mapping[str, str], *, local: bool) -> None:
    """Raises ConfigurationError when a function would use emulators in the cloud."""
    stray = [name for name in EMULATOR_VARIABLES if env.get(name)]
    if stray and not local:
        # The Auth emulator accepts unsigned tokens, so these variables are unsafe in the cloud.
        raise ConfigurationError(
            f"{', '.join(stray)} set without MOODREEL_LOCAL=1: refusing to start."
        )
    if local and env.get("K_SERVICE"):
        raise ConfigurationError("MOODREEL_LOCAL=1 inside Cloud Run: refusing to start.")
