"""What the account endpoints give away to who asks about somebody else's address: nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.entrypoints import bootstrap
from shared.errors import (
    AddressTaken,
    MailRefused,
    MailUnavailable,
    NotFound,
    WrongCredentials,
)
from shared.ports.identity import Session
from shared.ports.outbound import Email
from tests.fakes.application import SETTINGS, AppHarness
from tests.unit.functions.api.test_rate_limits import ManualClock

TAKEN, NEW, NOBODYS = "ann@moodreel.test", "new@moodreel.test", "no@moodreel.test"
PASSWORD = "correct horse battery"


@dataclass
class Town:
    """One account, which takes its time where a password is compared; and a letter box."""

    dial: ManualClock
    letters: list[Email] = field(default_factory=list)
    away: bool = False
    """Whether the mail server is."""

    def register(self, email: str, *_: str) -> None:
        self.dial.time += timedelta(seconds=0.15 if email == TAKEN else 0.4)
        if email == TAKEN:
            raise AddressTaken

    def create_verification_code(self, email: str) -> str:
        return f"c/{email}"

    def create_reset_code(self, email: str) -> str:
        if email != TAKEN:
            raise NotFound
        self.dial.time += timedelta(seconds=0.2)
        return f"r/{email}"

    def sign_in(self, email: str, password: str) -> Session:
        self.dial.time += timedelta(seconds=0.3 if email == TAKEN else 0.01)
        if (email, password) != (TAKEN, PASSWORD):
            raise WrongCredentials
        return Session("ann", "id", "refresh", 3600)

    def send(self, letter: Email) -> None:
        self.dial.time += timedelta(seconds=0.1)
        if self.away:
            raise MailUnavailable
        if letter.to == NOBODYS:
            raise MailRefused
        self.letters.append(letter)


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch) -> Town:
    town = Town(ManualClock())
    monkeypatch.setattr(bootstrap, "accounts", lambda: town)
    monkeypatch.setattr(bootstrap, "mailer", lambda: town)
    return town


def post(town: Town, act: str, **body: Any) -> tuple[int, Any, float]:
    """→ status, body, and how long it took to the clock, in seconds."""
    began = town.dial.time
    answer = AppHarness(ROUTES, clock=town.dial).request(
        "POST",
        f"/v1/accounts/{act}",
        data=json.dumps(body),
        content_type="application/json",
        headers={"X-Request-Id": "always-the-same"},
    )
    return answer.status_code, answer.json, round((town.dial.time - began).total_seconds(), 6)


def test_to_register_a_taken_address_looks_like_a_new_one(town: Town) -> None:
    answers = [post(town, "register", email=one, password=PASSWORD) for one in (NEW, TAKEN)]

    assert answers[0] == answers[1]
    assert answers[0][0] == 202
    assert [(one.to, one.subject) for one in town.letters] == [
        (NEW, "Confirm your address"),
        (TAKEN, "You have an account already"),
    ]
    assert "https://console.moodreel.test/email-action#confirm=c%2Fnew%40" in town.letters[0].text
    assert "https://console.moodreel.test/email-action#password=r%2Fann%40" in town.letters[1].html


def test_an_address_that_takes_no_letters_looks_like_one_that_does(town: Town) -> None:
    refused, taken = (
        post(town, "register", email=one, password=PASSWORD) for one in (NOBODYS, NEW)
    )

    assert refused == taken


def test_who_forgot_the_password_of_an_account_that_is_none_is_answered_alike(town: Town) -> None:
    answers = [post(town, "forgot", email=one) for one in (TAKEN, NEW)]

    assert answers[0] == answers[1]
    assert [one.to for one in town.letters] == [TAKEN]


@pytest.mark.parametrize("act", ["forgot", "register"])
def test_a_mail_server_that_is_away_tells_no_account_from_none(town: Town, act: str) -> None:
    town.away = True
    password = {"password": PASSWORD} if act == "register" else {}
    answers = [post(town, act, email=one, **password) for one in (TAKEN, NEW)]

    assert answers[0] == answers[1]
    assert answers[0][0] == 202


def test_a_wrong_password_looks_like_a_wrong_address(town: Town) -> None:
    answers = [post(town, "login", email=one, password="wrong") for one in (TAKEN, NEW)]

    assert answers[0] == answers[1]
    status, problem, took_s = answers[0]
    assert (status, problem["code"], took_s) == (401, "wrong-credentials", 0.5)


def test_who_is_let_in_does_not_wait(town: Town) -> None:
    status, session, took_s = post(town, "login", email="Ann@Moodreel.test", password=PASSWORD)

    assert (status, took_s) == (200, 0.3)
    assert session == {
        "user_id": "ann",
        "id_token": "id",
        "refresh_token": "refresh",
        "expires_in_s": 3600,
    }


@pytest.mark.parametrize("email", [TAKEN, NEW], ids=["of an account", "of nobody"])
def test_attempts_at_an_address_are_limited_alike(
    town: Town, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    stand = AppHarness(ROUTES, clock=town.dial, settings=replace(SETTINGS, sign_ins_per_address=3))
    body = json.dumps({"email": email, "password": "wrong"})
    answers = [
        stand.request("POST", "/v1/accounts/login", data=body, content_type="application/json")
        for _ in range(4)
    ]

    assert [one.status_code for one in answers] == [401, 401, 401, 429]
    assert answers[3].json["code"] == "rate-limited"
    assert 0 < int(answers[3].headers["Retry-After"]) <= 400
    assert answers[3].headers["RateLimit-Policy"] == '"sign-ins";q=3;w=300'
    assert email not in str(stand.store.documents)


def test_a_client_that_tries_many_addresses_is_stopped(town: Town) -> None:
    settings = replace(SETTINGS, sign_ins_per_client=3, trusted_proxies=1)
    stand = AppHarness(ROUTES, clock=town.dial, settings=settings)

    def tried(number: int, seen_by_proxy: str) -> int:
        answer = stand.request(
            "POST",
            "/v1/accounts/login",
            data=json.dumps({"email": f"a{number}@b.test", "password": "wrong"}),
            content_type="application/json",
            # What the client says of itself comes first, what the proxy saw comes last.
            headers={"X-Forwarded-For": f"198.51.100.{number}, {seen_by_proxy}"},
        )
        return int(answer.status_code)

    assert [tried(one, "203.0.113.9") for one in range(5)] == [401, 401, 401, 429, 429]
    assert tried(9, "203.0.113.10") == 401
    # Whoever has one address of an IPv6 network has all of them.
    assert [tried(one, f"2001:db8::{one}") for one in range(4)] == [401, 401, 401, 429]


@pytest.mark.parametrize(
    "email",
    ["", "a", "a@b", "a@b..c", "a@-b.c", "a b@c.de", "a@b.c\n", "ä@b.cd", f"{'a' * 250}@b.cd"],
)
def test_an_address_that_is_none_is_refused(town: Town, email: str) -> None:
    status, problem, _ = post(town, "register", email=email, password=PASSWORD)

    assert status == 422
    assert [one["field"] for one in problem["errors"]] == ["email"]


@pytest.mark.parametrize("password", ["short", "x" * 129, None, 1234567890])
def test_a_password_has_a_length(town: Town, password: Any) -> None:
    status, problem, _ = post(town, "register", email=NEW, password=password)

    assert status == 422
    assert [one["field"] for one in problem["errors"]] == ["password"]
