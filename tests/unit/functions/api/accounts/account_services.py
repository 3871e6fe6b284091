"""An identity service and a mail server for tests of the account endpoints."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.api.routes import ROUTES
from shared.errors import NotFound
from shared.ports.identity import (
    AddressTaken,
    IdentityUnavailable,
    PasswordCode,
    Profile,
    Session,
    WrongCredentials,
)
from shared.ports.outbound import Email, MailRefused, MailUnavailable
from tests.fakes.application import AppHarness
from tests.fakes.clock import ManualClock
from tests.fixtures.jobs import NOW

TAKEN, NEW, NO_MAILBOX = "ann@moodreel.test", "new@moodreel.test", "no@moodreel.test"
UNCONFIRMED = "una@moodreel.test"
PASSWORD = "correct horse battery"


@dataclass
class AccountServices:
    """Identity service and mail server with a confirmed account and an unconfirmed one. Operations
    that compare a password are slow."""

    clock: ManualClock
    emails: list[Email] = field(default_factory=list)
    mail_is_down: bool = False
    accounts: dict[str, bool] = field(default_factory=lambda: {TAKEN: True, UNCONFIRMED: False})
    """Whether the address of each account is confirmed."""
    calls: list[tuple[str, str, datetime]] = field(default_factory=list)
    code_error: Exception | None = None
    failing: str = ""
    """The operation on accounts that is not available: `end` or `confirm`."""

    def register(self, email: str, *_: str) -> None:
        self.clock.time += timedelta(seconds=0.15 if email in self.accounts else 0.4)
        if email in self.accounts:
            raise AddressTaken
        self.accounts[email] = False

    def create_password_code(self, email: str) -> PasswordCode:
        if email not in self.accounts:
            raise NotFound
        self.clock.time += timedelta(seconds=0.2)
        return PasswordCode(f"r/{email}", self.accounts[email], email.partition("@")[0])

    def use_password_code(self, code: str, password: str) -> Profile:
        if self.code_error is not None:
            raise self.code_error
        self.calls.append((code, password, self.clock.time))
        return Profile("una", UNCONFIRMED, verified=False, name="", picture="", created_at=NOW)

    def read_profile(self, uid: str) -> Profile:
        return Profile(uid, TAKEN, verified=True, name="", picture="", created_at=NOW)

    def set_password(self, uid: str, _password: str) -> None:
        self._call("set", uid)

    def end_sessions(self, uid: str) -> None:
        self._call("end", uid)

    def confirm_address(self, uid: str, email: str) -> None:
        self._call("confirm", uid)
        self.accounts[email] = True

    def _call(self, operation: str, uid: str) -> None:
        if self.failing == operation:
            raise IdentityUnavailable
        self.calls.append((operation, uid, self.clock.time))

    def sign_in(self, email: str, password: str) -> Session:
        self.clock.time += timedelta(seconds=0.3 if email == TAKEN else 0.01)
        if (email, password) != (TAKEN, PASSWORD):
            raise WrongCredentials
        return Session("ann", "id", "refresh", 3600)

    def send(self, email: Email) -> None:
        self.clock.time += timedelta(seconds=0.1)
        if self.mail_is_down:
            raise MailUnavailable
        if email.to == NO_MAILBOX:
            raise MailRefused
        self.emails.append(email)


def post(services: AccountServices, action: str, **body: Any) -> tuple[int, Any, float]:
    """Returns the status, the body and the elapsed time of the clock in seconds."""
    started_at = services.clock.time
    response = AppHarness(ROUTES, clock=services.clock).request(
        "POST",
        f"/v1/accounts/{action}",
        data=json.dumps(body),
        content_type="application/json",
        headers={"X-Request-Id": "always-the-same"},
    )
    return (
        response.status_code,
        response.json,
        round((services.clock.time - started_at).total_seconds(), 6),
    )
