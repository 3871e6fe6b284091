"""The tokens that the functions with sign-in accept, with the accounts of the Auth emulator.

The routes are compared in `tests/unit/functions/test_token_states.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from infra.local.client.api_client import User
from infra.local.client.http import request
from infra.local.suite.handle import SuiteHandle
from infra.local.suite.layout import PROJECT
from tests.fixtures.suite import firestore
from tests.fixtures.suite.users import invalid_tokens, make_id_token, update_account

pytestmark = pytest.mark.suite
PATHS = {"api": "/v1/jobs", "downloads": f"/v1/media/jobs/{'0' * 20}/frames.zip"}
"""A route of every function with sign-in, and below the status for a valid token."""
VALID = {"api": 200, "downloads": 404}
REFUSED = (401, "unauthenticated")
UNVERIFIED = (403, "email-not-verified")


def changed_user(suite: SuiteHandle, change: dict[str, object]) -> User:
    """Returns a user whose account was changed after the ID token was issued."""
    user = suite.user()
    update_account(suite, user.uid, change)
    return user


def deleted_user(suite: SuiteHandle) -> User:
    user = suite.user()
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/projects/{PROJECT}"
    body = {"localId": user.uid}
    deletion = request("POST", f"{url}/accounts:delete", body, headers=firestore.ADMIN_HEADERS)
    assert deletion.status == 200
    return user


def unverified_token(suite: SuiteHandle) -> str:
    """Returns the token of an account that a client created, with the public web key."""
    url = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=local"
    address = suite.user().email
    body = {"email": f"x{address}", "password": "local-only-password", "returnSecureToken": True}
    return str(request("POST", url, body).json()["idToken"])


@pytest.fixture(scope="module")
def refused_tokens(suite: SuiteHandle) -> Mapping[str, tuple[str | None, tuple[int, str]]]:
    """Returns a token in every state but the valid one, with the status and code it gets."""
    user = suite.user()
    anonymous = f"{suite.url('auth')}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=local"
    disabled = changed_user(suite, {"disableUser": True})
    revoked = changed_user(suite, {"validSince": "4102444800"})
    tokens = {
        **invalid_tokens(user),
        "disabled": disabled.token,
        "revoked": revoked.token,
        "deleted": deleted_user(suite).token,
    }
    unverified = {
        "unverified": unverified_token(suite),
        "without the claim": make_id_token(user, email_verified=None),
        "anonymous": request("POST", anonymous, {"returnSecureToken": True}).json()["idToken"],
    }
    return {
        **{state: (token, REFUSED) for state, token in tokens.items()},
        **{state: (token, UNVERIFIED) for state, token in unverified.items()},
    }


@pytest.mark.parametrize("function", PATHS)
def test_only_valid_tokens_of_verified_users_are_accepted(
    suite: SuiteHandle,
    refused_tokens: Mapping[str, tuple[str | None, tuple[int, str]]],
    function: str,
) -> None:
    def call(token: str | None) -> tuple[int, str]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        response = request("GET", suite.url(function) + PATHS[function], headers=headers)
        return response.status, response.json().get("code", "")

    results = {state: call(token) for state, (token, _) in refused_tokens.items()}

    assert results == {state: expected for state, (_, expected) in refused_tokens.items()}
    assert call(suite.user().token)[0] == VALID[function]
