"""Accounts over HTTP only: registration, sign-in, profile, passwords, disabled accounts."""

from __future__ import annotations

import time

import pytest

from infra.local.suite.handle import SuiteHandle, wait_until
from tests.emulator.api.account_requests import (
    PASSWORD,
    call_identity_toolkit,
    code_from_email,
    new_address,
    post,
    register,
    set_password,
    sign_in,
)
from tests.fixtures.suite.users import call_api, update_account

pytestmark = pytest.mark.suite


@pytest.fixture
def email(suite: SuiteHandle) -> str:
    """The confirmed address of a registered user."""
    return register(suite)


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
    response = post(suite, "/v1/accounts/register", email=email)
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
    bodies = {"login": {"password": PASSWORD}, "register": {}, "forgot": {}}

    for action, body in bodies.items():
        disabled, unknown = (
            post(suite, f"/v1/accounts/{action}", email=address, **body)
            for address in (email, new_address())
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
    reset = set_password(suite, code, "a-password-of-my-own")

    assert (known.status, known.body) == (unknown.status, unknown.body) == (202, unknown.body)
    assert reset.status == 204
    sign_in(suite, email, "a-password-of-my-own")
