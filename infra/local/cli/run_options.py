"""The command line of `run`. The options of recipes are those that the API describes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from shared.pipeline import RECIPES
from shared.recipes.option_fields import OptionDescription, OptionType
from shared.recipes.recipe_options import describe_options


def _collect() -> Mapping[str, Mapping[str, OptionDescription]]:
    collected: dict[str, dict[str, OptionDescription]] = {}
    for recipe in RECIPES:
        for option in describe_options(recipe):
            collected.setdefault(option.name, {})[recipe] = option
    return collected


OPTIONS = _collect()
"""The arguments that are sent as options of the job: what they are in each recipe, by name."""


def build_run_parser() -> argparse.ArgumentParser:
    """Returns the parser of `run`. It is separate because `run` allows files before, between and
    after options."""
    parser = argparse.ArgumentParser(
        prog="emulator.sh run",
        description="Runs one job and downloads its results. Without a file, a recipe that takes "
        "a video gets a sample clip. Uses the running suite, or starts the services that the "
        "recipe needs.",
    )
    parser.add_argument("recipe", metavar="RECIPE", help=", ".join(RECIPES))
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument(
        "--prompt", metavar="TEXT", help="topic of the presentation, or what to do with the text"
    )
    parser.add_argument(
        "--text",
        "--source",
        dest="source",
        metavar="FILE",
        help="text that the presentation tells: plain text or Markdown, in UTF-8",
    )
    parser.add_argument(
        "--list-voices",
        action="store_true",
        help="list the voices, with --language those of a language; runs no job",
    )
    parser.add_argument(
        "--samples", metavar="DIR", help="with --list-voices: save a sample of each voice in DIR"
    )
    parser.add_argument("--title", help="job title used in the email")
    parser.add_argument(
        "--out", default="out", metavar="DIR", help="folder for the results (default: out)"
    )
    parser.add_argument("--json", action="store_true", help="print the finished job as JSON")
    _add_options(parser)
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the recipes, in a group for each set of recipes that have them."""
    groups: dict[tuple[str, ...], argparse._ArgumentGroup] = {}
    for name, by_recipe in OPTIONS.items():
        recipes = tuple(by_recipe)
        if recipes not in groups:
            groups[recipes] = parser.add_argument_group(f"options of {', '.join(recipes)}")
        _add_option(groups[recipes], name, list(by_recipe.values()))


def _add_option(
    group: argparse._ArgumentGroup, name: str, described: Sequence[OptionDescription]
) -> None:
    option, flag = described[0], name.replace("_", "-")
    sentences = dict.fromkeys(row.sentence for row in described)
    text = _describe(described, " / ".join(sentences)).replace("%", "%%")
    if option.type is OptionType.BOOLEAN:
        is_on = option.default is True
        group.add_argument(
            f"--no-{flag}" if is_on else f"--{flag}",
            dest=name,
            action="store_const",
            const="false" if is_on else "true",
            help=f"Turn off: {text}" if is_on else text,
        )
        return
    group.add_argument(f"--{flag}", dest=name, metavar=option.type.value.upper(), help=text)


def _describe(described: Sequence[OptionDescription], sentence: str) -> str:
    """Returns the help of an option: what it is, its limits, and its default if all recipes have
    the same one."""
    option = described[0]
    limits = [
        f"{word} {value:g}"
        for word, value in (("from", option.minimum), ("to", option.maximum))
        if value is not None
    ]
    parts = ["|".join(option.choices), " ".join([*limits, option.unit]).strip()]
    defaults = {row.default for row in described}
    if option.type is not OptionType.BOOLEAN and len(defaults) == 1 and option.default:
        parts.append(f"default: {option.default}")
    details = ", ".join(filter(None, parts))
    return f"{sentence} ({details})" if details else sentence
