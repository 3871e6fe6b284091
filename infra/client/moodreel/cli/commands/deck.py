"""`deck`: the slides of a film."""

from __future__ import annotations

import json
from typing import Any

import click

from moodreel.cli.context import Context, find_job, job_argument, pass_context
from moodreel.cli.display import show_json
from moodreel.errors import InvalidRequest, MoodreelError


@click.group()
def deck() -> None:
    """Show and change the slides of a film."""


@deck.command("get")
@job_argument
@pass_context
def get_deck(context: Context, job_id: str) -> None:
    """Print the deck as JSON."""
    with context.client() as client:
        show_json(find_job(client, job_id).get_deck())


@deck.command("put")
@job_argument
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--release", is_flag=True, help="Make the film without another review.")
@pass_context
def put_deck(context: Context, job_id: str, file: Any, release: bool) -> None:
    """Replace the deck with an edited one, in the format of `deck get`. FILE can be `-`."""
    with context.client() as client:
        job = find_job(client, job_id).put_deck(_parse(file.read()), release=release)
        click.echo(job.status)


@deck.command("edit")
@job_argument
@click.option("--release", is_flag=True, help="Make the film without another review.")
@pass_context
def edit_deck(context: Context, job_id: str, release: bool) -> None:
    """Edit the deck in $EDITOR. Only changed slides are rendered again."""
    with context.client() as client:
        job = find_job(client, job_id)
        original = job.get_deck()
        text, unsent = json.dumps(original, indent=2, ensure_ascii=False), ""
        try:
            while True:
                edited = click.edit(text, extension=".json")
                if edited is None and unsent:
                    _keep(unsent, job_id)
                    return
                if edited is None:
                    click.echo("The deck is unchanged.", err=True)
                    return
                text = unsent = edited
                try:
                    changed = _parse(text)
                    if changed == original:
                        click.echo("The deck is unchanged.", err=True)
                        return
                    click.echo(job.put_deck(changed, release=release).status)
                except (click.UsageError, InvalidRequest) as error:
                    message = error.message if isinstance(error, click.UsageError) else str(error)
                    click.echo(message, err=True)
                    if not click.confirm("Edit again?", default=True, err=True):
                        raise
                else:
                    return
        except (MoodreelError, click.ClickException, click.Abort, KeyboardInterrupt):
            # Without this the edits would be lost.
            if unsent:
                _keep(unsent, job_id)
            raise


@deck.command("release")
@job_argument
@pass_context
def release_deck(context: Context, job_id: str) -> None:
    """Make the film of a deck that waits for a review."""
    with context.client() as client:
        click.echo(find_job(client, job_id).release_deck().status)


def _parse(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"Not JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("slides"), list):
        raise click.UsageError("Not a deck: it has no slides.")
    if not isinstance(value.get("revision"), int):
        raise click.UsageError("Keep the revision of the deck.")
    return value


def _keep(text: str, job_id: str) -> None:
    """Saves a deck that was not accepted in the current folder."""
    with open(f"deck-{job_id}.json", "w", encoding="utf-8") as file:
        file.write(text)
    click.echo(f"Your edits are in {file.name}.", err=True)
