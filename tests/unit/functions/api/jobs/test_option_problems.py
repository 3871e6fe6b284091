"""Tests that all invalid options of every recipe are reported at once, and that all are listed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.entrypoints import bootstrap
from shared.pipeline import RECIPES
from shared.recipes.option_fields import OptionDescription, OptionType
from shared.recipes.recipe_options import describe_options
from shared.runtime.logs import log
from shared.runtime.service_lists import CachedList
from shared.runtime.services import SystemClock
from tests.fakes.application import ALICE_HEADERS, AppHarness
from tests.unit.functions.api.jobs.rejected_jobs import VIDEO, post_rejected

UNKNOWN = {"fps": 1, "zoom": "wide"}
WRONG_TYPES: tuple[Any, ...] = ([1], {"a": 1})


@pytest.fixture(autouse=True)
def languages(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = CachedList("recognition_languages", lambda: ("en-US",), SystemClock(), log)
    monkeypatch.setattr(bootstrap, "recognition_languages", lambda: listed)


def wrong_values(option: OptionDescription) -> list[Any]:
    """Returns values of a JSON type that options have, which this option does not accept."""
    values: dict[OptionType, list[Any]] = {
        OptionType.INTEGER: [(option.maximum or 0) + 1, (option.minimum or 0) - 1, 1.5, True, "x"],
        OptionType.NUMBER: [(option.maximum or 0) + 1, (option.minimum or 0) - 1, False, "fast"],
        OptionType.BOOLEAN: ["perhaps", 2, 0.5],
        OptionType.CHOICE: ["no-such-choice", 7, True, ""],
        OptionType.SECONDS: [-1, "soon", True, "1/0"],
        OptionType.TEXT: [7, "\x00?", False],
    }
    return values[option.type]


def post_invalid(recipe: str, options: dict[str, Any]) -> dict[str, str]:
    """Posts a job with invalid options. Returns the messages by field."""
    inputs = {item.name: VIDEO for item in RECIPES[recipe].inputs if not item.optional}
    status, problem = post_rejected({"recipe": recipe, "options": options, "inputs": inputs})
    assert status == 422, problem
    messages = {error["field"]: error["message"] for error in problem["errors"]}
    assert len(messages) == len(problem["errors"])
    return messages


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("number", range(5))
def test_every_invalid_option_of_a_recipe_is_reported_at_once(recipe: str, number: int) -> None:
    options = describe_options(recipe)
    values = {}
    for option in options:
        choices = wrong_values(option)
        values[option.name] = choices[number % len(choices)]
    messages = post_invalid(recipe, values | UNKNOWN)

    assert set(messages) == {f"options.{name}" for name in (*values, *UNKNOWN)}
    for field, message in messages.items():
        assert field.removeprefix("options.") in message
        assert message.endswith(".")
        assert not any(word in message for word in ("Traceback", "Error", "None", "<", "str'"))


@pytest.mark.parametrize("recipe", RECIPES)
def test_options_of_other_types_are_reported_with_all_others(recipe: str) -> None:
    options = describe_options(recipe)
    values = {
        option.name: WRONG_TYPES[n // 2 % 2] if n % 2 else wrong_values(option)[0]
        for n, option in enumerate(options)
    }
    values["depth"] = []
    messages = post_invalid(recipe, values | UNKNOWN)

    assert set(messages) == {f"options.{name}" for name in (*values, *UNKNOWN)}
    for n, option in enumerate(options):
        if n % 2:
            assert messages[f"options.{option.name}"] == (
                f"options.{option.name} must be a text, a number, true, false or null."
            )


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_invalid_option_is_reported_alone(recipe: str) -> None:
    consent = {"consent": True, "purpose": "research"}
    names = {option.name for option in describe_options(recipe)}
    for option in describe_options(recipe):
        for value in wrong_values(option):
            valid = consent if "consent" in names else {}
            messages = post_invalid(recipe, valid | {option.name: value})
            assert list(messages) == [f"options.{option.name}"]


def test_recipes_list_their_options() -> None:
    response = AppHarness(ROUTES).request("GET", "/v1/recipes", headers=ALICE_HEADERS)

    listed = {recipe["name"]: recipe["options"] for recipe in response.json["recipes"]}
    assert listed.keys() == RECIPES.keys()
    assert listed["frames"][0] == {
        "name": "every", "type": "seconds", "required": False, "default": "1", "choices": None,
        "minimum": 0.04, "maximum": 604800.0, "max_chars": None, "unit": "s", "needs": None,
        "sentence": "The time between two frames. Fractions such as 1/3 are exact.",
    }  # fmt: skip
    for recipe, options in listed.items():
        assert [row["name"] for row in options] == [row.name for row in describe_options(recipe)]
    json.dumps(listed, allow_nan=False)
