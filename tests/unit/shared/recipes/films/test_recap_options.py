"""The options of recaps."""

from __future__ import annotations

import pytest

from functions.api.jobs.recipes import OPTION_PARSERS
from shared.pipeline import RECIPES
from shared.recipes.films.recap_options import RecapOptions
from shared.recipes.option_values import InvalidOptions


def test_options_have_defaults_and_are_read_back() -> None:
    options = RecapOptions.from_job({"slides": 8, "length": None})
    assert options == RecapOptions(60, 6, "clips", "both")
    other = RecapOptions(15, 1, "stills", "original")
    assert RecapOptions.from_job(other.to_dict()) == other
    assert RecapOptions.from_job({"length": "90", "moments": "2"}) == RecapOptions(90, 2)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("length", 14, "from 15 to 180"),
        ("length", "181", "from 15 to 180"),
        ("moments", 0, "from 1 to 6"),
        ("footage", "film", "clips or stills"),
        ("sound", "off", "both, original or narrated"),
    ],
)
def test_errors_state_what_is_accepted(name: str, value: object, message: str) -> None:
    with pytest.raises(InvalidOptions, match=message) as error:
        RecapOptions.from_job({name: value})
    assert [problem for problem, _ in error.value.problems] == [name]


def test_job_of_a_recap_stores_them() -> None:
    values = {"consent": True, "purpose": "research", "footage": "stills", "length": "30"}
    options = OPTION_PARSERS["recap"](values, False)
    assert (options["footage"], options["length"], options["sound"]) == ("stills", 30, "both")
    # What is said is recognized with and without scored faces.
    for consent in (values, {}):
        chosen = OPTION_PARSERS["recap"]({**consent, "transcript": "true"}, False)
        assert chosen["transcript"] is True
        assert RECIPES["recap"].for_options(chosen).stages[1] == "speech_recognition"
    assert options["transcript"] is False
    unscored = OPTION_PARSERS["recap"]({"footage": "stills"}, False)
    assert unscored["consent"] is False
    assert not {"purpose", "smooth", "mirror", "annotate"} & set(unscored)
    with pytest.raises(InvalidOptions, match="'footage' does not exist"):
        OPTION_PARSERS["presentation"]({"footage": "clips"}, False)
