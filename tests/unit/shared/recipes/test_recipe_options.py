"""Tests of the descriptions of options."""

from __future__ import annotations

from fractions import Fraction

import pytest

from shared.pipeline import RECIPES
from shared.recipes.option_fields import Option, OptionType, describe
from shared.recipes.recipe_options import CLASSES, describe_options


def test_every_recipe_describes_its_options_in_sentences() -> None:
    assert CLASSES.keys() == RECIPES.keys()
    for recipe in RECIPES:
        options = describe_options(recipe)
        names = [option.name for option in options]
        assert len(set(names)) == len(names)
        for option in options:
            assert option.sentence.endswith("."), option.name
            assert "`" not in option.sentence


def test_options_with_the_same_name_have_the_same_choices() -> None:
    choices: dict[str, tuple[str, ...]] = {}
    for recipe in RECIPES:
        for option in describe_options(recipe):
            if option.choices:
                assert choices.setdefault(option.name, option.choices) == option.choices


def test_an_option_of_a_recap_that_needs_consent_says_so() -> None:
    needing = [option.name for option in describe_options("recap") if option.needs == "consent"]

    assert needing == ["purpose", "smooth", "mirror", "annotate"]
    assert not any(option.required for option in describe_options("recap"))
    required = [option.name for option in describe_options("emotions") if option.required]
    assert required == ["consent", "purpose"]


def test_seconds_are_described_with_json_values() -> None:
    option = Option("A time.", unit="s", limits=(Fraction(1, 25), 60))
    described = describe("every", Fraction | None, option, Fraction(1, 2))

    assert described.type is OptionType.SECONDS
    assert (described.default, described.minimum, described.maximum) == ("1/2", 0.04, 60)


def test_number_without_limits_is_an_error() -> None:
    with pytest.raises(TypeError, match="depth has no limits"):
        describe("depth", int, Option("The depth."), 3)
    with pytest.raises(TypeError, match="colours has the type"):
        describe("colours", tuple, Option("The colours."), ())
