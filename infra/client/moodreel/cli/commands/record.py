"""`record` and `recordings`: clips of cameras."""

from __future__ import annotations

import itertools
import re
import time
from typing import Any

import click

from moodreel._sync.client import Client
from moodreel.cli.commands.cameras import find_camera
from moodreel.cli.context import Context, json_option, out_option, pass_context
from moodreel.cli.display import JobProgress, format_size, format_time, show_json, show_table
from moodreel.errors import MoodreelError
from moodreel.models import RecordingView
from moodreel.operations.recordings import parse_source

_POLL_S = 1.0
_CAMERA_ID = re.compile("[a-z0-9]{20}")
recording_argument = click.argument("recording_id", metavar="RECORDING")


@click.command()
@click.argument("source")
@click.option("--title", metavar="TEXT")
@click.option("--duration", type=click.IntRange(1), metavar="S", help="End after this time.")
@click.option("--recipe", metavar="NAME", help="Run this recipe with the clip.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="Of the recipe.")
@click.option("--no-download", is_flag=True, help="Do not save the clip.")
@out_option
@json_option
@pass_context
def record(
    context: Context,
    source: str,
    title: str | None,
    duration: int | None,
    recipe: str | None,
    options: tuple[str, ...],
    no_download: bool,
    out: str,
    as_json: bool,
) -> None:
    """Record a camera until Ctrl-C, and save the clip.

    SOURCE is the URL of a camera (rtsp, http or https), or the name or the id of a registered one.
    """
    values: dict[str, Any] = dict(_split(option) for option in options)
    with context.client() as client, JobProgress() as progress:
        recording = client.record(
            _find_source(client, source),
            title=title,
            max_duration_s=duration,
            recipe=recipe,
            **values,
        )
        recording = _follow(client, recording)
        if recording.clip is not None and not no_download:
            path = client.download_clip(recording, out, on_transfer=progress.show_transfer)
            if not as_json:
                click.echo(path)
    if as_json:
        show_json(recording)
    if recording.job:
        click.echo(f"The job of the clip: {recording.job}", err=True)
    if recording.error is not None:
        raise MoodreelError(recording.error.message)


@click.group(invoke_without_command=True)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@json_option
@click.pass_context
def recordings(click_context: click.Context, limit: int, as_json: bool) -> None:
    """List your recordings, newest first; stop and delete them."""
    if click_context.invoked_subcommand is not None:
        return
    context: Context = click_context.obj
    with context.client() as client:
        listed = list(itertools.islice(client.recordings(), limit))
    if as_json:
        show_json(listed)
        return
    show_table(
        ("id", "state", "created", "seconds", "size", "title"),
        [
            (
                item.id,
                item.state,
                format_time(item.created_at),
                f"{item.elapsed_s:.1f}",
                format_size(item.size_bytes),
                item.title,
            )
            for item in listed
        ],
    )


@recordings.command("stop")
@recording_argument
@json_option
@pass_context
def stop_recording(context: Context, recording_id: str, as_json: bool) -> None:
    """Stop a recording. Its clip is there a little later."""
    with context.client() as client:
        recording = client.stop_recording(recording_id)
    if as_json:
        show_json(recording)
    else:
        click.echo(recording.state)


@recordings.command("redrive")
@recording_argument
@pass_context
def redrive_recording(context: Context, recording_id: str) -> None:
    """Join a failed recording again."""
    with context.client() as client:
        click.echo(client.redrive_recording(recording_id).state)


@recordings.command("delete")
@recording_argument
@click.confirmation_option("--yes", prompt="Delete the recording and its clip?")
@pass_context
def delete_recording(context: Context, recording_id: str) -> None:
    """Delete a recording and its clip, even while it runs."""
    with context.client() as client:
        client.delete_recording(recording_id)


def _find_source(client: Client, text: str) -> str:
    """Returns the id of a camera for its name, and other sources as they are."""
    if "camera" in parse_source(text) and not _CAMERA_ID.fullmatch(text):
        return find_camera(client, text).id
    return text


def _follow(client: Client, recording: RecordingView) -> RecordingView:
    """Waits for the clip. The first Ctrl-C stops the recording, the second one the command."""
    click.echo("Recording. Ctrl-C stops it.", err=True)
    shown, stopped = "", False
    while not recording.has_ended:
        try:
            time.sleep(_POLL_S)
            recording = client.recording(recording.id)
        except KeyboardInterrupt:
            if stopped:
                raise
            stopped = True
            recording = client.stop_recording(recording.id)
        if recording.state != shown:
            shown = recording.state
            click.echo(shown, err=True)
    return recording


def _split(option: str) -> tuple[str, str]:
    name, has_value, value = option.partition("=")
    if not has_value:
        raise click.UsageError(f"Not an option: {option!r}. Write NAME=VALUE.")
    return name.replace("-", "_"), value
