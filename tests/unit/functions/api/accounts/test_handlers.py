"""The account endpoints do not reveal whether an address has an account, and only the owner of an
address chooses its password."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.entrypoints import bootstrap
from shared.errors import NotFound
from shared.ports.identity import (
    AddressTaken,
    CodeExpired,
    IdentityUnavailable,
    InvalidCode,
    PasswordCode,
    PasswordRefused,
    Session,
    WrongCredentials,
)
from shared.ports.outbound import Email, MailRefused, MailUnavailable
from tests.fakes.application import SETTINGS, AppHarness
from tests.fakes.clock import ManualClock

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

    def register(self, email: str, *_: str) -> None:
        self.clock.time += timedelta(seconds=0.15 if email in self.accounts else 0.4)
        if email in self.accounts:
            raise AddressTaken
        self.accounts[email] = False

    def create_password_code(self, email: str) -> PasswordCode:
        if email not in self.accounts:
            raise NotFound
        self.clock.time += timedelta(seconds=0.2)
        return PasswordCode(f"r/{email}", self.accounts[email])

    def use_password_code(self, code: str, password: str) -> str:
        if self.code_error is not None:
            raise self.code_error
        self.calls.append((code, password, self.clock.time))
        return "ann"

    def end_sessions(self, uid: str) -> None:
        self.calls.append(("end", uid, self.clock.time))

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


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> AccountServices:
    services = AccountServices(ManualClock())
    monkeypatch.setattr(bootstrap, "accounts", lambda: services)
    monkeypatch.setattr(bootstrap, "mailer", lambda: services)
    return services


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


def test_registering_a_taken_address_looks_like_a_new_one(services: AccountServices) -> None:
    responses = [post(services, "register", email=email) for email in (NEW, TAKEN, UNCONFIRMED)]

    assert responses[0] == responses[1] == responses[2]
    assert responses[0][0] == 202
    assert [(email.to, email.subject) for email in services.emails] == [
        (NEW, "Confirm your address"),
        (TAKEN, "You have an account already"),
        (UNCONFIRMED, "Confirm your address"),
    ]
    assert (
        "https://console.moodreel.test/email-action#confirm=r%2Fnew%40" in services.emails[0].text
    )
    assert (
        "https://console.moodreel.test/email-action#password=r%2Fann%40" in services.emails[1].html
    )


def test_registration_takes_no_password(services: AccountServices) -> None:
    status, problem, _ = post(services, "register", email=NEW, password=PASSWORD)

    assert status == 422
    assert [error["field"] for error in problem["errors"]] == ["password"]
    assert NEW not in services.accounts


def test_unconfirmed_account_gets_the_confirmation_again(services: AccountServices) -> None:
    responses = [post(services, "forgot", email=email) for email in (UNCONFIRMED, NEW)]

    assert responses[0] == responses[1]
    [email] = services.emails
    assert (email.to, email.subject) == (UNCONFIRMED, "Confirm your address")


@pytest.mark.parametrize("action", ["register", "forgot"])
@pytest.mark.parametrize("email", [TAKEN, UNCONFIRMED, NEW])
def test_emails_to_an_address_are_limited(
    services: AccountServices, action: str, email: str
) -> None:
    harness = AppHarness(ROUTES, clock=services.clock)
    responses = [
        harness.request("POST", f"/v1/accounts/{action}", json={"email": email}) for _ in range(6)
    ]

    assert [response.status_code for response in responses] == [202] * 5 + [429]
    assert len(services.emails) <= 5


@pytest.mark.parametrize("microsecond", [0, 999_999])
def test_sessions_end_in_the_second_after_the_password_is_set(
    services: AccountServices, microsecond: int
) -> None:
    services.clock.time = services.clock.time.replace(microsecond=microsecond)
    status, _, took_s = post(services, "password", code="r/a", password=PASSWORD)

    assert (status, took_s <= 1) == (204, True)
    (code, password, set_at), (_, uid, ended_at) = services.calls
    assert (code, password, uid) == ("r/a", PASSWORD, "ann")
    assert int(ended_at.timestamp()) == int(set_at.timestamp()) + 1


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidCode(), 410, "invalid-code"),
        (CodeExpired(), 410, "code-expired"),
        (PasswordRefused(), 422, "password-refused"),
        (IdentityUnavailable(), 503, "identity-unavailable"),
    ],
)
def test_refused_code_changes_nothing(
    services: AccountServices, error: Exception, status: int, code: str
) -> None:
    services.code_error = error
    response = post(services, "password", code="r/a", password=PASSWORD)

    assert (response[0], response[1]["code"]) == (status, code)
    assert services.calls == []


def test_uses_of_codes_are_limited_per_client(services: AccountServices) -> None:
    services.code_error = InvalidCode()
    settings = replace(SETTINGS, sign_ins_per_client=2)
    harness = AppHarness(ROUTES, clock=services.clock, settings=settings)
    body = {"code": "guess", "password": PASSWORD}
    responses = [harness.request("POST", "/v1/accounts/password", json=body) for _ in range(3)]

    assert [response.status_code for response in responses] == [410, 410, 429]


def test_registering_without_a_mailbox_looks_like_success(services: AccountServices) -> None:
    refused, accepted = (post(services, "register", email=email) for email in (NO_MAILBOX, NEW))

    assert refused == accepted


def test_password_reset_does_not_reveal_whether_the_account_exists(
    services: AccountServices,
) -> None:
    responses = [post(services, "forgot", email=email) for email in (TAKEN, NEW)]

    assert responses[0] == responses[1]
    assert [email.to for email in services.emails] == [TAKEN]


@pytest.mark.parametrize("action", ["forgot", "register"])
def test_mail_server_failure_does_not_reveal_the_account(
    services: AccountServices, action: str
) -> None:
    services.mail_is_down = True
    responses = [post(services, action, email=email) for email in (TAKEN, NEW)]

    assert responses[0] == responses[1]
    assert responses[0][0] == 202


def test_wrong_password_looks_like_unknown_address(services: AccountServices) -> None:
    responses = [post(services, "login", email=email, password="wrong") for email in (TAKEN, NEW)]

    assert responses[0] == responses[1]
    status, problem, took_s = responses[0]
    assert (status, problem["code"], took_s) == (401, "wrong-credentials", 0.5)


def test_successful_login_is_not_delayed(services: AccountServices) -> None:
    status, session, took_s = post(services, "login", email="Ann@Moodreel.test", password=PASSWORD)

    assert (status, took_s) == (200, 0.3)
    assert session == {
        "user_id": "ann",
        "id_token": "id",
        "refresh_token": "refresh",
        "expires_in_s": 3600,
    }


@pytest.mark.parametrize("email", [TAKEN, NEW], ids=["taken", "unknown"])
def test_login_attempts_per_address_are_limited(
    services: AccountServices, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    harness = AppHarness(
        ROUTES, clock=services.clock, settings=replace(SETTINGS, sign_ins_per_address=3)
    )
    body = json.dumps({"email": email, "password": "wrong"})
    responses = [
        harness.request("POST", "/v1/accounts/login", data=body, content_type="application/json")
        for _ in range(4)
    ]

    assert [response.status_code for response in responses] == [401, 401, 401, 429]
    assert responses[3].json["code"] == "rate-limited"
    assert 0 < int(responses[3].headers["Retry-After"]) <= 400
    assert responses[3].headers["RateLimit-Policy"] == '"sign-ins";q=3;w=300'
    assert email not in str(harness.store.documents)


def test_login_attempts_per_client_are_limited(services: AccountServices) -> None:
    settings = replace(SETTINGS, sign_ins_per_client=3, trusted_proxies=1)
    harness = AppHarness(ROUTES, clock=services.clock, settings=settings)

    def attempt(number: int, seen_by_proxy: str) -> int:
        response = harness.request(
            "POST",
            "/v1/accounts/login",
            data=json.dumps({"email": f"a{number}@b.test", "password": "wrong"}),
            content_type="application/json",
            # The client's own claim comes first; the address that the proxy saw comes last.
            headers={"X-Forwarded-For": f"198.51.100.{number}, {seen_by_proxy}"},
        )
        return int(response.status_code)

    assert [attempt(n, "203.0.113.9") for n in range(5)] == [401, 401, 401, 429, 429]
    assert attempt(9, "203.0.113.10") == 401
    # An IPv6 client can use every address of its network.
    assert [attempt(n, f"2001:db8::{n}") for n in range(4)] == [401, 401, 401, 429]


@pytest.mark.parametrize(
    "email",
    ["", "a", "a@b", "a@b..c", "a@-b.c", "a b@c.de", "a@b.c\n", "ä@b.cd", f"{'a' * 250}@b.cd"],
)
def test_invalid_address_is_rejected(services: AccountServices, email: str) -> None:
    status, problem, _ = post(services, "register", email=email)

    assert status == 422
    assert [error["field"] for error in problem["errors"]] == ["email"]


@pytest.mark.parametrize("password", ["short", "x" * 129, None, 1234567890])
def test_password_length_is_checked(services: AccountServices, password: Any) -> None:
    status, problem, _ = post(services, "password", code="r/a", password=password)

    assert status == 422
    assert [error["field"] for error in problem["errors"]] == ["password"]
