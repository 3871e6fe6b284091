"""Tests of `run`: the command of the client that it executes."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.local.cli.run import check_narration, run_command
from infra.local.cli.run_options import OPTIONS, build_run_parser
from infra.local.suite.layout import SetupError
from moodreel.cli.main import cli
from moodreel.cli.recipe_options import split_arguments
from moodreel.models import OptionView, RecipeView
from shared.pipeline import RECIPES


def test_arguments_are_those_of_the_client() -> None:
    arguments = ["emotions", "a.mp4", "--consent", "--purpose", "a test", "--no-mirror",
                 "--title=-x", "--json"]  # fmt: skip
    args = build_run_parser().parse_intermixed_args(arguments)

    assert run_command(RECIPES["emotions"], [Path("a.mp4"), Path("--b.mp4")], args) == [
        "run", "emotions", "--out", "out", "--json", "--title=-x", "--consent=true",
        "--purpose=a test", "--mirror=false", "a.mp4", "./--b.mp4",
    ]  # fmt: skip


def test_client_understands_every_option() -> None:
    """With `=` and a value, also options that have no value on the command line of people."""
    args = build_run_parser().parse_intermixed_args(["recap"])
    for name in OPTIONS:
        setattr(args, name, "true")
    described = tuple(OptionView(name=name, type="boolean") for name in OPTIONS)
    recipe = RecipeView(name="recap", sentence="", inputs=(), stages=(), options=described)

    command = run_command(RECIPES["recap"], [Path("a.mp4")], args)

    start = command.index("--every=true")
    assert split_arguments(recipe, command[start:]) == (
        ["a.mp4"],
        dict.fromkeys(OPTIONS, "true"),
    )


@pytest.mark.parametrize("name", ["run", "voices"])
def test_commands_of_the_client_exist(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])

    assert result.exit_code == 0
    assert "--json" in result.output


def test_recipe_without_narration_has_no_voices() -> None:
    check_narration(RECIPES["recap"])
    with pytest.raises(SetupError, match="still has no narration"):
        check_narration(RECIPES["still"])


def test_voices_need_no_file() -> None:
    arguments = ["presentation", "--list-voices", "--language", "de", "--samples", "x"]
    args = build_run_parser().parse_intermixed_args(arguments)
    assert (args.list_voices, args.language, args.samples) == (True, "de", "x")
