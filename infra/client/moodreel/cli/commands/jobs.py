"""`jobs`, `get`, `download`, `cancel`, `redrive` and `delete`."""

from __future__ import annotations

import itertools
from datetime import datetime

import click

from moodreel.cli.context import (
    Context,
    find_job,
    job_argument,
    json_option,
    out_option,
    pass_context,
)
from moodreel.cli.display import (
    JobProgress,
    format_interval,
    format_size,
    format_time,
    show_json,
    show_table,
)
from moodreel.models import JobView


@click.command("jobs")
@click.option("--recipe", metavar="NAME", help="Only jobs of this recipe.")
@click.option("--status", metavar="STATUS", help="Only jobs with this status, such as done.")
@click.option("--title", "-q", "q", metavar="TEXT", help="Only jobs with this text in the title.")
@click.option("--since", type=click.DateTime(), help="Only jobs created from then on.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@json_option
@pass_context
def list_jobs(
    context: Context,
    recipe: str | None,
    status: str | None,
    q: str | None,
    since: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """List your jobs, newest first."""
    with context.client() as client:
        found = client.jobs(recipe=recipe, status=status, q=q, created_after=since)
        jobs = list(itertools.islice(found, limit))
    if as_json:
        show_json(jobs)
        return
    show_table(
        ("id", "recipe", "status", "created", "title"),
        [(job.id, job.recipe, job.status, format_time(job.created_at), job.title) for job in jobs],
    )


@click.command()
@job_argument
@click.option("--wait", is_flag=True, help="Wait until the job has ended.")
@json_option
@pass_context
def get(context: Context, job_id: str, wait: bool, as_json: bool) -> None:
    """Show a job: its stages, results and warnings."""
    with context.client() as client, JobProgress() as progress:
        job = find_job(client, job_id)
        if wait:
            job.wait(on_change=progress.show_job, check=False)
    if as_json:
        show_json(job.view)
    else:
        show_job(job.view)
    if wait:
        job.raise_for_status()


@click.command()
@job_argument
@click.argument("names", nargs=-1, metavar="[RESULT]...")
@out_option
@pass_context
def download(context: Context, job_id: str, names: tuple[str, ...], out: str) -> None:
    """Download the results of a job: all, or those of these names or kinds."""
    with context.client() as client, JobProgress() as progress:
        paths = find_job(client, job_id).download(
            out, names or None, on_transfer=progress.show_transfer
        )
    for path in paths:
        click.echo(path)


@click.command()
@job_argument
@pass_context
def cancel(context: Context, job_id: str) -> None:
    """Cancel a job."""
    with context.client() as client:
        click.echo(find_job(client, job_id).cancel().status)


@click.command()
@job_argument
@pass_context
def redrive(context: Context, job_id: str) -> None:
    """Continue a failed job where it stopped."""
    with context.client() as client:
        click.echo(find_job(client, job_id).redrive().status)


@click.command()
@job_argument
@click.confirmation_option("--yes", prompt="Delete the job with its uploads and results?")
@pass_context
def delete(context: Context, job_id: str) -> None:
    """Delete a job with its uploads and results."""
    with context.client() as client:
        find_job(client, job_id).delete()


def show_job(job: JobView) -> None:
    """Prints a job on standard output."""
    click.echo(f"{job.title}\n{job.id}  {job.recipe}  {job.status}\n")
    show_stages(job)
    if job.artifacts:
        click.echo()
        rows = [(item.name, item.kind, format_size(item.size_bytes)) for item in job.artifacts]
        show_table(("result", "kind", "size"), rows)
    if job.voice:
        click.echo(f"\nVoice: {job.voice}")
    if job.error is not None:
        click.echo(f"\n{job.error.message}")
    for warning in job.warnings:
        click.echo(f"\nNote: {warning}")


def show_stages(job: JobView) -> None:
    """Prints how long every stage waited and worked."""
    show_table(
        ("stage", "state", "waited", "worked"),
        [
            (
                stage.name,
                stage.state,
                format_interval(stage.queued_at, stage.started_at),
                format_interval(stage.started_at, stage.finished_at),
            )
            for stage in job.stages
        ],
    )
