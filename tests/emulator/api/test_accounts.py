"""An account from its registration on, with nothing but HTTP; and who is shut out of it."""

from __future__ import annotations

import time
import uuid
from typing import Any
from urllib.parse import parse_qs

import pytest

from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.http import Response, request
from tests.fixtures.suite.users import call_api, update_account

pytestmark = pytest.mark.suite

PASSWORD = "correct horse battery"


def post(suite: SuiteHandle, path: str, token: str | None = None, **body: Any) -> Response:
    return call_api(suite, "POST", path, token, body)


def code_in_mail(suite: SuiteHandle, email: str, subject: str, act: str) -> str:
    """The code in the link, which leads to the console's page of letters."""
    mail = wait_until(
        lambda: [one for one in suite.list_emails(email) if one["subject"] == subject], subject
    )[-1]
    link = next(line for line in str(mail["text"]).splitlines() if line.startswith("http"))
    page, _, told = link.partition("#")
    assert page == f"{suite.url('console')}/email-action"
    return parse_qs(told)[act][0]


def toolkit(suite: SuiteHandle, act: str, **body: str) -> Response:
    """What the page asks of Firebase, with the project's public key."""
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/accounts:{act}?key=local"
    return request("POST", url, body)


@pytest.fixture
def email(suite: SuiteHandle) -> str:
    """The address of somebody who has registered and confirmed it."""
    address = f"{uuid.uuid4().hex[:12]}@moodreel.test"
    answer = post(suite, "/v1/accounts/register", email=address, password=PASSWORD, name="Ann")
    assert answer.status == 202
    code = code_in_mail(suite, address, "Confirm your address", "confirm")
    assert toolkit(suite, "update", oobCode=code).status == 200
    return address


def signed_in(suite: SuiteHandle, email: str, password: str = PASSWORD) -> dict[str, Any]:
    answer = post(suite, "/v1/accounts/login", email=email, password=password)
    assert answer.status == 200, answer.body
    session: dict[str, Any] = answer.json()
    return session


def test_nobody_is_let_in_before_the_address_is_confirmed(suite: SuiteHandle) -> None:
    address = f"{uuid.uuid4().hex[:12]}@moodreel.test"
    post(suite, "/v1/accounts/register", email=address, password=PASSWORD)

    early = post(suite, "/v1/accounts/login", email=address, password=PASSWORD)
    wrong = post(suite, "/v1/accounts/login", email=address, password="wrong")
    nobody = post(suite, "/v1/accounts/login", email=f"x{address}", password=PASSWORD)

    assert {one.status for one in (early, wrong, nobody)} == {401}
    assert len({(one.json()["code"], one.json()["detail"]) for one in (early, wrong, nobody)}) == 1


def test_an_account_serves_from_its_registration_on(suite: SuiteHandle, email: str) -> None:
    session = signed_in(suite, email.upper())
    token = session["id_token"]

    me = call_api(suite, "GET", "/v1/me", token)
    told = me.json()
    assert (told["id"], told["email"]) == (session["user_id"], email)
    assert (told["name"], told["picture"], told["email_verified"]) == ("Ann", None, True)

    picture = "https://pictures.test/ann.png"
    changed = call_api(
        suite, "PATCH", "/v1/me", token, {"picture": picture}, If_Match=me.headers["ETag"]
    )
    assert (changed.json()["name"], changed.json()["picture"]) == ("Ann", picture)
    stale = call_api(suite, "PATCH", "/v1/me", token, {"name": "B"}, If_Match=me.headers["ETag"])
    assert (stale.status, stale.json()["code"]) == (412, "changed-meanwhile")
    call_api(suite, "PATCH", "/v1/me", token, {"name": None})
    assert call_api(suite, "GET", "/v1/me", token).json()["name"] is None

    fresh = post(suite, "/v1/accounts/refresh", refresh_token=session["refresh_token"]).json()
    assert fresh["user_id"] == session["user_id"]
    assert call_api(suite, "GET", "/v1/jobs", fresh["id_token"]).status == 200


def test_a_refresh_token_that_is_none_is_refused(suite: SuiteHandle) -> None:
    answer = post(suite, "/v1/accounts/refresh", refresh_token="none")

    assert (answer.status, answer.json()["code"]) == (401, "session-expired")


def test_a_taken_address_is_told_to_its_owner_alone(suite: SuiteHandle, email: str) -> None:
    answer = post(suite, "/v1/accounts/register", email=email, password="another password")
    code = code_in_mail(suite, email, "You have an account already", "password")

    assert answer.status == 202
    assert toolkit(suite, "resetPassword", oobCode=code).json()["email"] == email
    signed_in(suite, email)


def test_a_new_password_takes_the_old_ones_place(suite: SuiteHandle, email: str) -> None:
    session = signed_in(suite, email)
    wanted = {"current_password": PASSWORD, "new_password": "tr0ub4dor and three"}
    guess = post(
        suite, "/v1/me/password", session["id_token"], **wanted | {"current_password": "?"}
    )
    # Tokens are dated to the second: the old one must be older than the change.
    time.sleep(1.1)
    fresh = post(suite, "/v1/me/password", session["id_token"], **wanted)

    assert (guess.status, guess.json()["code"]) == (401, "wrong-credentials")
    assert fresh.status == 200
    assert call_api(suite, "GET", "/v1/me", fresh.json()["id_token"]).status == 200
    old = post(suite, "/v1/accounts/login", email=email, password=PASSWORD)
    assert old.status == 401
    signed_in(suite, email, wanted["new_password"])


def test_a_disabled_account_is_told_to_nobody(suite: SuiteHandle, email: str) -> None:
    update_account(suite, signed_in(suite, email)["user_id"], {"disableUser": True})
    tried = {"login": {"password": PASSWORD}, "register": {"password": PASSWORD}, "forgot": {}}

    for act, more in tried.items():
        disabled, unknown = (
            post(suite, f"/v1/accounts/{act}", email=one, **more)
            for one in (email, f"{uuid.uuid4().hex[:12]}@moodreel.test")
        )
        assert disabled.status == unknown.status == (401 if act == "login" else 202)
        assert disabled.json().get("detail") == unknown.json().get("detail")


@pytest.mark.sweep
def test_a_disabled_user_gets_no_new_session_and_is_out_soon(
    suite: SuiteHandle, email: str
) -> None:
    session = signed_in(suite, email)
    assert call_api(suite, "GET", "/v1/jobs", session["id_token"]).status == 200
    update_account(suite, session["user_id"], {"disableUser": True})

    assert post(suite, "/v1/accounts/login", email=email, password=PASSWORD).status == 401
    renewed = post(suite, "/v1/accounts/refresh", refresh_token=session["refresh_token"])
    assert renewed.status == 401
    wait_until(
        lambda: call_api(suite, "GET", "/v1/jobs", session["id_token"]).status == 401,
        "the disabled user to be out",
        interval_s=1,
    )


def test_who_forgot_the_password_chooses_a_new_one_by_the_link(
    suite: SuiteHandle, email: str
) -> None:
    known, unknown = (post(suite, "/v1/accounts/forgot", email=one) for one in (email, f"x{email}"))
    code = code_in_mail(suite, email, "Choose a new password", "password")
    wanted = {"oobCode": code, "newPassword": "a-password-of-my-own"}
    chosen = toolkit(suite, "resetPassword", **wanted)

    assert (known.status, known.body) == (unknown.status, unknown.body) == (202, unknown.body)
    assert chosen.status == 200
    signed_in(suite, email, "a-password-of-my-own")
