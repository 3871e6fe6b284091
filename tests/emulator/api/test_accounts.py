"""Accounts over HTTP only: registration, sign-in, profile, passwords, disabled accounts."""

from __future__ import annotations

import time
import uuid
from typing import Any
from urllib.parse import parse_qs

import pytest

from infra.local.client.http import Response, request
from infra.local.suite.handle import SuiteHandle, wait_until
from tests.fixtures.suite.users import call_api, update_account

pytestmark = pytest.mark.suite

PASSWORD = "correct horse battery"


def post(suite: SuiteHandle, path: str, token: str | None = None, **body: Any) -> Response:
    return call_api(suite, "POST", path, token, body)


def code_from_email(suite: SuiteHandle, email: str, subject: str, action: str) -> str:
    """Returns the code in the link of an email. The link opens a page of the console."""
    message = wait_until(
        lambda: [message for message in suite.list_emails(email) if message["subject"] == subject],
        subject,
    )[-1]
    link = next(line for line in str(message["text"]).splitlines() if line.startswith("http"))
    page, _, fragment = link.partition("#")
    assert page == f"{suite.url('console')}/email-action"
    return parse_qs(fragment)[action][0]


def call_identity_toolkit(suite: SuiteHandle, action: str, **body: str) -> Response:
    """Calls Firebase as the page does, with the project's public key."""
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/accounts:{action}?key=local"
    return request("POST", url, body)


@pytest.fixture
def email(suite: SuiteHandle) -> str:
    """The confirmed address of a registered user."""
    address = f"{uuid.uuid4().hex[:12]}@moodreel.test"
    response = post(suite, "/v1/accounts/register", email=address, password=PASSWORD, name="Ann")
    assert response.status == 202
    code = code_from_email(suite, address, "Confirm your address", "confirm")
    assert call_identity_toolkit(suite, "update", oobCode=code).status == 200
    return address


def sign_in(suite: SuiteHandle, email: str, password: str = PASSWORD) -> dict[str, Any]:
    response = post(suite, "/v1/accounts/login", email=email, password=password)
    assert response.status == 200, response.body
    session: dict[str, Any] = response.json()
    return session


def test_sign_in_is_refused_before_the_address_is_confirmed(suite: SuiteHandle) -> None:
    address = f"{uuid.uuid4().hex[:12]}@moodreel.test"
    post(suite, "/v1/accounts/register", email=address, password=PASSWORD)

    unconfirmed = post(suite, "/v1/accounts/login", email=address, password=PASSWORD)
    wrong_password = post(suite, "/v1/accounts/login", email=address, password="wrong")
    unknown = post(suite, "/v1/accounts/login", email=f"x{address}", password=PASSWORD)

    assert {response.status for response in (unconfirmed, wrong_password, unknown)} == {401}
    assert (
        len(
            {
                (response.json()["code"], response.json()["detail"])
                for response in (unconfirmed, wrong_password, unknown)
            }
        )
        == 1
    )


def test_account_can_be_read_changed_and_refreshed(suite: SuiteHandle, email: str) -> None:
    session = sign_in(suite, email.upper())
    token = session["id_token"]

    me = call_api(suite, "GET", "/v1/me", token)
    profile = me.json()
    assert (profile["id"], profile["email"]) == (session["user_id"], email)
    assert (profile["name"], profile["picture"], profile["email_verified"]) == ("Ann", None, True)

    picture = "https://pictures.test/ann.png"
    changed = call_api(
        suite, "PATCH", "/v1/me", token, {"picture": picture}, If_Match=me.headers["ETag"]
    )
    assert (changed.json()["name"], changed.json()["picture"]) == ("Ann", picture)
    stale = call_api(suite, "PATCH", "/v1/me", token, {"name": "B"}, If_Match=me.headers["ETag"])
    assert (stale.status, stale.json()["code"]) == (412, "changed-meanwhile")
    call_api(suite, "PATCH", "/v1/me", token, {"name": None})
    assert call_api(suite, "GET", "/v1/me", token).json()["name"] is None

    refreshed = post(suite, "/v1/accounts/refresh", refresh_token=session["refresh_token"]).json()
    assert refreshed["user_id"] == session["user_id"]
    assert call_api(suite, "GET", "/v1/jobs", refreshed["id_token"]).status == 200


def test_invalid_refresh_token_is_refused(suite: SuiteHandle) -> None:
    response = post(suite, "/v1/accounts/refresh", refresh_token="none")

    assert (response.status, response.json()["code"]) == (401, "session-expired")


def test_registered_address_is_revealed_to_its_owner_only(suite: SuiteHandle, email: str) -> None:
    response = post(suite, "/v1/accounts/register", email=email, password="another password")
    code = code_from_email(suite, email, "You have an account already", "password")

    assert response.status == 202
    assert call_identity_toolkit(suite, "resetPassword", oobCode=code).json()["email"] == email
    sign_in(suite, email)


def test_new_password_replaces_the_old_one(suite: SuiteHandle, email: str) -> None:
    session = sign_in(suite, email)
    passwords = {"current_password": PASSWORD, "new_password": "tr0ub4dor and three"}
    wrong_password = post(
        suite, "/v1/me/password", session["id_token"], **passwords | {"current_password": "?"}
    )
    # Tokens have times in whole seconds. The old token must be older than the change.
    time.sleep(1.1)
    changed = post(suite, "/v1/me/password", session["id_token"], **passwords)

    assert (wrong_password.status, wrong_password.json()["code"]) == (401, "wrong-credentials")
    assert changed.status == 200
    assert call_api(suite, "GET", "/v1/me", changed.json()["id_token"]).status == 200
    old_password = post(suite, "/v1/accounts/login", email=email, password=PASSWORD)
    assert old_password.status == 401
    sign_in(suite, email, passwords["new_password"])


def test_disabled_account_is_not_revealed(suite: SuiteHandle, email: str) -> None:
    update_account(suite, sign_in(suite, email)["user_id"], {"disableUser": True})
    bodies = {"login": {"password": PASSWORD}, "register": {"password": PASSWORD}, "forgot": {}}

    for action, body in bodies.items():
        disabled, unknown = (
            post(suite, f"/v1/accounts/{action}", email=address, **body)
            for address in (email, f"{uuid.uuid4().hex[:12]}@moodreel.test")
        )
        assert disabled.status == unknown.status == (401 if action == "login" else 202)
        assert disabled.json().get("detail") == unknown.json().get("detail")


@pytest.mark.sweep
def test_disabled_user_loses_access(suite: SuiteHandle, email: str) -> None:
    session = sign_in(suite, email)
    assert call_api(suite, "GET", "/v1/jobs", session["id_token"]).status == 200
    update_account(suite, session["user_id"], {"disableUser": True})

    assert post(suite, "/v1/accounts/login", email=email, password=PASSWORD).status == 401
    renewed = post(suite, "/v1/accounts/refresh", refresh_token=session["refresh_token"])
    assert renewed.status == 401
    wait_until(
        lambda: call_api(suite, "GET", "/v1/jobs", session["id_token"]).status == 401,
        "the disabled user to lose access",
        interval_s=1,
    )


def test_forgotten_password_is_reset_by_the_link(suite: SuiteHandle, email: str) -> None:
    known, unknown = (
        post(suite, "/v1/accounts/forgot", email=address) for address in (email, f"x{email}")
    )
    code = code_from_email(suite, email, "Choose a new password", "password")
    body = {"oobCode": code, "newPassword": "a-password-of-my-own"}
    reset = call_identity_toolkit(suite, "resetPassword", **body)

    assert (known.status, known.body) == (unknown.status, unknown.body) == (202, unknown.body)
    assert reset.status == 200
    sign_in(suite, email, "a-password-of-my-own")
