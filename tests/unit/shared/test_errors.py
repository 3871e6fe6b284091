"""The default message of an error is its class's sentence for users."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from shared.errors import EmailNotVerified, MoodreelError, PermanentError
from shared.ports.identity import WrongCredentials

ROOT = Path(__file__).parents[3]
_CLASS = re.compile(r"^class (\w+)\(([^)]*)\):", re.MULTILINE)
"""A class with bases. Every process that runs tests reads all modules, so they are not parsed."""


def list_error_types() -> list[type[MoodreelError]]:
    """Returns all error classes of `shared` and `functions`."""
    bases: dict[str, set[str]] = {}
    modules: dict[str, str] = {}
    for package in ("shared", "functions"):
        for path in (ROOT / package).rglob("*.py"):
            for name, named_bases in _CLASS.findall(path.read_text()):
                bases[name] = {base.split(".")[-1].strip() for base in named_bases.split(",")}
                modules[name] = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    names = {MoodreelError.__name__}
    while found := {name for name in bases if name not in names and bases[name] & names}:
        names |= found
    return [getattr(importlib.import_module(modules[name]), name) for name in sorted(names)]


@pytest.mark.parametrize("error", list_error_types(), ids=lambda error: error.__name__)
def test_default_message_is_a_complete_sentence(error: type[MoodreelError]) -> None:
    message = error.default_message()
    assert message[0].isupper()
    assert message.endswith(".")
    assert "\n" not in message
    assert not set("`*_") & set(message), "It is shown as plain text"


@pytest.mark.parametrize("error", [EmailNotVerified, WrongCredentials])
def test_a_user_without_a_link_is_told_what_to_press(error: type[MoodreelError]) -> None:
    """The console has a button with this text; "request one as for …" names nothing."""
    assert "“Forgot the password?”" in error.default_message()
    page = ROOT / "functions/console/web/src/pages/sign-in.tsx"
    assert "Forgot the password?" in page.read_text()


def test_text_of_an_unconfirmed_address() -> None:
    assert EmailNotVerified.default_message() == (
        "Confirm your email address first. "
        "If you have no link, use “Forgot the password?” to get a new one."
    )


def test_default_message_is_the_first_paragraph_of_the_docstring() -> None:
    class LongSentence(PermanentError):
        """This sentence is longer than one line
        of its docstring.

        A note for developers.
        """

    class Inherited(LongSentence):
        pass

    assert str(LongSentence()) == "This sentence is longer than one line of its docstring."
    assert str(LongSentence("Another message.")) == "Another message."
    assert str(Inherited()) == str(LongSentence())
