"""Only the owner of an address gets access to its account: by the link in an email, which sets the
password, confirms the address and ends all sessions."""

from __future__ import annotations

import jwt
import pytest

from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle, wait_until
from infra.local.suite.layout import PROJECT
from tests.emulator.api.account_requests import (
    PASSWORD,
    call_identity_toolkit,
    confirmation_code,
    new_address,
    post,
    register,
    set_password,
    sign_in,
    sign_up_at_firebase,
    valid_since,
)
from tests.fixtures.suite.firestore import ADMIN_HEADERS
from tests.fixtures.suite.users import call_api

pytestmark = pytest.mark.suite


def test_sign_in_is_refused_before_the_address_is_confirmed(suite: SuiteHandle) -> None:
    address = new_address()
    sign_up_at_firebase(suite, address, PASSWORD)

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


def test_whoever_registered_an_address_before_its_owner_has_no_access(suite: SuiteHandle) -> None:
    address, attackers_password = new_address(), "password of mallory"
    attacker = sign_up_at_firebase(suite, address, attackers_password)
    refused = call_api(suite, "GET", "/v1/jobs", attacker["idToken"])
    assert (refused.status, refused.json()["code"]) == (403, "email-not-verified")

    assert post(suite, "/v1/accounts/register", email=address).status == 202
    code = confirmation_code(suite, address)
    signed_in_again = call_identity_toolkit(
        suite, "signInWithPassword", email=address, password=attackers_password
    ).json()
    assert set_password(suite, code).status == 204

    # The Auth emulator ignores that a refresh token is revoked; Firebase compares this time.
    claims = jwt.decode(signed_in_again["idToken"], options={"verify_signature": False})
    assert valid_since(suite, signed_in_again["localId"]) > claims["iat"]
    # The function may remember for a minute that the address of the first token is not verified.
    assert call_api(suite, "GET", "/v1/jobs", attacker["idToken"]).status in (401, 403)
    assert call_api(suite, "GET", "/v1/jobs", signed_in_again["idToken"]).status == 401
    for password, status in ((attackers_password, 401), (PASSWORD, 200)):
        body = {"email": address, "password": password}
        assert post(suite, "/v1/accounts/login", **body).status == status
    by_web_key = call_identity_toolkit(
        suite, "signInWithPassword", email=address, password=attackers_password
    )
    assert by_web_key.status == 400


def test_code_works_once(suite: SuiteHandle) -> None:
    address = new_address()
    post(suite, "/v1/accounts/register", email=address)
    code = confirmation_code(suite, address)

    first, second = (set_password(suite, code, f"{PASSWORD} {n}") for n in (1, 2))

    assert (first.status, second.status) == (204, 410)
    assert second.json()["code"] == "invalid-code"
    sign_in(suite, address, f"{PASSWORD} 1")


def test_link_of_an_earlier_version_confirms_nothing(suite: SuiteHandle) -> None:
    address = new_address()
    sign_up_at_firebase(suite, address, PASSWORD)
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{PROJECT}"
    body = {"requestType": "VERIFY_EMAIL", "email": address, "returnOobLink": True}
    link = request("POST", f"{url}/accounts:sendOobCode", body, headers=ADMIN_HEADERS).json()

    refused = set_password(suite, link["oobCode"])

    assert (refused.status, refused.json()["code"]) == (410, "invalid-code")
    assert post(suite, "/v1/accounts/login", email=address, password=PASSWORD).status == 401


@pytest.mark.parametrize("action", ["register", "forgot"])
def test_unconfirmed_account_gets_another_confirmation(suite: SuiteHandle, action: str) -> None:
    address = new_address()
    post(suite, "/v1/accounts/register", email=address)
    lost = confirmation_code(suite, address)
    post(suite, f"/v1/accounts/{action}", email=address)
    wait_until(lambda: len(suite.list_emails(address)) == 2, "the second email")

    code = confirmation_code(suite, address)
    assert code != lost
    assert set_password(suite, code).status == 204
    assert sign_in(suite, address)["user_id"]


def test_local_user_of_an_earlier_version_is_confirmed(suite: SuiteHandle) -> None:
    """The saved state of a suite may hold the account of `./emulator.sh run` unconfirmed."""
    address = new_address()
    sign_up_at_firebase(suite, address, "local-only-password")

    assert call_api(suite, "GET", "/v1/jobs", suite.user(address).token).status == 200


def test_changed_address_is_confirmed_again(suite: SuiteHandle) -> None:
    """The API changes no address; the web API key allows it where Firebase does."""
    token, changed = sign_in(suite, register(suite))["id_token"], new_address()
    update = call_identity_toolkit(suite, "update", idToken=token, email=changed)
    assert update.status == 200, update.body
    tokens = call_identity_toolkit(suite, "signInWithPassword", email=changed, password=PASSWORD)

    refused = call_api(suite, "GET", "/v1/jobs", tokens.json()["idToken"])
    assert (refused.status, refused.json()["code"]) == (403, "email-not-verified")
    post(suite, "/v1/accounts/forgot", email=changed)
    assert set_password(suite, confirmation_code(suite, changed)).status == 204
    assert call_api(suite, "GET", "/v1/jobs", sign_in(suite, changed)["id_token"]).status == 200
