"""Tests of the parsers of option values."""

from __future__ import annotations

from typing import Any

import pytest

from shared.recipes.option_values import (
    check_option_names,
    join_words,
    parse_bool,
    parse_choice,
    parse_int,
    parse_number,
)


@pytest.mark.parametrize("value", [12, "12", " 12 ", "012"])
def test_whole_number_can_be_digits(value: object) -> None:
    assert parse_int("slides", value, range(3, 41)) == 12


@pytest.mark.parametrize("value", [True, 12.0, "12.0", "", "-12", "١٢", "0000000012", 2, 41, None])
def test_other_value_is_no_whole_number_of_the_range(value: object) -> None:
    sentence = rf"^slides is '{value}'; it must be a whole number from 3 to 40\.$"
    with pytest.raises(ValueError, match=sentence):
        parse_int("slides", value, range(3, 41))


@pytest.mark.parametrize("value", [True, "fast", 2.5, "nan", float("inf"), [1]])
def test_number_is_within_its_limits(value: Any) -> None:
    assert parse_number("speed", "1.23456", (0.25, 2.0)) == 1.235
    with pytest.raises(ValueError, match=r"^speed is .*; it must be a number from 0\.25 to 2\.$"):
        parse_number("speed", value, (0.25, 2.0))


def test_choice_is_exact_and_truth_value_is_not() -> None:
    assert parse_choice("motion", "gentle", ("none", "gentle")) == "gentle"
    assert parse_bool("smooth", " TRUE ") is True
    assert parse_bool("smooth", value=False) is False
    with pytest.raises(ValueError, match=r"^motion is ' none'; it can be none or gentle\.$"):
        parse_choice("motion", " none", ("none", "gentle"))
    with pytest.raises(ValueError, match=r"^smooth is '1'; it can be true or false\.$"):
        parse_bool("smooth", 1)


def test_every_unknown_option_is_named() -> None:
    check_option_names({"b": 1}, ["a", "b", "c"], "a, b and c")
    message = r"^The option 'x' does not exist; .* The option 'y' does not exist; .* a and b\.$"
    with pytest.raises(ValueError, match=message):
        check_option_names({"y": 1, "x": 1}, ["a", "b"], join_words(["a", "b"], "and"))
    assert join_words(["a", "b", "c"], "or") == "a, b or c"
