"""`run`: runs one job and downloads its results."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import click

from moodreel._sync.client import Client
from moodreel._sync.job import Job
from moodreel.cli.commands.batch import is_batch, run_batch, show_summary
from moodreel.cli.commands.jobs import show_stages
from moodreel.cli.context import Context, json_option, out_option, pass_context
from moodreel.cli.display import JobProgress, show_json
from moodreel.cli.exit_codes import JOB_FAILED
from moodreel.cli.recipe_options import split_arguments
from moodreel.errors import MoodreelError
from moodreel.models import JobView, RecipeView

_NOTIFICATION_TIMEOUT_S = 10.0
_POLL_S = 0.3
_SETTINGS = {"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]}
_ARGUMENTS = "[FILE]... [--OPTION VALUE]..."


@click.command(context_settings=_SETTINGS)
@click.argument("recipe")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar=_ARGUMENTS)
@out_option
@click.option("--title", metavar="TEXT", help="Title of the job.")
@click.option("--prompt", metavar="TEXT", help="What a presentation is about.")
@click.option(
    "--text", "--source", "text", metavar="FILE",
    help="Text that a presentation tells: plain text or Markdown, in UTF-8.",
)  # fmt: skip
@click.option(
    "--deliver-to", metavar="GS_URL",
    help="Copy the results to this folder of a bucket of yours, such as gs://bucket/folder/.",
)  # fmt: skip
@click.option("--from", "from_job", metavar="JOB", help="Use the files of this job or recording.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="How many jobs of a batch run at once.",
)
@click.option(
    "--delete", is_flag=True,
    help="Delete each job of a batch once its results are saved, to stay within the storage.",
)  # fmt: skip
@click.option("--no-wait", is_flag=True, help="Print the id of the job after the uploads.")
@json_option
@pass_context
def run(
    context: Context,
    recipe: str,
    arguments: tuple[str, ...],
    out: str,
    title: str | None,
    prompt: str | None,
    text: str | None,
    deliver_to: str | None,
    from_job: str | None,
    jobs: int,
    delete: bool,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Run a recipe with files and save its results.

    FILE is a path, or the URL of a file. The options are those of the recipe, such as `--every 2`:
    see `moodreel recipes RECIPE`. Ctrl-C cancels the job.

    A folder, a quoted pattern, a list in CSV (the column `file`, and one for each option that
    differs) or many files are a batch: one job for each file, with one folder of results each, and
    tables of all. The same command again continues a batch, also after Ctrl-C, and skips what is
    done.
    """
    with context.client() as client:
        description = client.recipe(recipe)
        files, texts = split_arguments(description, arguments)
        options: dict[str, Any] = dict(texts)
        if is_batch(description, files):
            _run_batch(client, description, files, out, options, jobs, delete, as_json)
            return
        with JobProgress() as progress:
            created: list[JobView] = []
            try:
                job = client.run(
                    recipe,
                    files,
                    title=title or _make_title(prompt, text),
                    prompt=prompt,
                    text=None if text is None else _read_text(Path(text)),
                    from_job=from_job,
                    deliver_to=deliver_to,
                    on_created=created.append,
                    on_transfer=progress.show_transfer,
                    **options,
                )
                if not no_wait:
                    job.wait(on_change=progress.show_job, check=False)
                    _wait_for_notification(job, progress)
            except KeyboardInterrupt:
                for view in created:
                    _cancel(Job(client, view))
                raise
            if no_wait:
                if as_json:
                    show_json(job.view)
                else:
                    click.echo(job.id)
                return
            paths = job.download(out, on_transfer=progress.show_transfer)
    if as_json:
        show_json(job.view)
    else:
        show_results(job, paths)
    report(job)


def _run_batch(
    client: Client,
    recipe: RecipeView,
    files: list[str],
    out: str,
    options: dict[str, Any],
    jobs: int,
    delete: bool,
    as_json: bool,
) -> None:
    summary = run_batch(client, recipe, files, Path(out), options, jobs=jobs, delete=delete)
    if as_json:
        show_json(
            {
                "done": summary.done,
                "failed": summary.failed,
                "tables": [str(path) for path in (summary.summary, *summary.tables)],
            }
        )
    else:
        show_summary(summary)
    if summary.failed:
        raise click.exceptions.Exit(JOB_FAILED)


def show_results(job: Job, paths: list[Path]) -> None:
    """Prints the files that were saved, and how long the stages worked."""
    for path in paths:
        click.echo(path)
    show_stages(job.view)
    if job.view.voice:
        click.echo(f"Voice: {job.view.voice}")


def report(job: Job) -> None:
    """Prints the warnings and what to do next. Raises JobFailed."""
    for warning in job.warnings:
        click.echo(f"Note: {warning}", err=True)
    if job.status == "awaiting_review":
        click.echo(
            f"The deck is ready for review. `moodreel deck edit {job.id}` changes it, "
            f"`moodreel deck release {job.id}` makes the film.",
            err=True,
        )
    job.raise_for_status()


def _make_title(prompt: str | None, text_file: str | None) -> str | None:
    """Returns the title: the start of the prompt, or the file name of the text. Without them, the
    service names the job by its file."""
    if prompt is not None:
        return " ".join(prompt.split())[:80] or None
    return None if text_file is None else Path(text_file).stem[:80] or None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} is not UTF-8 text: {error}") from error


def _cancel(job: Job) -> None:
    with contextlib.suppress(MoodreelError):
        job.cancel()
    click.echo(f"Cancelled job {job.id}.", err=True)


def _wait_for_notification(job: Job, progress: JobProgress) -> None:
    """Waits a little for the email about the end of the job, so that a suite of this job alone
    sends it before it stops. The results do not depend on it."""
    deadline = time.monotonic() + _NOTIFICATION_TIMEOUT_S
    while job.view.is_terminal and time.monotonic() < deadline:
        if job.view.stages[-1].state in ("done", "failed"):
            return
        time.sleep(_POLL_S)
        progress.show_job(job.refresh().view)
