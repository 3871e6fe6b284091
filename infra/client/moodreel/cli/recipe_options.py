"""Options of recipes on the command line, as the service describes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from moodreel.models import OptionView, RecipeView

_BOOLEAN = "boolean"


def split_arguments(
    recipe: RecipeView, arguments: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """Returns the files and the options of a job.

    `--max-width 640` and `--max-width=640` set `max_width`; `--consent` and `--no-smooth` set a
    boolean option. Values are sent as texts: the service parses them.

    Raises:
        UsageError: The recipe has no such option, or its value is missing.
    """
    files: list[str] = []
    options: dict[str, str] = {}
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if not argument.startswith("--"):
            files.append(argument)
            continue
        text, has_value, value = argument[2:].partition("=")
        name, is_negated = _find_name(recipe, text.replace("-", "_"))
        if has_value and not is_negated:
            options[name] = value
        elif is_negated or _is_flag(recipe, name, waiting):
            options[name] = "false" if is_negated else "true"
        elif waiting:
            options[name] = waiting.pop(0)
        else:
            raise click.UsageError(f"--{text} needs a value.")
    return files, options


def option_usage(option: OptionView) -> str:
    """Returns how an option is written, such as `--format jpeg|png`."""
    name = option.name.replace("_", "-")
    if option.type == _BOOLEAN:
        return f"--no-{name}" if option.default is True else f"--{name}"
    if option.choices and len("|".join(option.choices)) <= 40:
        return f"--{name} {'|'.join(option.choices)}"
    return f"--{name} {option.type.upper()}"


def option_range(option: OptionView) -> str:
    """Returns the limits, the unit and the default of an option, such as `1 to 100, default 90`."""
    limits = ""
    if option.minimum is not None and option.maximum is not None:
        limits = f"{option.minimum:g} to {option.maximum:g}"
    elif option.minimum is not None:
        limits = f"at least {option.minimum:g}"
    elif option.maximum is not None:
        limits = f"at most {option.maximum:g}"
    measure = " ".join(filter(None, (limits, option.unit)))
    parts = [measure] if measure else []
    if option.required:
        parts.append("required")
    elif option.default not in (None, "") and option.type != _BOOLEAN:
        parts.append(f"default {option.default}")
    if option.needs:
        parts.append(f"with --{option.needs.replace('_', '-')}")
    return ", ".join(parts)


def _find_name(recipe: RecipeView, name: str) -> tuple[str, bool]:
    """Returns the name of an option, and whether it begins with `no_`."""
    negated = name.removeprefix("no_")
    if not recipe.options:
        # A service that does not describe its options checks their names itself.
        return negated, negated != name
    described = {option.name: option for option in recipe.options}
    if name in described:
        return name, False
    if negated in described and described[negated].type == _BOOLEAN:
        return negated, True
    known = ", ".join(f"--{option.replace('_', '-')}" for option in described) or "none"
    raise click.UsageError(
        f"{recipe.name} has no option --{name.replace('_', '-')}. Its options: {known}."
    )


def _is_flag(recipe: RecipeView, name: str, following: Sequence[str]) -> bool:
    """Whether the option has no value of its own."""
    for option in recipe.options:
        if option.name == name:
            return option.type == _BOOLEAN
    return not following or following[0].startswith("--") or Path(following[0]).is_file()
