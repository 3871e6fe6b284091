"""Options of recipes on the command line, as the service describes them."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from moodreel.cli.recipe_options import option_range, option_usage, split_arguments
from moodreel.models import OptionView, RecipeView

OPTIONS = (
    OptionView(name="every", type="seconds", default="1", minimum=0.04, unit="s"),
    OptionView(name="max_width", type="integer", minimum=16, maximum=4096),
    OptionView(name="format", type="choice", choices=("jpeg", "png"), default="jpeg"),
    OptionView(name="pitch", type="number", default=0.0),
    OptionView(name="smooth", type="boolean", default=True),
    OptionView(name="consent", type="boolean", default=False, required=True),
    OptionView(name="purpose", type="text", needs="consent"),
)


def recipe(*options: OptionView) -> RecipeView:
    return RecipeView(name="emotions", sentence="", inputs=(), stages=(), options=options)


@pytest.mark.parametrize(
    ("arguments", "files", "options"),
    [
        (["a.mp4", "--every", "2"], ["a.mp4"], {"every": "2"}),
        (["--max-width=640", "a.mp4"], ["a.mp4"], {"max_width": "640"}),
        (["--consent", "a.mp4", "--no-smooth"], ["a.mp4"], {"consent": "true", "smooth": "false"}),
        (["--smooth=false"], [], {"smooth": "false"}),
        (["--pitch", "-2", "a"], ["a"], {"pitch": "-2"}),
        (["--purpose", "--odd"], [], {"purpose": "--odd"}),
        (["--every", "1", "./--a.mp4"], ["./--a.mp4"], {"every": "1"}),
    ],
)
def test_arguments_are_split_as_the_service_says(
    arguments: list[str], files: list[str], options: dict[str, str]
) -> None:
    assert split_arguments(recipe(*OPTIONS), arguments) == (files, options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--loud"], r"emotions has no option --loud\. Its options: --every, --max-width"),
        (["--no-every"], r"no option --no-every"),
        (["--every"], r"--every needs a value"),
    ],
)
def test_unknown_options_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(click.UsageError, match=message):
        split_arguments(recipe(*OPTIONS), arguments)


def test_options_of_a_service_that_describes_none(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()

    assert split_arguments(recipe(), ["--consent", str(clip), "--every", "2", "--no-smooth"]) == (
        [str(clip)],
        {"consent": "true", "every": "2", "smooth": "false"},
    )


def test_options_are_described() -> None:
    assert [(option_usage(option), option_range(option)) for option in OPTIONS] == [
        ("--every SECONDS", "at least 0.04 s, default 1"),
        ("--max-width INTEGER", "16 to 4096"),
        ("--format jpeg|png", "default jpeg"),
        ("--pitch NUMBER", "default 0.0"),
        ("--no-smooth", ""),
        ("--consent", "required"),
        ("--purpose TEXT", "with --consent"),
    ]
