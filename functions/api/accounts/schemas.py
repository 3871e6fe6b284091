"""The request and response models of accounts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from functions.api.fields import EmailAddress, Line, Password, WebAddress
from shared.http.schemas import RequestModel, ResponseModel, Timestamp
from shared.ports.identity import Profile, Session


class Registration(RequestModel):
    """A new account. Its password is chosen with the code in the email."""

    email: EmailAddress
    name: Annotated[Line, Field(max_length=100)] | None = None


class Credentials(RequestModel):
    """The email address and password of an account."""

    email: EmailAddress
    password: Annotated[str, Field(min_length=1, max_length=128)]


class PasswordResetRequest(RequestModel):
    """The email address of an account whose password is forgotten or whose address is not confirmed
    yet."""

    email: EmailAddress


class NewPassword(RequestModel):
    """The code in the link of an email, and the new password."""

    code: Annotated[str, Field(min_length=1, max_length=1000)]
    password: Password


class RefreshRequest(RequestModel):
    """The refresh token of a session."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=4000)]


class PasswordChange(RequestModel):
    """The current password and the new one."""

    current_password: Annotated[str, Field(min_length=1, max_length=128)]
    new_password: Password


class AccountChange(RequestModel):
    """The fields to change. Null removes a value; an absent field keeps it."""

    name: Annotated[Line, Field(max_length=100)] | None = None
    picture: WebAddress | None = None


class EmailSent(ResponseModel):
    """The same response whether or not the account exists; the details are in the email."""

    message: str


class SessionView(ResponseModel):
    """A session. Send `id_token` as `Authorization: Bearer …`; `refresh_token` gets the next
    one."""

    user_id: str
    id_token: str
    refresh_token: str
    expires_in_s: int


class AccountView(ResponseModel):
    """Your account."""

    id: str
    email: str
    email_verified: bool
    name: str | None
    picture: str | None
    created_at: Timestamp


def session_view(session: Session) -> SessionView:
    """Returns a session as the API shows it."""
    return SessionView(
        user_id=session.uid,
        id_token=session.id_token,
        refresh_token=session.refresh_token,
        expires_in_s=session.expires_in_s,
    )


def account_view(profile: Profile) -> AccountView:
    """Returns an account as the API shows it."""
    return AccountView(
        id=profile.uid,
        email=profile.email,
        email_verified=profile.verified,
        name=profile.name or None,
        picture=profile.picture or None,
        created_at=profile.created_at,
    )
