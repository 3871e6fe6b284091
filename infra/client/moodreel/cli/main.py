"""The command `moodreel` with all its commands."""

from __future__ import annotations

import sys

import click
from click.shell_completion import get_completion_class

from moodreel.__about__ import __version__
from moodreel.cli.commands import (
    account,
    cameras,
    deck,
    jobs,
    recipes,
    record,
    run,
    shares,
    webhooks,
)
from moodreel.cli.context import Context
from moodreel.cli.exit_codes import INTERRUPTED, exit_code
from moodreel.errors import ApiError, MoodreelError

EPILOG = """\
JOB is the id of a job, or "last" for the newest one. The login is stored by `moodreel login`, or
given by MOODREEL_URL and MOODREEL_API_KEY. NO_COLOR turns colours off.

Exit codes: 0 done; 1 the job failed; 2 wrong usage; 3 not signed in, or not allowed; 4 the request
was refused; 5 a limit is reached; 6 the service is not available; 7 a file could not be uploaded or
downloaded; 130 interrupted.
"""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
@click.option("--url", metavar="URL", help="Address of the API; by default that of the login.")
@click.pass_context
def cli(context: click.Context, url: str | None) -> None:
    """Frames, emotion timelines, captions and narrated films from videos."""
    context.obj = Context(url)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    For bash: eval "$(moodreel completion bash)"
    """
    completion_class = get_completion_class(shell)
    assert completion_class is not None  # noqa: S101 - one of the choices
    click.echo(completion_class(cli, {}, "moodreel", "_MOODREEL_COMPLETE").source())


for command in (
    account.login, account.logout, account.usage, account.keys, run.run, recipes.recipes,
    recipes.voices, jobs.list_jobs, jobs.get, jobs.download, jobs.cancel, jobs.redrive,
    jobs.delete, deck.deck, shares.share, shares.shares, cameras.cameras, record.record,
    record.recordings, webhooks.webhooks,
):  # fmt: skip
    cli.add_command(command)


def main() -> None:
    """Runs the command and exits with its code."""
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except MoodreelError as error:
        click.echo(_describe(error), err=True)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        # The reader closed the pipe (`moodreel jobs | head`). This is not an error.
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def _describe(error: MoodreelError) -> str:
    """Returns the message of an error, with the fields that it does not name itself."""
    lines = [str(error)]
    if isinstance(error, ApiError):
        lines += [
            f"  {field.field}: {field.message}"
            for field in error.errors
            if field.message not in error.detail
        ]
        if error.status >= 500 and error.request_id:
            lines.append(f"Request: {error.request_id}")
    return "\n".join(lines)
