"""How requests are signed in: with an API key, a token, a refresh token, or a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from moodreel.errors import NotSignedIn
from moodreel.flow import Flow
from moodreel.models import SessionView


class SignIn(Protocol):
    """Sends a request without credentials to get a session."""

    def __call__(self, path: str, body: dict[str, str]) -> Flow[SessionView]: ...


class Credentials(Protocol):
    """Returns the tokens that requests are sent with."""

    def get_token(self, sign_in: SignIn) -> Flow[str]:
        """Returns the token for the next request."""

    def renew(self, sign_in: SignIn) -> Flow[bool]:
        """Gets another token after the API has refused the last one. Returns whether there is
        one."""


class Token:
    """An API key, or an ID token that somebody else renews."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, sign_in: SignIn) -> Flow[str]:  # noqa: ARG002
        """Returns the token."""
        yield from ()
        return self._token

    def renew(self, sign_in: SignIn) -> Flow[bool]:  # noqa: ARG002
        """Returns False."""
        yield from ()
        return False


class RefreshToken:
    """A session that was signed in before.

    Args:
        refresh_token: Gets ID tokens, which are valid for an hour.
        on_session: Called with each new session, whose refresh token may be another one.
    """

    def __init__(
        self, refresh_token: str, on_session: Callable[[SessionView], None] | None = None
    ) -> None:
        self._refresh_token = refresh_token
        self._on_session = on_session
        self._id_token = ""

    def get_token(self, sign_in: SignIn) -> Flow[str]:
        """Returns an ID token."""
        if not self._id_token:
            yield from self.renew(sign_in)
        return self._id_token

    def renew(self, sign_in: SignIn) -> Flow[bool]:
        """Gets another ID token."""
        body = {"refresh_token": self._refresh_token}
        self._keep((yield from sign_in("/v1/accounts/refresh", body)))
        return True

    def _keep(self, session: SessionView) -> None:
        self._id_token, self._refresh_token = session.id_token, session.refresh_token
        if self._on_session is not None:
            self._on_session(session)


class Password(RefreshToken):
    """The email address and password of an account."""

    def __init__(
        self, email: str, password: str, on_session: Callable[[SessionView], None] | None = None
    ) -> None:
        super().__init__("", on_session)
        self._body = {"email": email, "password": password}

    def renew(self, sign_in: SignIn) -> Flow[bool]:
        """Gets another ID token; with the password if the session has ended."""
        if self._refresh_token:
            try:
                return (yield from super().renew(sign_in))
            except NotSignedIn:
                pass
        self._keep((yield from sign_in("/v1/accounts/login", self._body)))
        return True
