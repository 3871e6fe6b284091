"""The default message of an error is its class's sentence for users."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from shared.errors import MoodreelError, PermanentError

ROOT = Path(__file__).parents[3]


def list_error_types() -> list[type[MoodreelError]]:
    """Returns all error classes of `shared` and `functions`."""
    bases: dict[str, set[str]] = {}
    modules: dict[str, str] = {}
    for package in ("shared", "functions"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef):
                    bases[node.name] = {ast.unparse(base).split(".")[-1] for base in node.bases}
                    modules[node.name] = ".".join(path.relative_to(ROOT).with_suffix("").parts)
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
    assert "`" not in message


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
