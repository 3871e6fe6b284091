"""`cameras`: registered cameras."""

from __future__ import annotations

from urllib.parse import urljoin

import click

from moodreel._sync.client import Client
from moodreel.cli.context import Context, find_one, json_option, pass_context
from moodreel.cli.display import format_size, format_time, show_json, show_table
from moodreel.models import CameraStatus, CameraView

camera_argument = click.argument("text", metavar="CAMERA")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def cameras(click_context: click.Context, as_json: bool) -> None:
    """List cameras with their state, add and delete them.

    CAMERA is the id of a camera, or its name. `moodreel record` records one.
    """
    if click_context.invoked_subcommand is not None:
        return
    context: Context = click_context.obj
    with context.client() as client:
        listed = client.cameras()
    if as_json:
        show_json(listed)
        return
    show_table(
        ("id", "name", "state", "picture", "address"),
        [
            (
                camera.id,
                camera.name,
                _describe(camera.status),
                _describe_picture(camera.status),
                camera.source.address,
            )
            for camera in listed
        ],
    )


@cameras.command("add")
@click.argument("name")
@click.argument("source")
@json_option
@pass_context
def add_camera(context: Context, name: str, source: str, as_json: bool) -> None:
    """Register a camera and print its id.

    SOURCE is its URL (rtsp, http or https), which may have a user and a password, or the number of
    a device on a local suite. A camera that is registered gets the name and the password.
    """
    with context.client() as client:
        camera = client.add_camera(name, source)
    if as_json:
        show_json(camera)
    else:
        click.echo(camera.id)


@cameras.command("show")
@camera_argument
@json_option
@pass_context
def show_camera(context: Context, text: str, as_json: bool) -> None:
    """Show the current state of a camera."""
    with context.client() as client:
        camera = find_camera(client, text)
    if as_json:
        show_json(camera)
        return
    status = camera.status
    click.echo(f"{camera.name}\n{camera.id}  {camera.source.address}\n")
    rows = [("state", _describe(status)), ("picture", _describe_picture(status))]
    if status.recording:
        rows += [
            ("recordings", " ".join(status.recordings)),
            ("recorded", f"{status.elapsed_s:.0f} s, {format_size(status.size_bytes)}"),
            ("dropped frames", str(status.dropped_frames)),
        ]
    rows.append(("last seen", format_time(status.updated_at)))
    show_table(("", ""), rows)
    if status.last_error is not None:
        click.echo(f"\n{status.last_error.message}")


@cameras.command("delete")
@camera_argument
@pass_context
def delete_camera(context: Context, text: str) -> None:
    """Delete a camera. Its recordings are kept."""
    with context.client() as client:
        client.delete_camera(find_camera(client, text).id)


@cameras.command("preview")
@camera_argument
@json_option
@pass_context
def preview_camera(context: Context, text: str, as_json: bool) -> None:
    """Print a URL that shows a camera without a sign-in, for five minutes."""
    with context.client() as client:
        preview = client.preview_camera(find_camera(client, text).id)
    if as_json:
        show_json(preview)
    else:
        # Without a domain of its own for downloads, it is a path.
        click.echo(urljoin(client.api.base_url, preview.url))


def find_camera(client: Client, text: str) -> CameraView:
    """Returns a camera by its id or its name. Raises UsageError."""
    return find_one(client.cameras(), lambda row: text in (row.id, row.name), f"camera {text!r}")


def _describe(status: CameraStatus) -> str:
    return f"{status.state}, recording" if status.recording else status.state


def _describe_picture(status: CameraStatus) -> str:
    """Returns such as `1280×720 h264 25.0/s`, or a dash."""
    if status.width is None:
        return "–"
    rate = "" if status.fps is None else f" {status.fps:.1f}/s"
    return f"{status.width}×{status.height} {status.codec or ''}{rate}"
