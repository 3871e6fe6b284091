"""Accounts of people in Firebase Auth: its Admin SDK for all but signing in, which is a call of the
Identity Toolkit with the project's web API key, as a browser's would be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import firebase_admin
import requests
from firebase_admin import auth
from firebase_admin.exceptions import FirebaseError, InvalidArgumentError
from google.auth.exceptions import GoogleAuthError

from shared.adapters.firebase.identity import get_firebase_app
from shared.errors import (
    AddressTaken,
    IdentityUnavailable,
    InvalidRequest,
    NotFound,
    SessionExpired,
    WrongCredentials,
)
from shared.ports.identity import Profile, Session

TIMEOUT_S = 10
WRONG_CREDENTIAL_CODES = frozenset(
    {
        "EMAIL_NOT_FOUND", "INVALID_PASSWORD", "INVALID_LOGIN_CREDENTIALS", "INVALID_EMAIL",
        "USER_DISABLED", "MISSING_PASSWORD", "TOO_MANY_ATTEMPTS_TRY_LATER",
    }
)  # fmt: skip
"""What the toolkit says of an address and a password. The last one, too, says that there is such
an account, so it is told like the others."""
EXPIRED_SESSION_CODES = frozenset(
    {
        "TOKEN_EXPIRED", "USER_DISABLED", "USER_NOT_FOUND", "INVALID_REFRESH_TOKEN",
        "INVALID_GRANT_TYPE", "MISSING_REFRESH_TOKEN",
    }
)  # fmt: skip


class FirebaseAccounts:
    """Accounts over firebase-admin and the two REST services."""

    def __init__(self, app: firebase_admin.App, key: str, toolkit: str, tokens: str) -> None:
        self._app = app
        self._key = key
        self._toolkit = toolkit
        self._tokens = tokens
        self._session = requests.Session()

    def register(self, email: str, password: str, name: str) -> None:
        with _faults():
            try:
                auth.create_user(
                    email=email, password=password, display_name=name or None, app=self._app
                )
            except auth.EmailAlreadyExistsError as taken:
                raise AddressTaken from taken
            except (InvalidArgumentError, ValueError) as unfit:
                raise InvalidRequest("There can be no account under this address.") from unfit

    def create_verification_code(self, email: str) -> str:
        with _faults():
            return _code(auth.generate_email_verification_link(email, app=self._app))

    def create_reset_code(self, email: str) -> str:
        with _faults():
            try:
                return _code(auth.generate_password_reset_link(email, app=self._app))
            except auth.UserDisabledError as disabled:
                raise NotFound("There is no such account.") from disabled

    def sign_in(self, email: str, password: str) -> Session:
        asked = {"email": email, "password": password, "returnSecureToken": True}
        told = self._ask(f"{self._toolkit}/accounts:signInWithPassword", {"json": asked})
        if "error" in told:
            raise _refusal(told, WRONG_CREDENTIAL_CODES, WrongCredentials)
        if not self.read_profile(told["localId"]).verified:
            raise WrongCredentials
        return _session(told["localId"], told["idToken"], told["refreshToken"], told["expiresIn"])

    def refresh(self, refresh_token: str) -> Session:
        asked = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        told = self._ask(f"{self._tokens}/token", {"data": asked})
        if "error" in told:
            raise _refusal(told, EXPIRED_SESSION_CODES, SessionExpired)
        return _session(
            told["user_id"], told["id_token"], told["refresh_token"], told["expires_in"]
        )

    def read_profile(self, uid: str) -> Profile:
        with _faults():
            user = auth.get_user(uid, app=self._app)
        made_ms = user.user_metadata.creation_timestamp or 0
        return Profile(
            uid=user.uid,
            email=user.email or "",
            verified=bool(user.email_verified),
            name=user.display_name or "",
            picture=user.photo_url or "",
            created_at=datetime.fromtimestamp(made_ms / 1000, UTC),
        )

    def update_profile(self, uid: str, *, name: str | None, picture: str | None) -> None:
        given = {"display_name": name, "photo_url": picture}
        wanted = {
            field: value or auth.DELETE_ATTRIBUTE
            for field, value in given.items()
            if value is not None
        }
        with _faults():
            auth.update_user(uid, app=self._app, **wanted)

    def set_password(self, uid: str, password: str) -> None:
        with _faults():
            auth.update_user(uid, password=password, app=self._app)
            auth.revoke_refresh_tokens(uid, app=self._app)

    def _ask(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON of an answer, of a refusal too. Raises IdentityUnavailable."""
        try:
            answer = self._session.post(url, params={"key": self._key}, timeout=TIMEOUT_S, **body)
            told = answer.json()
        except (requests.RequestException, ValueError) as fault:
            raise IdentityUnavailable from fault
        if not isinstance(told, dict) or (answer.status_code != 200 and "error" not in told):
            raise IdentityUnavailable
        return told


def _code(link: str) -> str:
    """The one-time code in a link to Firebase's own page: ours is the console's."""
    found = parse_qs(urlsplit(link).query).get("oobCode")
    if not found:
        raise IdentityUnavailable("The identity service's link carries no code.")
    return found[0]


def _refusal(told: Mapping[str, Any], known: frozenset[str], refused: type[Exception]) -> Exception:
    """What an error of the REST services means; one that says nothing of the person is ours."""
    error = told["error"]
    message = str(error.get("message", "")) if isinstance(error, Mapping) else ""
    if message.split(" ")[0] in known:
        return refused()
    return IdentityUnavailable(f"The identity service refuses: {message[:100]}")


def _session(uid: str, id_token: str, refresh_token: str, expires_in: str) -> Session:
    return Session(uid, id_token, refresh_token, int(expires_in))


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (auth.UserNotFoundError, auth.EmailNotFoundError) as missing:
        raise NotFound("There is no such account.") from missing
    except (FirebaseError, GoogleAuthError, OSError) as fault:
        raise IdentityUnavailable from fault


def create_accounts(project: str, key: str, *, emulator: str, local: bool) -> FirebaseAccounts:
    """The Accounts of this process. `emulator`: the Auth emulator's host:port, "" in the cloud."""
    app = get_firebase_app(project, local=local)
    host = f"http://{emulator}/" if emulator else "https://"
    return FirebaseAccounts(
        app,
        key,
        f"{host}identitytoolkit.googleapis.com/v1",
        f"{host}securetoken.googleapis.com/v1",
    )
