"""Users, their ID tokens and their accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class User:
    """Who calls. `email` may be empty; `verified` says that its owner has shown it to be theirs."""

    uid: str
    email: str
    verified: bool = False


class Identity(Protocol):
    """Who a Firebase ID token belongs to. Raises Unauthenticated."""

    def verify(self, token: str) -> User: ...


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody is signed in: the ID token holds for `expires_in_s`, the other one gets new ones."""

    uid: str
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What an account says of its owner. `name` and `picture`, a URL, may be empty."""

    uid: str
    email: str
    verified: bool
    name: str
    picture: str
    created_at: datetime


class Accounts(Protocol):
    """Accounts of people. All of it may raise IdentityUnavailable."""

    def register(self, email: str, password: str, name: str) -> None:
        """Make an account that is yet to be confirmed. Raises AddressTaken."""
        ...

    def create_verification_code(self, email: str) -> str:
        """With this code whoever reads the address's letters confirms it."""
        ...

    def create_reset_code(self, email: str) -> str:
        """With this code a new password can be chosen. Raises NotFound, also for an account that
        is disabled."""
        ...

    def sign_in(self, email: str, password: str) -> Session:
        """Raises WrongCredentials, also while the address is not confirmed."""
        ...

    def refresh(self, refresh_token: str) -> Session:
        """Raises SessionOver."""
        ...

    def read_profile(self, uid: str) -> Profile:
        """Raises NotFound."""
        ...

    def update_profile(self, uid: str, *, name: str | None, picture: str | None) -> None:
        """Set name and picture; None leaves one as it is, "" takes it away. Raises NotFound."""
        ...

    def set_password(self, uid: str, password: str) -> None:
        """From now on this one; who is signed in elsewhere is out. Raises NotFound."""
        ...


class AccountAdmin(Protocol):
    """Closes accounts. All of it may raise IdentityUnavailable; who is gone already is fine."""

    def disable(self, uid: str) -> None:
        """Nobody signs in to the account any more, and who is signed in is out."""
        ...

    def delete(self, uid: str) -> None:
        """The account is gone."""
        ...

    def exists(self, uid: str) -> bool:
        """Whether there is such an account."""
        ...
