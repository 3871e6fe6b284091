"""`login`, `logout`, `usage` and `keys`."""

from __future__ import annotations

import sys

import click

from moodreel._sync.client import Client
from moodreel.cli.config import Login, delete_login, login_path, write_login
from moodreel.cli.context import Context, find_one, json_option, pass_context
from moodreel.cli.display import format_size, format_time, show_json, show_table
from moodreel.credentials import Password, Token
from moodreel.errors import Forbidden
from moodreel.models import SessionView

SCOPES = tuple(
    f"{resource}:{access}"
    for resource in ("jobs", "cameras", "webhooks", "account")
    for access in ("read", "write")
)


@click.command()
@click.option("--url", metavar="URL", help="Address of the API.")
@click.option("--email", metavar="ADDRESS", help="Sign in with this address and its password.")
@click.option("--api-key", is_flag=True, help="Sign in with an API key.")
@click.option("--allow-http", is_flag=True, help="Allow an address without TLS.")
@pass_context
def login(
    context: Context, url: str | None, email: str | None, api_key: bool, allow_http: bool
) -> None:
    """Sign in and store the login.

    The password or the key is asked for; without a terminal, it is the first line of the input.
    """
    url = url or context.url or click.prompt("Address of the API", err=True)
    try:
        if email is None and not api_key:
            email = click.prompt("Email address (empty for an API key)", default="", err=True)
        if email:
            stored = _sign_in(url, email, _read_secret("Password"), allow_http=allow_http)
        else:
            stored = Login(url, api_key=_read_secret("API key"), allow_http=allow_http)
            _check_key(stored)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    write_login(stored)
    click.echo(f"Signed in at {url}. The login is stored in {login_path()}.", err=True)


@click.command()
def logout() -> None:
    """Delete the stored login."""
    click.echo("Signed out." if delete_login() else "There was no login.", err=True)


@click.command()
@json_option
@pass_context
def usage(context: Context, as_json: bool) -> None:
    """Show what the account has used, and its limits."""
    with context.client() as client:
        view = client.usage()
    if as_json:
        show_json(view)
        return
    limits, jobs = view.limits, view.jobs
    rows = [
        ("jobs done", jobs.done, ""),
        ("jobs failed or cancelled", jobs.failed + jobs.cancelled, ""),
        ("open jobs", limits.jobs_at_once.used, limits.jobs_at_once.quota),
        ("recordings", limits.recordings_at_once.used, limits.recordings_at_once.quota),
        (
            "storage",
            format_size(limits.storage_bytes.used),
            format_size(limits.storage_bytes.quota),
        ),
        (
            f"jobs in {limits.job_creations.window_s} s",
            limits.job_creations.quota - limits.job_creations.remaining,
            limits.job_creations.quota,
        ),
        ("minutes of media", f"{view.minutes_in:.1f}", ""),
        ("minutes of films", f"{view.minutes_made:.1f}", ""),
        ("computing", f"${view.cost_usd:.4f}", ""),
    ]
    show_table(("", "used", "limit"), rows)


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def keys(click_context: click.Context, as_json: bool) -> None:
    """List API keys, create and delete them. Needs a login with the password."""
    if click_context.invoked_subcommand is not None:
        return
    context: Context = click_context.obj
    with context.client() as client:
        listed = client.api_keys()
    if as_json:
        show_json(listed)
        return
    show_table(
        ("key", "name", "scopes", "expires", "last used"),
        [
            (
                f"{key.prefix}…",
                key.name,
                " ".join(key.scopes),
                format_time(key.expires_at),
                format_time(key.last_used_at),
            )
            for key in listed
        ],
    )


@keys.command("create")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), default=["jobs:write"],
    show_default=True, help="Can be repeated. Write includes read.",
)  # fmt: skip
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True)
@json_option
@pass_context
def create_key(
    context: Context, name: str, scopes: tuple[str, ...], days: int, as_json: bool
) -> None:
    """Create an API key and print it. It cannot be shown again."""
    with context.client() as client:
        key = client.create_key(name, scopes, days)
    if as_json:
        show_json(key)
    else:
        click.echo(key.key)


@keys.command("delete")
@click.argument("text", metavar="KEY")
@pass_context
def delete_key(context: Context, text: str) -> None:
    """Delete an API key. It is accepted for up to a minute.

    KEY is its name, its id, or how it begins.
    """
    with context.client() as client:
        wanted = text.rstrip("…")
        key = find_one(
            client.api_keys(),
            lambda key: wanted in (key.id, key.prefix, key.name),
            f"key {text!r}",
        )
        client.delete_key(key.id)


def _sign_in(url: str, email: str, password: str, *, allow_http: bool) -> Login:
    sessions: list[SessionView] = []
    credentials = Password(email, password, sessions.append)
    with Client(url, credentials=credentials, allow_http=allow_http) as client:
        client.recipes()
    return Login(url, email, refresh_token=sessions[-1].refresh_token, allow_http=allow_http)


def _check_key(login: Login) -> None:
    """Raises NotSignedIn if the key is not accepted. One without the scope of jobs is."""
    credentials = Token(login.api_key)
    with Client(login.url, credentials=credentials, allow_http=login.allow_http) as client:
        try:
            client.recipes()
        except Forbidden as error:
            if error.code != "scope-missing":
                raise


def _read_secret(name: str) -> str:
    """Returns a secret, which is not part of the command line: others could see it there."""
    if sys.stdin.isatty():
        return str(click.prompt(name, hide_input=True, err=True))
    secret = sys.stdin.readline().strip()
    if not secret:
        raise click.UsageError(f"Pass the {name.lower()} on standard input.")
    return secret
