"""The account endpoints do not reveal whether an address has an account."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest

from functions.api.routes import ROUTES
from shared.errors import FirestoreUnavailable
from shared.flows.documents import CommitResult, Write
from tests.fakes.application import SETTINGS, AppHarness
from tests.fakes.job_store import MemoryJobStore
from tests.unit.functions.api.accounts.account_services import (
    NEW,
    NO_MAILBOX,
    PASSWORD,
    TAKEN,
    UNCONFIRMED,
    AccountServices,
    post,
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


def test_emails_to_an_account_are_in_its_mail_log(services: AccountServices) -> None:
    api = AppHarness(ROUTES, clock=services.clock)
    for action in ("forgot", "register"):
        for email in (TAKEN, NEW, UNCONFIRMED):
            api.request("POST", f"/v1/accounts/{action}", json={"email": email})

    rows = [data for path, (data, _) in api.store.documents.items() if path.startswith("mails/")]
    # Anybody can register the address of somebody else, so an unconfirmed account has no log.
    assert [(row["owner"], row["kind"], row["state"], row["to"]) for row in rows] == [
        ("ann", "account.password_reset", "sent", TAKEN),
        ("ann", "account.already_registered", "sent", TAKEN),
    ]
    assert not any("r/ann" in repr(row) for row in rows), "the code is not stored"


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


@pytest.mark.parametrize("action", ["forgot", "register"])
def test_failure_to_record_the_email_does_not_reveal_the_account(
    services: AccountServices, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = MemoryJobStore.commit

    def commit_no_mail(store: MemoryJobStore, writes: Iterable[Write]) -> CommitResult:
        writes = list(writes)
        if any(write.path.startswith("mails/") for write in writes):
            raise FirestoreUnavailable
        return commit(store, writes)

    monkeypatch.setattr(MemoryJobStore, "commit", commit_no_mail)
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
