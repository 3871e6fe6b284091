"""Accounts of users in Firebase Auth, with the Admin SDK.

Signing in calls the Identity Toolkit with the project's web API key, as a browser would.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import firebase_admin
import requests
from firebase_admin import auth
from firebase_admin.exceptions import (
    DeadlineExceededError,
    FirebaseError,
    InternalError,
    InvalidArgumentError,
    ResourceExhaustedError,
    UnavailableError,
    UnknownError,
)
from google.api_core.exceptions import RetryError
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError, TransportError

from shared.adapters.firebase.identity import TIMEOUT_S, get_firebase_app
from shared.errors import InvalidRequest, NotFound
from shared.ports.identity import (
    AddressTaken,
    CodeExpired,
    IdentityUnavailable,
    InvalidCode,
    PasswordCode,
    PasswordRefused,
    Profile,
    Session,
    SessionExpired,
    WrongCredentials,
)

RETRY = Retry(
    if_exception_type(
        DeadlineExceededError, InternalError, ResourceExhaustedError, UnavailableError,
        UnknownError, TransportError,
    ),
    initial=0.1,
    maximum=2,
    multiplier=2,
    timeout=5,
)  # fmt: skip
"""For calls of the Admin SDK that can be repeated. No call starts after 5 s: a request to `api` may
take a minute, and makes up to four calls."""
SIGN_IN_ERRORS: Mapping[str, type[Exception]] = dict.fromkeys(
    (
        "EMAIL_NOT_FOUND", "INVALID_PASSWORD", "INVALID_LOGIN_CREDENTIALS", "INVALID_EMAIL",
        "USER_DISABLED", "MISSING_PASSWORD", "TOO_MANY_ATTEMPTS_TRY_LATER",
    ),
    WrongCredentials,
)  # fmt: skip
"""The Identity Toolkit's errors for a wrong address or password. TOO_MANY_ATTEMPTS discloses that
the account exists, so it is reported like the others."""
REFRESH_ERRORS: Mapping[str, type[Exception]] = dict.fromkeys(
    (
        "TOKEN_EXPIRED", "USER_DISABLED", "USER_NOT_FOUND", "INVALID_REFRESH_TOKEN",
        "INVALID_GRANT_TYPE", "MISSING_REFRESH_TOKEN",
    ),
    SessionExpired,
)  # fmt: skip
RESET_ERRORS: Mapping[str, type[Exception]] = {
    "INVALID_OOB_CODE": InvalidCode,
    "EXPIRED_OOB_CODE": CodeExpired,
    "EMAIL_NOT_FOUND": InvalidCode,
    "USER_NOT_FOUND": InvalidCode,
    "USER_DISABLED": InvalidCode,
    "WEAK_PASSWORD": PasswordRefused,
    "PASSWORD_DOES_NOT_MEET_REQUIREMENTS": PasswordRefused,
}


class FirebaseAccounts:
    """Accounts with firebase-admin, the Identity Toolkit and the Secure Token service."""

    def __init__(self, app: firebase_admin.App, key: str, toolkit: str, tokens: str) -> None:
        self._app = app
        self._key = key
        self._toolkit = toolkit
        self._tokens = tokens
        self._session = requests.Session()

    def register(self, email: str, name: str) -> None:
        # Nobody has proved yet that the address is theirs, so nobody chooses a password.
        password = secrets.token_urlsafe(32)
        with _translate_errors():
            try:
                auth.create_user(
                    email=email, password=password, display_name=name or None, app=self._app
                )
            except auth.EmailAlreadyExistsError as error:
                raise AddressTaken from error
            except (InvalidArgumentError, ValueError) as error:
                raise InvalidRequest("There can be no account under this address.") from error

    def create_password_code(self, email: str) -> PasswordCode:
        with _translate_errors():
            user = auth.get_user_by_email(email, app=self._app)
            if user.disabled:
                raise NotFound("There is no such account.")
            link = auth.generate_password_reset_link(email, app=self._app)
        return PasswordCode(_extract_code(link), bool(user.email_verified), user.uid)

    def use_password_code(self, code: str, password: str) -> Profile:
        body = {"oobCode": code, "newPassword": password}
        data = self._post(f"{self._toolkit}/accounts:resetPassword", {"json": body})
        if "error" in data:
            raise _to_error(data, RESET_ERRORS)
        return _to_profile(self._call(auth.get_user_by_email, data["email"]))

    def end_sessions(self, uid: str) -> None:
        self._call(auth.revoke_refresh_tokens, uid)

    def confirm_address(self, uid: str, email: str) -> None:
        # The reset of a password confirms the address too, but Google does not document it. Both
        # fields are written together: an address that was changed in between is not confirmed.
        self._call(auth.update_user, uid, email=email, email_verified=True)

    def sign_in(self, email: str, password: str) -> Session:
        body = {"email": email, "password": password, "returnSecureToken": True}
        data = self._post(f"{self._toolkit}/accounts:signInWithPassword", {"json": body})
        if "error" in data:
            raise _to_error(data, SIGN_IN_ERRORS)
        if not self.read_profile(data["localId"]).verified:
            raise WrongCredentials
        return _to_session(
            data["localId"], data["idToken"], data["refreshToken"], data["expiresIn"]
        )

    def refresh(self, refresh_token: str) -> Session:
        body = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        data = self._post(f"{self._tokens}/token", {"data": body})
        if "error" in data:
            raise _to_error(data, REFRESH_ERRORS)
        return _to_session(
            data["user_id"], data["id_token"], data["refresh_token"], data["expires_in"]
        )

    def read_profile(self, uid: str) -> Profile:
        return _to_profile(self._call(auth.get_user, uid))

    def update_profile(self, uid: str, *, name: str | None, picture: str | None) -> None:
        values = {"display_name": name, "photo_url": picture}
        changes = {
            field: value or auth.DELETE_ATTRIBUTE
            for field, value in values.items()
            if value is not None
        }
        self._call(auth.update_user, uid, **changes)

    def set_password(self, uid: str, password: str) -> None:
        self._call(auth.update_user, uid, password=password)

    def _call(self, function: Callable[..., Any], *args: str, **fields: Any) -> Any:
        """Calls a function of the Admin SDK, and repeats it while the service is not available."""
        with _translate_errors():
            return RETRY(function)(*args, app=self._app, **fields)

    def _post(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the JSON of a response, also of an error. Raises IdentityUnavailable."""
        try:
            response = self._session.post(url, params={"key": self._key}, timeout=TIMEOUT_S, **body)
            data = response.json()
        except (requests.RequestException, ValueError) as error:
            raise IdentityUnavailable from error
        if not isinstance(data, dict) or (response.status_code != 200 and "error" not in data):
            raise IdentityUnavailable
        return data


def _extract_code(link: str) -> str:
    """Returns the one-time code of a link to Firebase's page; our link leads to the console."""
    codes = parse_qs(urlsplit(link).query).get("oobCode")
    if not codes:
        raise IdentityUnavailable("The identity service's link carries no code.")
    return codes[0]


def _to_error(data: Mapping[str, Any], errors: Mapping[str, type[Exception]]) -> Exception:
    """Converts an error of the REST services. One that is not about the user is transient."""
    error = data["error"]
    message = str(error.get("message", "")) if isinstance(error, Mapping) else ""
    if error_class := errors.get(message.partition(" ")[0]):
        return error_class()
    return IdentityUnavailable(f"The identity service returned an error: {message[:100]}")


def _to_profile(user: auth.UserRecord) -> Profile:
    created_ms = user.user_metadata.creation_timestamp or 0
    return Profile(
        uid=user.uid,
        email=user.email or "",
        verified=bool(user.email_verified),
        name=user.display_name or "",
        picture=user.photo_url or "",
        created_at=datetime.fromtimestamp(created_ms / 1000, UTC),
    )


def _to_session(uid: str, id_token: str, refresh_token: str, expires_in: str) -> Session:
    return Session(uid, id_token, refresh_token, int(expires_in))


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except (auth.UserNotFoundError, auth.EmailNotFoundError, auth.UserDisabledError) as error:
        raise NotFound("There is no such account.") from error
    except (FirebaseError, GoogleAuthError, RetryError, OSError) as error:
        raise IdentityUnavailable from error


def create_accounts(project: str, key: str, *, emulator: str, local: bool) -> FirebaseAccounts:
    """Returns the Accounts of this process.

    `emulator` is the host:port of the Auth emulator, or "" in the cloud.
    """
    app = get_firebase_app(project, local=local)
    host = f"http://{emulator}/" if emulator else "https://"
    return FirebaseAccounts(
        app,
        key,
        f"{host}identitytoolkit.googleapis.com/v1",
        f"{host}securetoken.googleapis.com/v1",
    )
