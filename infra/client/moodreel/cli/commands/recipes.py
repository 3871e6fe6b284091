"""`recipes` and `voices`: what can be run, and with which options."""

from __future__ import annotations

from pathlib import Path

import click

from moodreel.cli.context import Context, json_option, pass_context
from moodreel.cli.display import show_json, show_table
from moodreel.cli.recipe_options import option_range, option_usage
from moodreel.errors import MoodreelError
from moodreel.files.names import safe_name
from moodreel.models import InputView, RecipeView


@click.command()
@click.argument("name", required=False, metavar="[RECIPE]")
@json_option
@pass_context
def recipes(context: Context, name: str | None, as_json: bool) -> None:
    """List the recipes, or the options of one."""
    with context.client() as client:
        shown = client.recipes() if name is None else client.recipe(name)
    if as_json:
        show_json(shown)
    elif isinstance(shown, RecipeView):
        click.echo(f"{shown.sentence}\n")
        show_table(
            ("option", "", ""),
            [
                (option_usage(option), option_range(option), option.sentence)
                for option in shown.options
            ],
        )
    else:
        show_table(
            ("recipe", "input", "result"),
            [
                (recipe.name, " + ".join(map(_describe_input, recipe.inputs)), recipe.sentence)
                for recipe in shown
            ],
        )


@click.command()
@click.option("--language", metavar="TAG", help="Only voices of this language, such as pt-BR.")
@click.option("--samples", metavar="DIR", help="Save a sample of each voice in a folder.")
@json_option
@pass_context
def voices(context: Context, language: str | None, samples: str | None, as_json: bool) -> None:
    """List the voices of films. `*` marks the one that speaks the language by default."""
    with context.client() as client:
        listed = client.voices(language)
        if as_json:
            show_json(listed)
        else:
            show_table(
                ("", "voice", "languages", "gender", "kind"),
                [
                    (
                        "*" if voice.name == listed.default else "",
                        voice.name,
                        ", ".join(voice.languages),
                        voice.gender or "–",
                        voice.kind,
                    )
                    for voice in listed.voices
                ],
            )
        if not listed.voices:
            raise MoodreelError(f"No voice speaks {language}.")
        if samples is not None:
            Path(samples).mkdir(parents=True, exist_ok=True)
            for voice in listed.voices:
                target = Path(samples) / safe_name(f"{voice.name}.wav")
                target.write_bytes(client.voice_sample(voice.name))
                click.echo(target, err=True)


def _describe_input(recipe_input: InputView) -> str:
    return f"[{recipe_input.name}]" if recipe_input.optional else recipe_input.name
