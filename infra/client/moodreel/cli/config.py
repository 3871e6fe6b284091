"""The stored login: the address of the API with an API key or a session, in a file that only its
user can read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import platformdirs

from moodreel.cli.exit_codes import NOT_SIGNED_IN
from moodreel.credentials import Credentials, RefreshToken, Token
from moodreel.models import SessionView
from moodreel.options import KEY_VARIABLE, URL_VARIABLE

REFRESH_VARIABLE = "MOODREEL_REFRESH_TOKEN"
_FILE = "login.json"


class LoginMissing(click.ClickException):
    """Nobody has signed in at this address."""

    exit_code = NOT_SIGNED_IN


@dataclass(frozen=True)
class Login:
    """How the command signs in. One of `api_key` and `refresh_token` is set."""

    url: str
    email: str = ""
    api_key: str = ""
    refresh_token: str = ""
    allow_http: bool = False


def login_path() -> Path:
    """Returns the path of the stored login."""
    return platformdirs.user_config_path("moodreel") / _FILE


def read_login() -> Login | None:
    """Returns the stored login. Raises ClickException if it cannot be read."""
    try:
        return Login(**json.loads(login_path().read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, TypeError, ValueError) as error:
        raise click.ClickException(
            f"{login_path()} cannot be read: {error}. Sign in again with: moodreel login"
        ) from error


def write_login(login: Login) -> None:
    """Stores the login. The file appears with the mode 0600, complete."""
    path = login_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp creates files with the mode 0600.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(login), file, indent=2)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def delete_login() -> bool:
    """Deletes the stored login. Returns whether there was one."""
    try:
        login_path().unlink()
    except FileNotFoundError:
        return False
    return True


def find_login(url: str | None) -> tuple[str, Credentials, bool]:
    """Returns the address of the API, how to sign in, and whether HTTP is allowed.

    The environment comes before the stored login. The login, and its permission to use HTTP, are
    used for its own address only.

    Raises:
        LoginMissing: There is no login.
    """
    login = read_login()
    address = url or os.environ.get(URL_VARIABLE) or (login.url if login else "")
    if not address:
        raise LoginMissing(f"Sign in with: moodreel login (or set {URL_VARIABLE}).")
    if login is not None and login.url.rstrip("/") != address.rstrip("/"):
        login = None
    allow_http = login is not None and login.allow_http
    if api_key := os.environ.get(KEY_VARIABLE):
        return address, Token(api_key), allow_http
    if refresh_token := os.environ.get(REFRESH_VARIABLE):
        return address, RefreshToken(refresh_token), allow_http
    if login is None:
        raise LoginMissing(
            f"There is no login for {address}. Sign in with: moodreel login --url {address}"
        )
    if login.api_key:
        return address, Token(login.api_key), allow_http
    return address, RefreshToken(login.refresh_token, _keep(login)), allow_http


def _keep(login: Login) -> Callable[[SessionView], None]:
    """Returns a function that stores the refresh token of a new session."""

    def keep(session: SessionView) -> None:
        if session.refresh_token != login.refresh_token:
            write_login(replace(login, refresh_token=session.refresh_token))

    return keep
