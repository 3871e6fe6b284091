"""Users, their ID tokens and their accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shared.errors import InvalidRequest, PermanentError, TransientError


class WrongCredentials(PermanentError):
    """The address or the password is wrong, or the address is not confirmed yet. For each of these,
    use “Forgot the password?” to get a new link."""

    code = "wrong-credentials"


class SessionExpired(PermanentError):
    """This refresh token is no longer valid; log in again."""

    code = "session-expired"


class InvalidCode(PermanentError):
    """This link was used already, or a newer one has replaced it; log in, or request a new one."""

    code = "invalid-code"


class CodeExpired(InvalidCode):
    """This link has expired; request a new one."""

    code = "code-expired"


class PasswordRefused(InvalidRequest):
    """This password does not meet the requirements; choose a longer one, with upper
    and lower case letters, digits and symbols."""

    code = "password-refused"


class AddressTaken(PermanentError):
    """An account with this address already exists."""

    code = "address-taken"


class IdentityUnavailable(TransientError):
    """The caller's identity could not be verified."""

    code = "identity-unavailable"


@dataclass(frozen=True, slots=True)
class User:
    """A signed-in user. `email` may be empty; `verified` means that the user has confirmed it."""

    uid: str
    email: str
    verified: bool = False


class Identity(Protocol):
    """Verifies Firebase ID tokens, and reads the users of API keys."""

    def verify(self, token: str) -> User:
        """Returns the user of an ID token. Raises Unauthenticated, IdentityUnavailable."""
        ...

    def read_user(self, uid: str) -> User:
        """Returns a user. Raises Unauthenticated for a disabled account and for none,
        IdentityUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class PasswordCode:
    """A code that sets a new password and confirms the address. `verified` means that the address
    is confirmed already; `uid` is the user of the account."""

    code: str = field(repr=False)
    verified: bool
    uid: str


@dataclass(frozen=True, slots=True)
class Session:
    """The tokens of a signed-in user. The ID token is valid for `expires_in_s`; the refresh token
    is exchanged for a new session."""

    uid: str
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class Profile:
    """The profile of an account. `name` and `picture`, a URL, may be empty."""

    uid: str
    email: str
    verified: bool
    name: str
    picture: str
    created_at: datetime


class Accounts(Protocol):
    """User accounts. Every method may raise IdentityUnavailable."""

    def register(self, email: str, name: str) -> None:
        """Creates an account whose address is not confirmed and whose password nobody knows. Raises
        AddressTaken."""
        ...

    def create_password_code(self, email: str) -> PasswordCode:
        """Returns a code for `use_password_code`. Raises NotFound, also for a disabled account."""
        ...

    def use_password_code(self, code: str, password: str) -> Profile:
        """Sets the password of the account that the code was sent to.

        Returns its profile. Raises InvalidCode, CodeExpired, PasswordRefused.
        """
        ...

    def end_sessions(self, uid: str) -> None:
        """Revokes the tokens that were issued before the current second, by the clock. Raises
        NotFound."""
        ...

    def confirm_address(self, uid: str, email: str) -> None:
        """Confirms that the user owns the address, and makes it that of the account. Raises
        NotFound."""
        ...

    def sign_in(self, email: str, password: str) -> Session:
        """Signs a user in. Raises WrongCredentials, also while the address is not confirmed."""
        ...

    def refresh(self, refresh_token: str) -> Session:
        """Returns a new session. Raises SessionExpired."""
        ...

    def read_profile(self, uid: str) -> Profile:
        """Returns the profile of an account. Raises NotFound."""
        ...

    def update_profile(self, uid: str, *, name: str | None, picture: str | None) -> None:
        """Sets name and picture. None keeps the value, "" removes it. Raises NotFound."""
        ...

    def set_password(self, uid: str, password: str) -> None:
        """Sets the password. Raises NotFound."""
        ...


class AccountAdmin(Protocol):
    """Disables and deletes accounts. Every method may raise IdentityUnavailable. An account that
    does not exist is no error."""

    def disable(self, uid: str) -> None:
        """Disables the account and ends its sessions."""
        ...

    def delete(self, uid: str) -> None:
        """Deletes the account."""
        ...

    def exists(self, uid: str) -> bool:
        """Returns whether the account exists."""
        ...
