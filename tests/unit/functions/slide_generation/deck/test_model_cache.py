"""Tests of the attempts to get an answer without flaws from the model."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from functions.slide_generation.deck.model_cache import DeckUnusable, ask_model
from shared.ports.models import AnswerUnusable, ModelOverloaded, ModelRequest

REQUEST = ModelRequest("", "", {}, 1)


class ScriptedModel:
    """A DeckModel with these answers. An exception is raised."""

    def __init__(self, *answers: str | Exception, engine: str = "some-model") -> None:
        self._answers = list(answers)
        self.engine = engine

    def generate(self, request: ModelRequest) -> str:
        assert request is REQUEST
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def ask(model: ScriptedModel) -> tuple[str, int]:
    """Each "x" of an answer is a flaw."""

    def find_flaws(answer: str) -> Sequence[str]:
        return [letter for letter in answer if letter == "x"]

    return ask_model(model, REQUEST, str, lambda: None, find_flaws)


def test_model_is_asked_again_for_an_answer_with_flaws() -> None:
    assert ask(ScriptedModel("x", "good")) == ("good", 2)
    assert ask(ScriptedModel("xx", "a x", "xxx")) == ("a x", 3)
    assert ask(ScriptedModel(AnswerUnusable(""), "a x", AnswerUnusable(""))) == ("a x", 3)


def test_emulator_is_not_asked_again() -> None:
    assert ask(ScriptedModel("xx", engine="emulator:some-model")) == ("xx", 1)


def test_error_after_a_usable_answer_ends_the_attempts() -> None:
    assert ask(ScriptedModel("x", ModelOverloaded(""))) == ("x", 2)
    with pytest.raises(ModelOverloaded):
        ask(ScriptedModel(ModelOverloaded("")))
    with pytest.raises(DeckUnusable):
        ask(ScriptedModel(*[AnswerUnusable("")] * 3))
