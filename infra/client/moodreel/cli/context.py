"""What the commands share: the client of the stored login, `--json`, and the job `last`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from moodreel._sync.client import Client
from moodreel._sync.job import Job
from moodreel.cli.config import find_login
from moodreel.errors import MoodreelError

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
LAST = "last"


@dataclass(frozen=True)
class Context:
    """The options before the name of the command."""

    url: str | None

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client of the stored login, or of the environment."""
        url, credentials, allow_http = find_login(self.url)
        try:
            client = Client(url, credentials=credentials, allow_http=allow_http)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        with client:
            yield client


pass_context = click.make_pass_decorator(Context)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
out_option = click.option(
    "--out",
    default="out",
    show_default=True,
    metavar="DIR",
    help="Folder for the results.",
    type=click.Path(file_okay=False),
)


def find_job(client: Client, job_id: str) -> Job:
    """Returns a job by its id; `last` is the newest one."""
    if job_id != LAST:
        return client.job(job_id)
    for summary in client.jobs():
        return client.job(summary.id)
    raise MoodreelError("There is no job yet.")


def find_one(rows: Iterable[T], matches: Callable[[T], bool], name: str) -> T:
    """Returns the one row that matches, such as the key of a name. Raises UsageError."""
    found = [row for row in rows if matches(row)]
    if len(found) != 1:
        problem = "There is no" if not found else f"{len(found)} match: give the id of the"
        raise click.UsageError(f"{problem} {name}.")
    return found[0]


def job_argument(command: F) -> F:
    """Adds the argument JOB."""
    return click.argument("job_id", metavar="JOB")(command)
