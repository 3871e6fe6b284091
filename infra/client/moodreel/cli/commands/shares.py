"""`share` and `shares`: links to results that work without a sign-in."""

from __future__ import annotations

import itertools

import click

from moodreel.cli.context import Context, find_job, job_argument, json_option, pass_context
from moodreel.cli.display import format_time, show_json, show_table
from moodreel.errors import MoodreelError


@click.command()
@job_argument
@click.argument("name", required=False, metavar="[RESULT]")
@click.option(
    "--hours", type=click.IntRange(1, 2160), default=168, show_default=True,
    help="How long the link is valid. It expires with the job at the latest.",
)  # fmt: skip
@click.option("--title", metavar="TEXT", help="What the page shows above the result.")
@json_option
@pass_context
def share(
    context: Context,
    job_id: str,
    name: str | None,
    hours: int,
    title: str | None,
    as_json: bool,
) -> None:
    """Print a link to a result of a job, which works without a sign-in.

    Without RESULT, which is the name of a file, it is the main one, such as the film.
    """
    with context.client() as client:
        job = find_job(client, job_id)
        if name is None:
            if job.view.main_result is None:
                raise MoodreelError("The job has no result yet.")
            name = job.view.main_result.name
        link = job.share(name, hours, title=title)
    if as_json:
        show_json(link)
        return
    click.echo(link.page_url or link.url)
    click.echo(f"{link.artifact}, until {format_time(link.expires_at)}", err=True)


@click.group(invoke_without_command=True)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@json_option
@click.pass_context
def shares(click_context: click.Context, limit: int, as_json: bool) -> None:
    """List share links and their use, and revoke them. `moodreel share` creates one."""
    if click_context.invoked_subcommand is not None:
        return
    context: Context = click_context.obj
    with context.client() as client:
        listed = list(itertools.islice(client.shares(), limit))
    if as_json:
        show_json(listed)
        return
    show_table(
        ("id", "job", "result", "expires", "uses", "last used"),
        [
            (
                item.id,
                item.job,
                item.artifact,
                "revoked" if item.revoked else format_time(item.expires_at),
                item.uses,
                format_time(item.last_used_at),
            )
            for item in listed
        ],
    )


@shares.command("revoke")
@click.argument("share_id", metavar="ID")
@pass_context
def revoke_share(context: Context, share_id: str) -> None:
    """Revoke a share link."""
    with context.client() as client:
        client.revoke_share(share_id)
