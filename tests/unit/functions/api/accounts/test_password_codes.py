"""Only the owner of an address chooses the password of its account, with the code in an email."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from functions.api.routes import ROUTES
from shared.ports.identity import (
    CodeExpired,
    IdentityUnavailable,
    InvalidCode,
    PasswordRefused,
)
from tests.fakes.application import ALICE_HEADERS, SETTINGS, AppHarness
from tests.unit.functions.api.accounts.account_services import (
    NEW,
    PASSWORD,
    TAKEN,
    UNCONFIRMED,
    AccountServices,
    post,
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
    (code, password, set_at), (*ended, ended_at), (*confirmed, _) = services.calls
    assert (code, password) == ("r/a", PASSWORD)
    assert (ended, confirmed) == (["end", "una"], ["confirm", "una"])
    assert int(ended_at.timestamp()) == int(set_at.timestamp()) + 1


def test_changed_password_ends_the_sessions_of_its_own_second(services: AccountServices) -> None:
    response = AppHarness(ROUTES, clock=services.clock).request(
        "POST",
        "/v1/me/password",
        headers=ALICE_HEADERS,
        json={"current_password": PASSWORD, "new_password": f"{PASSWORD} 2"},
    )

    # The account of the test has the old password: signing in with the new one is refused.
    assert response.status_code == 401
    (*changed, set_at), (*ended, ended_at) = services.calls
    assert (changed, ended) == (["set", "alice"], ["end", "alice"])
    assert int(ended_at.timestamp()) == int(set_at.timestamp()) + 1


@pytest.mark.parametrize("failing", ["end", "confirm"])
def test_address_is_confirmed_only_after_all_sessions_ended(
    services: AccountServices, failing: str
) -> None:
    """After a failure the user gets another link with "Forgot the password?", which repeats all."""
    services.failing = failing
    status, problem, _ = post(services, "password", code="r/a", password=PASSWORD)

    assert (status, problem["code"]) == (503, "identity-unavailable")
    assert not services.accounts[UNCONFIRMED]

    services.failing = ""
    assert post(services, "forgot", email=UNCONFIRMED)[0] == 202
    [email] = services.emails
    assert (email.to, email.subject) == (UNCONFIRMED, "Confirm your address")
    assert post(services, "password", code="r/b", password=PASSWORD)[0] == 204
    assert services.accounts[UNCONFIRMED]
    assert [call[0] for call in services.calls[-2:]] == ["end", "confirm"]


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


@pytest.mark.parametrize("password", ["short", "x" * 129, None, 1234567890])
def test_password_length_is_checked(services: AccountServices, password: Any) -> None:
    status, problem, _ = post(services, "password", code="r/a", password=password)

    assert status == 422
    assert [error["field"] for error in problem["errors"]] == ["password"]
